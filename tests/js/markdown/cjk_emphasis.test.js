import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { marked } from "marked";

import { streamed, whole } from "../support/markdown.js";
import { anyText } from "../support/texts.js";
import { random } from "../support/random.js";

/** Sentences with `@` for a mark, and what stands between the marks of them. */
const SENTENCES = [
  ["含@「重点」@内容", ["「重点」"]],
  ["@注意：@正文", ["注意："]],
  ["他说@“重点”@内容", ["“重点”"]],
  ["他说@‘重点’@内容", ["‘重点’"]],
  ["请看@《红楼梦》@这本书", ["《红楼梦》"]],
  ["这是@（括号）@的内容", ["（括号）"]],
  ["这是@(括号)@的内容", ["(括号)"]],
  ["价格@100%@以上", ["100%"]],
  ["@第一步。@打开文件", ["第一步。"]],
  ["@完了！@然后", ["完了！"]],
  ["@为什么？@因为", ["为什么？"]],
  ["@一、@二", ["一、"]],
  ["一共@￥500@元", ["￥500"]],
  ["@答案。@【4†source】", ["答案。"]],
  ["我可以强调@这个`code`@吗", ["这个code"]],
  ["見る@「強調」@する", ["「強調」"]],
  ["@この文を強調できますか（Can I emphasize this sentence）？@残念", ["この文を強調できますか（Can I emphasize this sentence）？"]],
  ["太郎は@『こんにちは』@と言った。@次の文。@また", ["『こんにちは』", "次の文。"]],
  ["ﾊﾝｶｸ@｢重要｣@ﾃﾞｽ", ["｢重要｣"]],
  ["@이 용어(This term)@를 강조", ["이 용어(This term)"]],
  ["이것은@'중요'@합니다", ["'중요'"]],
  ["@주의:@내용", ["주의:"]],
  ["𠮷@（𠮷）@𠮷", ["（𠮷）"]],
  ["葛󠄀@(a)@葛󠄀", ["(a)"]],
  ["see@「这」@now", ["「这」"]],
  ["@「一」@和@「二」@", ["「一」", "「二」"]],
];
const MARKS = [["**", "strong"], ["*", "em"], ["~~", "del"]];

const texts = (root, name) => Array.from(root.querySelectorAll(name), ({ textContent }) => textContent);

describe("where punctuation of Chinese, Japanese and Korean stands inside and a letter outside", () => {
  for (const [mark, name] of MARKS) {
    for (const [sentence, expected] of SENTENCES) {
      const text = sentence.replaceAll("@", mark);
      test(text, async () => {
        const shown = await whole(text);
        assert.deepEqual(texts(shown, name), expected);
        assert.equal(shown.textContent, sentence.replaceAll("@", "").replaceAll("`", ""));
        assert.ok((await streamed(text, 3)).isEqualNode(shown));
      });
    }
  }

  test("both kinds at once, and one in the other", async () => {
    assert.match((await whole("***「強調」***する")).innerHTML, /<em><strong>「強調」<\/strong><\/em>する/);
    assert.match((await whole("这是**重点*（斜体）*的。**好")).innerHTML, /<strong>重点<em>（斜体）<\/em>的。<\/strong>好/);
  });

  test("in an item, a heading and a cell", async () => {
    const shown = await whole("- **注意：**正文\n\n# **注意：**正文\n\n| **注意：**正文 |\n|---|\n| **注意：**正文 |\n");
    assert.deepEqual(texts(shown, "strong"), Array(4).fill("注意："));
  });

  test("no mark is seen while it grows", async () => {
    for (const text of ["含**「重点」**内容，**注意：**正文", "旧~~（方法）~~新"]) {
      await streamed(text, 1, (element, so_far) => assert.doesNotMatch(element.textContent, /[*~]/, so_far));
    }
  });
});

describe("elsewhere", () => {
  const AS_EVER = ['a**"b"**c', "中_（x）_文", "中__(x)__文", "中 ** 文**", "2*3*4 個", "中\\*\\*「x」\\*\\*文", "`中**「x」**文`", "🎉**(a)**🎉"];
  for (const text of AS_EVER) {
    test(`${text} is what CommonMark says`, async () => {
      const expected = Object.assign(document.createElement("div"), { innerHTML: marked.parse(text) });
      assert.deepEqual(texts(await whole(text), "strong, em, del"), texts(expected, "strong, em, del"));
    });
  }

  test("any text without these scripts has marked's own emphasis", async () => {
    const next = random(5);
    for (let run = 0; run < 40; run += 1) {
      const text = anyText(next).replaceAll(/[$\\[\]<]/g, "");
      const expected = Object.assign(document.createElement("div"), { innerHTML: marked.parse(text) });
      assert.deepEqual(texts(await whole(text), "strong, em, del"), texts(expected, "strong, em, del"), JSON.stringify(text));
    }
  });
});
