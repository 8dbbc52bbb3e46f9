import { coloured, cut, indented, visible } from "../lib/json_text.js";

/**
 * What a tool was given or gave back: text alone, whatever it says. Of a long one the rest is folded, below the
 * beginning; what is looked at and is JSON has colours.
 *
 * The element is a part of a call (_call.html), with its `.data`.
 */
export class ToolData {
  #element;

  /** @param {Element} element */
  constructor(element) {
    this.#element = element;
  }

  /** All of it. */
  get text() {
    return Array.from(this.#element.querySelectorAll(".data"), ({ textContent }) => textContent ?? "").join("");
  }

  set text(text) {
    const [head, rest] = cut(visible(indented(text)));
    const [first, last] = /** @type {NodeListOf<HTMLElement>} */ (this.#element.querySelectorAll(".data"));
    if (first) first.textContent = head;
    if (rest && last) last.textContent = rest;
    else this.#element.querySelector(".data__rest")?.remove();
  }

  /** Once. */
  colour() {
    const parts = [...this.#element.querySelectorAll(".data:not([data-coloured])")];
    if (!parts.length || !/^[{[]/.test(this.text)) return;
    for (const part of parts) paint(part);
  }
}

/** @param {Element} part */
function paint(part) {
  part.setAttribute("data-coloured", "");
  part.replaceChildren(...coloured(part.textContent ?? "").map(({ text, kind }) => {
    if (!kind) return text;
    return Object.assign(document.createElement("span"), { className: `data__${kind}`, textContent: text });
  }));
}
