import "../support/dom.js";
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { markdown } from "../support/markdown.js";

globalThis.NodeFilter = window.NodeFilter;
globalThis.CSS = { escape: (text) => text };

const LIST = `<section class="message__sources"><ol>
  <li class="source" value="1"><a class="source__title" href="https://example.org/a">A page</a> <span class="source__where">example.org</span></li>
  <li class="source" value="2"><span class="source__title">Order 17</span></li>
  <li class="source" value="1"><a class="source__title" href="https://evil.example/">Again</a></li>
</ol></section>`;

/** A text in a message that has these sources. */
function text(list = LIST) {
  const message = document.createElement("article");
  message.innerHTML = `<div class="message__body"></div>${list}`;
  document.body.replaceChildren(message);
  return message.querySelector(".message__body");
}

/** What is marked in it: the text, and where it leads. */
const marks = (element) => [...element.querySelectorAll(".citation")].map((mark) => `${mark.textContent} ${mark.getAttribute("href") ?? mark.nodeName}`);

describe("[1] leads to its source", () => {
  for (const [name, source, expected] of [
    ["where there is one", "As it says [1], and [2].", ["[1] https://example.org/a", "[2] BUTTON"]],
    ["side by side", "So [1][2].", ["[1] https://example.org/a", "[2] BUTTON"]],
    ["in what is strong, in lists, in tables", "**So [1]**\n\n- it [2]\n\n| a |\n|---|\n| [1] |", ["[1] https://example.org/a", "[2] BUTTON", "[1] https://example.org/a"]],
    ["of no other number", "[0] [3] [01] [12345] [ 1] [a]", []],
    ["not in code", "`[1]` and\n\n```\n[1]\n```\n\n    [2]", []],
    ["not in links", "[see [1]](https://example.com/) and [1](https://example.com/)", []],
    ["nor where the text says itself what it means", "[1]\n\n[1]: https://example.com/", []],
  ]) {
    test(name, () => {
      const element = text();
      markdown.view(element).set(source);
      assert.deepEqual(marks(element), expected);
    });
  }

  test("in pieces of a letter, as at once", () => {
    const [once, slowly] = [text(), text()].map((element) => ({ element, view: markdown.view(element) }));
    document.body.append(once.element.parentElement ?? "", slowly.element.parentElement ?? "");
    const source = "So **[1]** it is [2], `[1]`.\n\n- [1]\n- [3]";
    once.view.set(source);
    for (const letter of source) slowly.view.append(letter);
    slowly.view.finish();
    assert.equal(slowly.element.innerHTML, once.element.innerHTML);
    assert.equal(marks(once.element).length, 3);
  });

  test("that comes later than the text", () => {
    const element = text("");
    const view = markdown.view(element);
    view.set("So [1].");
    assert.deepEqual(marks(element), []);
    element.insertAdjacentHTML("afterend", LIST);
    view.cite();
    view.cite();
    assert.deepEqual(marks(element), ["[1] https://example.org/a"]);
  });
});

test("what it leads to is told, and nobody there is told of us", () => {
  const element = text();
  markdown.view(element).set("So [1].");
  const link = element.querySelector("a.citation");
  assert.equal(link.getAttribute("aria-label"), "Source [1]: A page, example.org");
  assert.deepEqual(["target", "rel", "referrerpolicy"].map((name) => link.getAttribute(name)), ["_blank", "noopener noreferrer", "no-referrer"]);
});

test("without sources nothing is marked", () => {
  const element = text("");
  markdown.view(element).set("So [1].");
  assert.deepEqual(marks(element), []);
});
