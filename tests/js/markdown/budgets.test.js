import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { open, streamed, whole } from "../support/markdown.js";

const { Markdown } = await import("../../../static/chat/js/markdown/markdown.js");

/** What costs too much is shown as it was written, alone; streamed, whole and reloaded alike. */

const DEEP = 3_000;
const NEIGHBOURS = ["# Before", "After **it**"];

await whole("```js\n1\n```\n\n$x$");

/** Found by doubling texts made of such bits: each took seconds, a multiple of twice as long when twice as long, or threw. */
const TOO_COMPLEX = [
  ["quotes in quotes", "> ".repeat(DEEP) + "x"],
  ["quotes in quotes without spaces", ">".repeat(DEEP) + "x"],
  ["quotes in quotes with a lazy line", ">".repeat(DEEP) + "x\nlazy"],
  ["quotes over lazy quotes", `${">".repeat(DEEP)}x\n`.repeat(5) + "> lazy\n".repeat(9)],
  ["lists in lists", "- ".repeat(DEEP) + "x"],
  ["lists in lists with a lazy line", "- ".repeat(4 * DEEP) + "x\nlazy"],
  ["numbered lists in lists", "1. ".repeat(DEEP) + "x"],
  ["lists in lists by indentation", Array.from({ length: 100 }, (_, at) => `${"  ".repeat(at)}- x\n`).join("")],
  ["lists in quotes", "> - ".repeat(DEEP) + "x"],
  ["quotes in lists", "- > ".repeat(DEEP) + "x"],
  ["emphasis of two kinds", "_a*".repeat(5_000)],
  ["emphasis in emphasis", "*a **b ".repeat(200) + "c" + "** d*".repeat(200)],
  ["brackets", "[".repeat(12_000)],
  ["brackets in brackets", "[".repeat(4_000) + "a" + "]".repeat(4_000)],
  ["exclamation marks", "!".repeat(12_000)],
  ["tags without an end", "<a ".repeat(9_000)],
  ["less-than signs", "<".repeat(12_000)],
  ["elements in elements", `<b>${"<div>".repeat(DEEP)}x`],
  ["marks that a parser opens anew in each block", "<b><i><u><s><em>".repeat(3) + "<p>x".repeat(6_000)],
  ["dollars", "$a ".repeat(5_000)],
  ["formulas without an end", "\\(a ".repeat(5_000)],
];

describe("a block that is too complex", () => {
  for (const [what, text] of TOO_COMPLEX) {
    test(`${what}: says so, and is all there`, async () => {
      const [before, after] = NEIGHBOURS;
      const shown = await whole(`${before}\n\n${text}\n\n${after}`);
      const flood = shown.querySelector(".flood");
      assert.equal(shown.querySelectorAll(".flood").length, 1);
      assert.equal(flood.textContent.trim(), text.trim());
      assert.match(flood.getAttribute("aria-label"), /^Shown as it was written/);
      assert.equal(shown.querySelector("h1").textContent, "Before");
      assert.equal(shown.querySelector("strong").textContent, "it");
    });

    test(`${what}: is in pieces what it is as a whole`, async () => {
      const piece = Math.ceil(text.length / 12);
      const both = `Before.\n\n${text}\n\nAfter.`;
      assert.ok((await streamed(both, piece)).isEqualNode(await whole(both)));
    });
  }

  test("an item alone, of a list", async () => {
    const list = await whole(`- one\n- ${"> ".repeat(60)}x\n- **three**\n`);
    assert.equal(list.querySelectorAll("ul > li").length, 3);
    assert.equal(list.querySelectorAll(".flood").length, 1);
    assert.equal(list.querySelector("strong").textContent, "three");
  });

  test("a row alone, of a table", async () => {
    const table = await whole(`| a | b |\n|---|---|\n| 1 | 2 |\n| ${"_a*".repeat(5_000)} | 3 |\n| **4** | 5 |\n`);
    assert.equal(table.querySelectorAll("tr").length, 4);
    assert.equal(table.querySelectorAll("tbody td > .flood").length, 1);
    assert.equal(table.querySelector("strong").textContent, "4");
  });

  test("a wide table has no more cells than are written", async () => {
    const head = `|${"a|".repeat(90)}\n|${"-|".repeat(90)}\n`;
    const table = await whole(`${head}${"|\n".repeat(100)}${"| b | c |\n"}`);
    assert.equal(table.querySelectorAll("tbody > tr").length, 101);
    assert.equal(table.querySelectorAll("tbody td").length, 103);
    assert.deepEqual(Array.from([...table.querySelectorAll("tr")].at(-1).cells, (cell) => cell.colSpan), [1, 1, 88]);
    assert.ok((await streamed(head + "|\n".repeat(20), 7)).isEqualNode(await whole(head + "|\n".repeat(20))));
  });

  test("a wider one is one block, and too many cells", async () => {
    const text = `|${"a|".repeat(200)}\n|${"-|".repeat(200)}\n${`|${"b|".repeat(200)}\n`.repeat(120)}`;
    const shown = await whole(text);
    assert.equal(shown.querySelectorAll("table, td").length, 0);
    assert.equal(shown.querySelector(".flood").textContent.trim(), text.trim());
    assert.equal((await whole(text.split("\n").slice(0, 4).join("\n"))).querySelectorAll("td").length, 400);
  });

  test("none of what models write", async () => {
    const list = Array.from({ length: 12 }, (_, at) => `${"  ".repeat(at)}- **x** \`y\`\n`).join("");
    const long = "A sentence with **bold**, `code`, a [link](https://a.example) and $x$. ".repeat(100);
    for (const text of [list, long, "> ".repeat(12) + "x", `> ${long}`, `${"*".repeat(3)}a${"*".repeat(3)}`]) {
      assert.equal((await whole(text)).querySelector(".flood"), null);
    }
  });
});

