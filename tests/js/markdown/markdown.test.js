import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { open, streamed, whole } from "../support/markdown.js";
import { ANSWER, anyText } from "../support/texts.js";
import { random } from "../support/random.js";

/** Chromium tries more, and faster: tests/browser/test_markdown.py. */
const RUNS = 40;

await whole("```js\n1\n```\n\n$x$");

/** What is shown while a text has come this far, without what we add. */
function midway(text) {
  const { element, view } = open();
  for (const letter of text) view.append(letter);
  element.querySelectorAll(".code__bar").forEach((bar) => bar.remove());
  element.remove();
  return element.firstElementChild.innerHTML.replace(/ (?:dir|tabindex|role|aria-label|class|title|target|rel|data-host)="[^"]*"/g, "").replace(/\s*\n\s*/g, "");
}

describe("a streamed answer", () => {
  for (const length of [1, 3, 50]) {
    test(`is in pieces of ${length} what it is as a whole`, async () => {
      assert.ok((await streamed(ANSWER, length)).isEqualNode(await whole(ANSWER)));
    });
  }

  test("is the whole however it is cut", async () => {
    const next = random(3);
    for (let run = 0; run < RUNS; run += 1) {
      const text = anyText(next);
      assert.ok((await streamed(text, () => 1 + Math.floor(next() * 9))).isEqualNode(await whole(text)), JSON.stringify(text));
    }
  });

  test("goes on after its end", async () => {
    const { element, view } = open();
    view.set("One **two");
    view.append("** three");
    view.finish();
    assert.ok(element.isEqualNode(await whole("One **two** three")));
    assert.equal(view.text, "One **two** three");
  });

  test("takes up what the server has rendered", () => {
    const { element, view } = open();
    view.clear();
    element.textContent = "gone";
    view.set("# New");
    assert.equal(element.textContent, "New");
  });

  test("does not touch a block, an item or a row that is complete", async () => {
    const { element, view } = open();
    view.append("Para\n\n- a\n- b\n- c\n\n| h |\n|---|\n| 1 |\n| 2 |\n| 3 |\n");
    const kept = [...element.querySelectorAll("p, li, tr")].slice(0, 4);
    for (const letter of "| 4 |\n\nThe *end*.\n\n```js\n1\n```\n") view.append(letter);
    view.finish();
    assert.ok(kept.every((node) => element.contains(node)));
  });

  test("leaves what its reader has opened or closed as it is", () => {
    const { element, view } = open();
    const text = "<details>\n<summary>s</summary>\n\nin **it**\n\n<details open>\n<summary>t</summary>\n\n- deep\n\n";
    for (const piece of text.match(/[^]{1,4}/g)) view.append(piece);
    const [outer, inner] = element.querySelectorAll("details");
    assert.deepEqual([outer.open, inner.open], [false, true]);
    [outer.open, inner.open] = [true, false];
    const rest = "More **of** it.\n\n</details>\n\nand\n\n</details>\n\nThe end [x].\n\n[x]: https://x.example\n";
    for (const piece of rest.match(/[^]{1,4}/g)) view.append(piece);
    view.finish();
    assert.match(element.textContent, /The end/);
    assert.deepEqual([...element.querySelectorAll("details")], [outer, inner]);
    assert.deepEqual([outer.open, inner.open], [true, false]);
  });

  test("keeps the colours of code that is long and still open", async () => {
    const { element, view } = open();
    view.append(`\`\`\`js\n${'let x = "text";\n'.repeat(700)}`);
    assert.equal(element.querySelectorAll(".hljs-keyword").length, 700);
    view.append("let y;\n".repeat(40));
    assert.equal(element.querySelectorAll(".hljs-keyword").length, 740);
    element.remove();
  });

  test("keeps the open block's own nodes where it only grows", () => {
    const { element, view } = open();
    view.append("```js\nlet a;\n");
    const pre = element.querySelector("pre");
    view.append("let b;\n");
    assert.ok(pre.isConnected);
    assert.match(pre.textContent, /let b/);
  });
});

