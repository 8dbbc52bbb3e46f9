import { RIGHT_TO_LEFT } from "../../lib/text_direction.js";

/** How much text the browser lays out again for each piece, as long as there are line breaks to cut at. */
const RUN_CHARS = 2_000;

/**
 * Plain text that grows at its end, at a cost that does not depend on how long it is already.
 *
 * A browser lays out a whole block when its text changes. So the text is cut behind line breaks into blocks ("runs"),
 * of which only the last one changes. At the end they become the one text that a reload would show.
 *
 * Text in which nothing is written from right to left says so with `data-ltr`. Chromium 156 takes seconds to lay out
 * a megabyte without a line break where each paragraph may have a direction of its own (`unicode-bidi: plaintext`).
 */
export class PlainTextView {
  #element;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** @param {string} text */
  append(text) {
    if (!text) return;
    const run = this.#openRun();
    if (RIGHT_TO_LEFT.test(text)) this.#element.removeAttribute("data-ltr");
    const end = run.length + text.lastIndexOf("\n") + 1;
    run.appendData(text);
    if (end > RUN_CHARS && text.includes("\n")) this.#beginRun(run.splitText(end));
  }

  clear() {
    this.#element.replaceChildren();
  }

  /** No more will come. */
  settle() {
    this.#element.textContent = this.#element.textContent;
  }

  /** @returns {Text} */
  #openRun() {
    const open = this.#element.lastElementChild?.lastChild;
    return open instanceof Text ? open : this.#beginRun(new Text(this.#takeRendered()));
  }

  /** @param {Text} text */
  #beginRun(text) {
    const run = document.createElement("div");
    run.className = "run";
    run.append(text);
    this.#element.append(run);
    return text;
  }

  /** What the server had rendered of it. */
  #takeRendered() {
    const text = this.#element.textContent ?? "";
    this.clear();
    this.#element.toggleAttribute("data-ltr", !RIGHT_TO_LEFT.test(text));
    return text;
  }
}