describe("a formula that costs too much", () => {
  const TOO_LARGE = [
    ["a long one", "x+".repeat(10_000)],
    ["braces in braces", "{".repeat(400) + "x" + "}".repeat(400)],
    ["brackets in brackets", "\\left(".repeat(100) + "x" + "\\right)".repeat(100)],
    ["environments in environments", "\\begin{aligned}".repeat(70) + "x" + "\\end{aligned}".repeat(70)],
    ["a matrix that is wide in one row and long", `\\begin{matrix}${"&".repeat(500)}${"\\\\".repeat(500)}\\end{matrix}`],
    ["accents", "é".repeat(900)],
    ["a macro that doubles itself", `\\def\\a{x}${"\\edef\\a{\\a\\a}".repeat(40)}\\a`],
    ["units over units", `\\pu{${"a//".repeat(9)}b}`],
    ["a macro of many letters", `\\newcommand{\\a}{${"x".repeat(900)}}${"\\a".repeat(400)}`],
  ];
  for (const [what, formula] of TOO_LARGE) {
    test(`${what}: is shown as it was written, and the next one drawn`, async () => {
      for (const [start, end] of [["$", "$"], ["$$\n", "\n$$"]]) {
        const shown = await whole(`${start}${formula}${end}\n\n$x$`);
        const code = shown.querySelector("code, .flood");
        assert.ok(code.textContent.includes(formula));
        assert.match(code.getAttribute("aria-label"), /^Shown as it was written/);
        assert.equal(shown.querySelectorAll(".katex").length, 1);
      }
    });
  }

  test("is none of those that models write", async () => {
    const rows = String.raw`f(x) &= \frac{\partial}{\partial x} \left( x^2 + y_{i,j} \right) \\ `.repeat(25);
    for (const formula of [String.raw`\begin{aligned}${rows}\end{aligned}`, String.raw`\def\arraystretch{1.5} x`]) {
      assert.equal((await whole(`$$${formula}$$`)).querySelectorAll(".katex-display").length, 1, formula);
    }
  });

  test("many are drawn in steps, all of them", async () => {
    const { element, view } = open();
    view.set("$a+b+c+d$ and $y$.\n\n".repeat(200));
    const atOnce = element.querySelectorAll(".katex").length;
    assert.ok(atOnce > 100 && atOnce < 300, `${atOnce} were drawn at once`);
    await view.ready;
    assert.equal(element.querySelectorAll(".katex").length, 400);
    element.remove();
  });
});

describe("code that costs too much to colour", () => {
  const TOO_LONG = [
    ["long code", "js", "let x = 1;\n".repeat(3_000)],
    ["one long line", "java", "$".repeat(8_000)],
    ["words without a mark", "csharp", "a b\n".repeat(2_000)],
    ["what is opened again and again", "shell", `${"${".repeat(40)}\n`.repeat(100)],
  ];
  for (const [what, language, code] of TOO_LONG) {
    test(`${what}: has none, and says so`, async () => {
      const shown = await whole(`\`\`\`${language}\n${code}\n\`\`\`\n\n\`\`\`js\nlet a;\n\`\`\``);
      assert.equal(shown.querySelectorAll(".code__note").length, 1);
      assert.equal(shown.querySelector("pre > code").children.length, 0);
      assert.equal(shown.querySelectorAll(".hljs-keyword").length, 1);
    });
  }
});

describe("a fault", () => {
  const FAULT = "what the library fails at";
  const failing = async (name) => {
    const [marked, { default: purify }, remend] = await Promise.all([import("marked"), import("dompurify"), import("remend")]);
    const fail = (text) => {
      if (text.includes(FAULT)) throw new Error(FAULT);
    };
    const libraries = {
      marked: { ...marked, Lexer: class extends marked.Lexer { blockTokens(...args) { if (name === "marked") fail(args[0]); return super.blockTokens(...args); } } },
      purify: (view) => {
        const own = purify(view);
        return Object.assign(Object.create(own), { sanitize: (html, options) => { if (name === "purify") fail(html); return own.sanitize(html, options); } });
      },
      remend: (text, options) => { if (name === "remend") fail(text); return remend.default(text, options); },
    };
    return new Markdown(libraries);
  };
  const shown = async (name, text, length) => {
    const element = document.createElement("div");
    const view = (await failing(name)).view(element);
    for (let at = 0; at < text.length; at += length) view.append(text.slice(at, at + length));
    view.finish();
    return element;
  };

  for (const length of [5, 10_000]) {
    test(`of what makes the elements shows one block as it was written, in pieces of ${length}`, async (context) => {
      context.mock.method(console, "error", () => {});
      const element = await shown("purify", `**one**\n\n- *${FAULT}*\n\n**two**`, length);
      assert.deepEqual(Array.from(element.querySelectorAll("strong"), ({ textContent }) => textContent), ["one", "two"]);
      assert.equal(element.querySelector("li > .flood").textContent.trim(), `- *${FAULT}*`);
    });

    test(`of what reads Markdown shows all as it was written, in pieces of ${length}`, async (context) => {
      context.mock.method(console, "error", () => {});
      const text = `**one**\n\n${FAULT}\n\n**two**`;
      const element = await shown("marked", text, length);
      assert.equal(element.children.length, 1);
      assert.equal(element.querySelector(".flood").textContent, text);
    });

    test(`of what closes what is open is for a moment, in pieces of ${length}`, async () => {
      const element = await shown("remend", `**${FAULT}**`, length);
      assert.equal(element.querySelector("strong").textContent, FAULT);
    });
  }
});
