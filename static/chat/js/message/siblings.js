import { gettext, interpolate } from "../lib/i18n.js";

/** Which of its alternatives a message is, and the steps to the others: "2 of 3". */
export class Siblings {
  #form;

  /** @param {HTMLElement} form */
  constructor(form) {
    this.#form = form;
  }

  /** The message's own among them, oldest first. */
  get ids() {
    return (this.#form.dataset["siblings"] ?? "").split(" ").filter(Boolean);
  }

  /** @param {string[]} ids @param {string} own */
  show(ids, own) {
    const index = ids.indexOf(own);
    this.#form.dataset["siblings"] = ids.join(" ");
    this.#form.hidden = ids.length < 2;
    /** @type {HTMLElement} */ (this.#form.querySelector(".siblings__place")).textContent = interpolate(
      gettext("%(number)s of %(count)s"), { number: index + 1, count: ids.length });
    for (const step of [-1, 1]) this.button(step).disabled = !ids[index + step];
  }

  /** Which one is a step away. @param {string} own @param {number} step */
  beside(own, step) {
    return this.ids[this.ids.indexOf(own) + step];
  }

  /** @param {number} step -1: to the previous one, 1: to the next @returns {HTMLButtonElement} */
  button(step) {
    return /** @type {HTMLButtonElement} */ (this.#form.querySelector(`[data-step="${step}"]`));
  }

  /** Keeps the keyboard where it was: at this step, or at the other where this was the last. @param {number} step */
  focus(step) {
    const button = this.button(step);
    (button.disabled ? this.button(-step) : button).focus({ preventScroll: true });
  }
}