describe("a long list or table", () => {
  const many = (line) => Array.from({ length: 200 }, (_, at) => line.replaceAll("#", String(at))).join("");
  const HEAD = "| a [x] | long |\n|---|:-:|\n";
  const TEXTS = [
    ["a list", many("- item **#**\n")],
    ["a numbered list", many("7. item\n")],
    ["a list of paragraphs", many("- item\n\n")],
    ["a list of check boxes with lazy lines", many("- [x] item\nlazy #\n")],
    ["a list with lists in it", many("- item\n  - in it\n  1. and it\n")],
    ["a list that is loose at its end", `${many("- item #\n")}\n- loose\n`],
    ["a list with another behind it", `${many("- item\n")}* other\n`],
    ["a table", `${HEAD}${many("| # | cell of row `#` |\n")}\nend`],
    ["a table that ends in a list", `${HEAD}${many("| # | cell |\n").slice(0, 64 * 10)}- end`],
    ["a table with a definition behind it", `${HEAD}${many("| [x] | [#](https://web.example) |\n")}\n[x]: https://x.example\n`],
    ["a table whose first row turns out to be code", "|a|\n|-|\n```\n<details>\n"],
    ["a table of 64 rows and no more", `${HEAD}${"| 1 | 2 |\n".repeat(64)}- end`],
  ];
  for (const [what, text] of TEXTS) {
    test(`${what} is in pieces what it is as a whole`, async () => {
      assert.ok((await streamed(text, 47)).isEqualNode(await whole(text)));
    });
  }

  test("has all of its items and rows", async () => {
    assert.equal((await whole(many("- #\n"))).querySelectorAll("ul li").length, 200);
    const { tBodies, rows, className } = (await whole(HEAD + many("| # | 2 |\n"))).querySelector("table");
    assert.deepEqual([rows.length, tBodies.length, className], [201, 4, "table--long"]);
  });

  test("goes on with its numbers", async () => {
    const [first, second] = (await whole(many("7. item\n"))).querySelectorAll("ol");
    assert.deepEqual([first.start, first.children.length, second.start], [7, 128, 135]);
  });

  test("makes paragraphs of all of its items at a late blank line", () => {
    const { element, view } = open();
    view.append(many("- #\n"));
    assert.equal(element.querySelectorAll("li > p").length, 0);
    view.append("\n- late\n");
    view.finish();
    assert.equal(element.querySelectorAll("li > p").length, 201);
  });

  test("keeps its nodes", () => {
    for (const [start, more] of [["", "- more\n"], [HEAD, "| more | m |\n"]]) {
      const { element, view } = open();
      view.append(start + more.repeat(100));
      const kept = [...element.querySelectorAll("li, tr")].slice(0, 97);
      view.append(more.repeat(100));
      view.finish();
      assert.ok(kept.length === 97 && kept.every((node) => element.contains(node)));
    }
  });

  test("keeps its rows when a definition changes its head", async () => {
    const text = `${HEAD}| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n\n[x]: https://x.example\n`;
    const table = await streamed(text, 1);
    assert.equal(table.querySelectorAll("tbody > tr").length, 3);
    assert.equal(table.querySelectorAll("th a").length, 1);
  });
});

describe("a flood", () => {
  test("without a blank line is shown as it was written", async () => {
    const text = "**word** ".repeat(5_000);
    const [grown, at_once] = [await streamed(text, 999), await whole(text)];
    assert.ok(grown.isEqualNode(at_once));
    assert.equal(grown.textContent, text);
    assert.match(grown.querySelector(".flood").getAttribute("aria-label"), /as it was written/);
    assert.equal(grown.querySelectorAll("strong").length, 0);
  });
});

describe("what reaches back", () => {
  test("a definition that comes later makes links of what refers to it, and touches nothing else", () => {
    const { element, view } = open();
    view.append("See [one] here.\n\nNo reference.\n\n> and [two][One]\n\n");
    const other = element.querySelectorAll("p")[1];
    assert.equal(element.querySelectorAll("a").length, 0);
    view.append("[one]: https://one.example\n\nMore");
    assert.deepEqual(Array.from(element.querySelectorAll("a"), (link) => link.textContent), ["one", "two"]);
    assert.equal(element.querySelectorAll("p")[1], other);
  });

  test("the first definition wins", async () => {
    const text = "[a]\n\n[a]: https://1.example\n\n[a]: https://2.example\n";
    assert.equal((await streamed(text, 1)).querySelector("a").href, "https://1.example/");
  });

  test("a blank line between items makes paragraphs of check boxes too", async () => {
    const list = await streamed("- [x] a\n- [ ] b\n\n- [ ] c\n", 1);
    assert.equal(list.querySelectorAll("li > p > input:first-child").length, 3);
  });

  test("a blank line between items makes paragraphs of all of them", () => {
    const { element, view } = open();
    view.append("- a\n- b\n- c\n- d\n");
    assert.equal(element.querySelectorAll("p").length, 0);
    view.append("\n- e\n");
    view.finish();
    assert.equal(element.querySelectorAll("li > p").length, 5);
  });
});

describe("in the middle", () => {
  const MIDWAY = [
    ["bold", "a **bo", "<p>a <strong>bo</strong></p>"],
    ["an opener alone is held back", "a **", "<p>a</p>"],
    ["code", "a `co", "<p>a <code>co</code></p>"],
    ["a link is its text", "a [te](https://x.exa", "<p>a te</p>"],
    ["a list before its first word", "Such:\n-", "<p>Such:</p>"],
    ["no heading from a dash", "Title\n-", "<p>Title</p>"],
    ["bold in an item", "- a\n- **b", "<ul><li>a</li><li><strong>b</strong></li></ul>"],
    ["a fence", "```js\nx = 1", '<figure><pre><code>x = <span>1</span></code></pre></figure>'],
    ["a table from its first line", "| a | b", "<div><table><thead><tr><th>a</th><th>b</th></tr></thead></table></div>"],
    ["a table with half a rule", "| a | b |\n|--", "<div><table><thead><tr><th>a</th><th>b</th></tr></thead></table></div>"],
    ["a formula is its source", "$$\n\\frac{a", '<p><code data-maths="open">\\frac{a</code></p>'],
    ["a formula in a block of code is its source", "```math\n\\frac{a", '<p><code data-maths="open">\\frac{a</code></p>'],
    ["a formula in a line", "so \\(x", '<p>so <code data-maths="open">x</code></p>'],
    ["half a tag", "a <b", "<p>a</p>"],
  ];
  for (const [what, text, expected] of MIDWAY) test(what, () => assert.equal(midway(text), expected));
});

describe("direction", () => {
  const CASES = [
    ["code does not decide a paragraph's", "`fs.read` זו פונקציה", "p", "auto"],
    ["nor does an address", "https://a.example הוא אתר", "p a", "ltr"],
    ["nor does a formula", "$x$ هو رقم", "p .maths", "ltr"],
    ["what is code alone goes the way of what it is in", "`fs.read`", "p", null],
    ["a list goes the way of its first item with words", "- `fs.read`\n- `x` פונקציה\n- English", "ul", "rtl"],
    ["an item of code goes the way of its list", "- `fs.read`\n- פונקציה", "li", null],
    ["an item with words goes its own way", "- פונקציה\n- English", "li + li", "auto"],
    ["a list in a list", "- English\n  1. `x`\n  2. פונקציה", "ol", "rtl"],
    ["a list of code alone has none", "- `a`\n- `b`", "ul", null],
    ["a quotation", "> `x` ציטוט", "blockquote", "auto"],
    ["a table", "| `x` | שם |\n|---|---|\n| `y` | z |", "table", "auto"],
    ["a heading", "# `x` כותרת", "h1", "auto"],
    ["code itself goes from the left", "זו `fs.read`", "p > code", "ltr"],
  ];
  for (const [what, text, selector, expected] of CASES) {
    test(what, async () => {
      const shown = await whole(text);
      assert.equal(shown.querySelector(selector).getAttribute("dir"), expected);
      assert.ok((await streamed(text, 2)).isEqualNode(shown));
    });
  }
});

describe("what Markdown has no words for", () => {
  const shown = async (text) => (await whole(text)).innerHTML;

  test("raw HTML that is harmless is HTML without attributes", async () => {
    assert.match(await shown('H<sub class=x id=y onclick=z>2</sub>O<br/>x'), /<p dir="auto">H<sub>2<\/sub>O<br>x<\/p>/);
  });
  test("all other HTML is shown as it was written", async () => {
    assert.match(await shown("a <iframe src=x> b"), /a &lt;iframe src=x&gt; b/);
    assert.match(await shown("<script>\nalert(1)\n</script>"), /<figure class="code".*language-html.*script/s);
  });
  test("raw HTML holds the Markdown between its tags", async () => {
    const details = (await whole("<details>\n<summary>s</summary>\n\n**in**\n\n</details>\n\nout")).querySelector("details");
    assert.equal(details.querySelector("strong").textContent, "in");
    assert.doesNotMatch(details.textContent, /out/);
  });
  test("images are links", async () => {
    const link = (await whole("![a **b**](https://i.example/x.png)")).querySelector("a");
    assert.deepEqual([link.textContent, link.href, link.hasAttribute("data-image")], ["a b", "https://i.example/x.png", true]);
  });
  test("an image in a link is its text", async () => {
    const links = (await whole("[![build](https://i.example/x.svg)](https://ci.example)")).querySelectorAll("a");
    assert.deepEqual(Array.from(links, (link) => [link.textContent, link.host]), [["build", "ci.example"]]);
  });
  test("check boxes are ours and fixed", async () => {
    const boxes = (await whole("- [x] a\n- [ ] b\n\n<input type=checkbox>")).querySelectorAll("input");
    assert.deepEqual(Array.from(boxes, (box) => [box.checked, box.disabled, box.getAttribute("aria-label")]), [[true, true, "Done"], [false, true, "Not done"]]);
  });
  test("chemistry and units are formulas", async () => {
    const shown = await whole("Water is $\\ce{H2O}$; $$\\ce{CO2 + C -> 2 CO}$$ takes $\\pu{172 kJ//mol}$.");
    assert.equal(shown.querySelectorAll(".katex").length, 3);
    assert.equal(shown.querySelectorAll("code").length, 0);
  });
  test("code in the language of maths is a formula, streamed as well as whole", async () => {
    for (const text of ["```math\n\\frac{a}{b}\n```", "- item\n\n  ~~~math\n  \\frac{a}{b}\n  ~~~\n", "```math\n\\frac{a}{b}"]) {
      const shown = await whole(text);
      assert.equal(shown.querySelectorAll(".katex-display").length, 1);
      assert.ok((await streamed(text, 2)).isEqualNode(shown));
    }
    assert.equal((await whole("```maths\n\\frac{a}{b}\n```")).querySelectorAll(".katex").length, 0);
  });
  test("what names its source stays as it is", async () => {
    const shown = await whole("So it is【4†source】, and so【12:3†file.pdf】.");
    assert.equal(shown.textContent, "So it is【4†source】, and so【12:3†file.pdf】.");
  });
  test("money is no formula", async () => assert.doesNotMatch(await shown("From $5 to $10, or US$3 and 4$."), /maths/));
  test("what is no formula stays as it was written", async () => assert.match(await shown("$\\frac{$ and $x$"), /<code dir="ltr">/));
  test("code in a language that nobody knows has its label and no colours", async () => {
    assert.match(await shown("```klingon\nx\n```"), /code__language">klingon<.*<code class="language-klingon">x\n<\/code>/s);
  });
});

describe("footnotes", () => {
  const TEXT = "A claim[^1], another[^Note] and none[^2].\n\n[^1]: The *source*\nof it.\n[^note]: First.\n\n    Second, [^1].\n\nAnd on.\n";
  const CASES = [
    TEXT,
    "Text[^1]\n[^1]: right below",
    "- item[^a]\n- b\n\n[^a]: note\n\n- list",
    "[^1]: a\n[^2]: b\n[^3]: c\n\nx[^3]",
    "[^1]: a\n\n    ```js\n    x\n    ```\n\ny[^1]",
    "[^1]: a\n- list\n\n# h[^1]",
    "| a[^1] |\n|---|\n| b[^1] |\n\n[^1]: `code` and $x$",
    "[^1]:\n\nx[^1]",
    "> q[^1]\n>\n> [^1]: in it\n",
    "[^1](https://a.example) and [x][^1]\n\n[^1]: note",
  ];
  for (const text of CASES) {
    test(`are in pieces what they are as a whole: ${JSON.stringify(text.slice(0, 24))}`, async () => {
      const expected = await whole(text);
      for (const length of [1, 3]) assert.ok((await streamed(text, length)).isEqualNode(expected));
    });
  }

  test("are marked where they are, and shown where they stand", async () => {
    const shown = await whole(TEXT);
    assert.deepEqual(Array.from(shown.querySelectorAll("sup"), ({ textContent }) => textContent), ["1", "Note", "1"]);
    assert.deepEqual(Array.from(shown.querySelectorAll(".footnote__label"), ({ textContent }) => textContent), ["1", "note"]);
    const [first, second] = shown.querySelectorAll(".footnote__text");
    assert.equal(first.innerHTML, '<p dir="auto">The <em>source</em>\nof it.</p>\n');
    assert.equal(second.querySelectorAll("p").length, 2);
    assert.match(shown.querySelector("p").textContent, /none\[\^2\]/);
    assert.equal(shown.querySelector("sup > button").getAttribute("aria-label"), "Footnote 1");
  });

  test("are no links, and HTML makes none", async () => {
    const shown = await whole('x[^1] <sup data-footnote-mark="2">2</sup> <div data-footnote="1">y</div>\n\n[^1]: https://a.example');
    assert.equal(shown.querySelectorAll("button.footnote__mark").length, 1);
    assert.equal(shown.querySelectorAll(".footnote").length, 1);
    assert.equal(shown.querySelector(".footnote a").href, "https://a.example/");
  });

  test("any text with them is in pieces what it is as a whole", async () => {
    const bits = ["[^1]", "[^1]: ", "[^a]: x", "\n", "\n\n", "    ", "text", "- ", "> ", "# ", "```\n", "|a|\n|-|\n", "[x]: /u\n", "[x][^1]", "**", "$$\n", "<details>\n"];
    const next = random(11);
    for (let run = 0; run < RUNS; run += 1) {
      const text = Array.from({ length: 1 + Math.floor(next() * 20) }, () => bits[Math.floor(next() * bits.length)]).join("");
      assert.ok((await streamed(text, () => 1 + Math.floor(next() * 9))).isEqualNode(await whole(text)), JSON.stringify(text));
    }
  });
});
