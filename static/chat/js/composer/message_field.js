import { textDirection } from "../lib/text_direction.js";

/**
 * A field that messages are written in: it grows with its text, and Enter sends.
 *
 * @typedef {object} Owner
 * @property {() => void} onSend
 * @property {() => void} onInput somebody has typed
 * @property {() => boolean} [onUp] the key ↑ in the empty field; was there something to go up to?
 */
export class MessageField {
  #element;
  #owner;

  /** @param {HTMLTextAreaElement} element @param {Owner} owner */
  constructor(element, owner) {
    this.#element = element;
    this.#owner = owner;
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("input", () => this.#typed());
  }

  get value() {
    return this.#element.value;
  }

  set value(text) {
    this.#element.value = text;
    this.#show();
  }

  focus() {
    this.#element.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // 229: Safari reports the Enter that ends a composition after its end.
    if (event.isComposing || event.keyCode === 229 || event.shiftKey) return;
    if (event.key === "ArrowUp" && !this.value && this.#owner.onUp?.()) event.preventDefault();
    if (event.key !== "Enter" || hasOnlyTouch()) return;
    event.preventDefault();
    this.#owner.onSend();
  }

  #typed() {
    this.#show();
    this.#owner.onInput();
  }

  #show() {
    this.#element.dir = textDirection(this.value) || "auto";
    this.#fit();
  }

  /** Where style sheets cannot let a field grow with its text. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#element.style.height = "auto";
    this.#element.style.height = `${this.#element.scrollHeight}px`;
  }
}

/** Has it a keyboard on the screen alone, where Enter must be able to break the line? */
function hasOnlyTouch() {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}
