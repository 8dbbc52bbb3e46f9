import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { whole } from "../../support/markdown.js";
import { ANSWER } from "../../support/texts.js";

const { markdownOf } = await import("../../../../static/chat/js/markdown/render/markdown_of.js");
const { cleanHtml } = await import("../../../../static/chat/js/markdown/render/clean_html.js");

await whole("```js\n1\n```\n\n$x$");

const SAME = [
  "# Heading with **bold**",
  "A paragraph with **bold**, *italic*, ~~struck~~ and `code`.",
  "Two lines\nof one paragraph.",
  "A [link](https://a.example/x) and https://b.example/y and ![picture](https://i.example/p.png).",
  "Inline $e^{i\\pi} + 1 = 0$ and chemistry $\\ce{H2O}$.",
  "$$\\int_0^1 x^2 \\, dx = \\frac{1}{3}$$",
  "```python\nif x:\n    print(\"<b>\")\n\n# end\n```",
  "````\n```\n````",
  "- one\n- two **bold**\n  - nested\n  - more\n- three",
  "3. three\n4. four",
  "1. one\n\n   a paragraph\n\n2. two",
  "- [x] done\n- [ ] open",
  "> A quotation\n>\n> - with a list",
  "| Left | Centre | Right |\n| :-- | :-: | --: |\n| a | **b** | $c$ |\n| d \\| e | `f` | g |",
  "H<sub>2</sub>O and <kbd>Ctrl</kbd>",
  "``a ` b``",
  "含**「重点」**内容",
  "A claim[^1].\n\n[^1]: Its source.\n\n    And *more*.",
  "---",
];

describe("the Markdown of what is selected", () => {
  for (const text of SAME) test(`is what was written: ${text.slice(0, 30)}`, async () => assert.equal(markdownOf(await whole(text)), text));

  test("is laid out as it was", async () => {
    const shown = await whole(ANSWER);
    assert.ok((await whole(markdownOf(shown))).textContent.replace(/\s+/g, "") === shown.textContent.replace(/\s+/g, ""));
  });

  test("has no label and no button of code, and each formula once", async () => {
    const text = markdownOf(await whole(ANSWER));
    assert.doesNotMatch(text, /Copy|python\s*Copy/);
    assert.equal(text.split("e^{i\\pi}").length, 2);
  });
});

describe("the HTML of what is selected", () => {
  const html = async (text) => cleanHtml([await whole(text)].reduce((fragment, node) => (fragment.append(node), fragment), document.createDocumentFragment()));

  test("carries meaning and nothing else", async () => {
    const found = await html(`${ANSWER}\n\n- [x] done`);
    assert.doesNotMatch(found, /<(?:button|figure|figcaption|span|div|input|details)|class=|style=|data-|aria-|tabindex|katex|Copy/);
    for (const expected of ["<h1>A heading</h1>", "<strong>bold</strong>", "$e^{i\\pi} + 1 = 0$", "<pre>def f(x: int)", "☑ done"]) {
      assert.ok(found.includes(expected), expected);
    }
  });

  test("has the labels of footnotes", async () => {
    assert.equal(await html("x[^1]\n\n[^1]: note"), "<p>x<sup>1</sup></p>1<p>note</p>\n");
  });

  test("keeps what a word processor needs", async () => {
    assert.equal(await html("3. [a](https://a.example/)\n"), '<ol start="3"><li><a href="https://a.example/">a</a></li></ol>');
  });
});
