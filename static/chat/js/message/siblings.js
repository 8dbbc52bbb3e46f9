import { gettext, interpolate } from "../lib/i18n.js";

const FIRST = { number: 1, count: 1, previous: "", next: "", last: "" };

/**
 * Which of its alternatives a message is, and the steps to the others: "2 of 3". The message's element says so, by
 * `data-number` and the like, unless it is the only one.
 *
 * @typedef {object} Place
 * @property {number} number from 1, oldest first
 * @property {number} count
 * @property {string} previous the id of that one; empty: there is none, or it is not known
 * @property {string} next
 * @property {string} last the id of the newest
 */
export class Siblings {
  #element;
  #own;

  /** @param {HTMLElement} element the message's @param {string} own its id */
  constructor(element, own) {
    this.#element = element;
    this.#own = own;
  }

  /** @returns {Place} */
  get place() {
    const { number = 1, count = 1, previous = "", next = "", last = this.#own } = this.#element.dataset;
    return { number: Number(number), count: Number(count), previous, next, last };
  }

  /** Where another one stands that is made in place of this. It may have been before, by a request that is repeated. @param {string} id @returns {Place} */
  placeOf(id) {
    const { number, count, next, last } = this.place;
    if (next === id) return { number: number + 1, count, previous: this.#own, next: "", last };
    if (last === id) return { number: count, count, previous: "", next: "", last };
    return { number: count + 1, count: count + 1, previous: last, next: "", last: id };
  }

  /** @param {Place} [place] it is the only one, if there is none */
  show(place = FIRST) {
    const { dataset } = this.#element;
    for (const [name, value] of Object.entries(place)) {
      if (place.count > 1 && value) dataset[name] = String(value);
      else delete dataset[name];
    }
    this.#form.hidden = place.count < 2;
    /** @type {HTMLElement} */ (this.#form.querySelector(".siblings__place")).textContent = interpolate(gettext("%(number)s of %(count)s"), place);
    for (const step of [-1, 1]) this.button(step).disabled = !this.beside(step);
  }

  /** Which one is a step away. @param {number} step */
  beside(step) {
    const { previous, next } = this.place;
    return step < 0 ? previous : next;
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

  get #form() {
    return /** @type {HTMLElement} */ (this.#element.querySelector(".siblings"));
  }
}
