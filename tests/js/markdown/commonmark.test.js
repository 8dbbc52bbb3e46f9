import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { whole, window } from "../support/markdown.js";
import { EXAMPLES } from "../support/commonmark.js";
import { ALLOWED_ELEMENTS } from "../../../static/chat/js/markdown/parse/allowed_elements.js";
import { Lexer, marked } from "marked";

/** That they are the same in pieces is proven in Chromium: tests/browser/test_markdown.py. */

/** Where we differ on purpose, and why. */
const ON_PURPOSE = new Map([
  ...[156, 157, 158].map((number) => [number, "a tag without an end is shown, and does not swallow what follows"]),
]);
const WEB = /^(?:https?:\/\/|mailto:)/i;
const KEPT = new Set(["href", "align", "start"]);
const BLOCKS = "p, pre, ul, ol, li, blockquote, h1, h2, h3, h4, h5, h6, hr, table, thead, tbody, tr, td, th, div, dl, details, summary";

/** What must come out: CommonMark's own HTML, by an allowlist written down here once more. @param {string} html */
function expectedOf(html) {
  const root = document.createElement("div");
  root.innerHTML = html;
  for (const image of root.querySelectorAll("img")) {
    const inLink = image.closest("a[href]") !== null;
    const label = image.getAttribute("alt") || image.getAttribute("src");
    const link = Object.assign(document.createElement(inLink ? "span" : "a"), { textContent: label });
    if (!inLink) link.setAttribute("href", image.getAttribute("src"));
    image.replaceWith(...(inLink ? [label] : [link]));
  }
  return normal(root);
}

/** Without what we add, and without what makes no difference. @param {HTMLElement} shown */
function normal(shown) {
  const root = shown.cloneNode(true);
  root.querySelectorAll(".code__bar").forEach((bar) => bar.remove());
  root.querySelectorAll('code[class^="language-"]').forEach((code) => (code.textContent = code.textContent));
  for (const part of [...root.children]) if (shown.classList.contains("markdown")) part.replaceWith(...part.childNodes);
  root.querySelectorAll("figure.code, div.table").forEach((wrapper) => wrapper.replaceWith(...wrapper.childNodes));
  const comments = document.createTreeWalker(root, window.NodeFilter.SHOW_COMMENT);
  while (comments.nextNode()) comments.currentNode.data = "";
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      const isLanguage = name === "class" && element.nodeName === "CODE" && value.startsWith("language-");
      if (!KEPT.has(name) && !isLanguage) element.removeAttribute(name);
    }
  }
  for (const link of root.querySelectorAll("a")) if (!WEB.test(link.getAttribute("href") ?? "")) link.replaceWith(...link.childNodes);
  root.normalize();
  return root.innerHTML.replaceAll("<!---->", "").replace(/\s+/g, " ")
    .replace(new RegExp(` ?(</?(?:${BLOCKS.replaceAll(", ", "|")})(?: [^>]*)?>) ?`, "g"), "$1").trim();
}

/** Does plain marked do what CommonMark asks? */
const passes = ({ markdown, html }) => expectedOf(marked.parse(markdown)) === expectedOf(html);

/** The tags in it that are not harmless. They are shown as they were written. */
function foreignTags({ markdown }) {
  const found = [];
  marked.walkTokens(Lexer.lex(markdown), (token) => {
    if (token.type === "html") found.push(...(token.raw.replace(/<!--[^]*?-->/g, "").match(/<[/!?]?[a-z[][^\s/>]*/gi) ?? []));
  });
  return found.filter((tag) => !ALLOWED_ELEMENTS.has(tag.replace(/^<\/?/, "").toLowerCase()));
}

/** The same example with addresses of the web, so that its links remain links. */
function onTheWeb({ markdown, html, ...rest }) {
  const moved = (text) => text.replaceAll("/url", "https://web.example/url").replaceAll("/uri", "https://web.example/uri");
  return { ...rest, markdown: moved(markdown), html: moved(html) };
}

await whole("```js\n1\n```\n\n$x$");

for (const [name, examples] of [["CommonMark", EXAMPLES], ["CommonMark on the web", EXAMPLES.map(onTheWeb)]]) {
  const passed = examples.filter(passes).filter(({ number }) => !ON_PURPOSE.has(number));
  const plain = passed.filter((example) => !foreignTags(example).length);
  const foreign = passed.filter((example) => foreignTags(example).length);

  describe(name, () => {
    test(`${plain.length} examples come out the same`, async () => {
      assert.ok(plain.length > 590);
      const wrong = [];
      for (const { number, markdown, html } of plain) {
        const [shown, expected] = [normal(await whole(markdown)), expectedOf(html)];
        if (shown !== expected) wrong.push({ number, markdown, shown, expected });
      }
      assert.deepEqual(wrong, []);
    });

    test(`${foreign.length} examples show tags that are not harmless as they were written`, async () => {
      assert.ok(foreign.length > 20);
      for (const example of foreign) {
        const shown = (await whole(example.markdown)).textContent;
        for (const tag of foreignTags(example)) assert.ok(shown.includes(tag), `${tag} in ${example.number}: ${shown}`);
      }
    });
  });
}
