import { FeedbackMark } from "./feedback_mark.js";
import { gettext } from "../lib/i18n.js";
import { scrollToReveal } from "../ui/scroll_to_reveal.js";

const SAID = { up: gettext("Marked as a good answer."), down: gettext("Marked as a bad answer.") };
const WITHDRAWN = gettext("The mark is taken back.");
const SAVED = gettext("The comment is saved.");

/**
 * What the reader thinks of answers: good or bad, and, if they like, why. The page shows it at once; if it cannot be
 * stored it is put back as it was, and said. What is typed into a comment stays until it is stored.
 *
 * @typedef {import("../ui/failure_advice.js").Advice} Advice
 * @typedef {import("../lib/failure.js").Failure} Failure
 * @typedef {import("../api/requests.js").Feedback} Feedback
 *
 * @typedef {object} Owner
 * @property {(failure: Failure) => Advice} advise
 * @property {(sentence: string) => void} announce to those who do not see the page
 * @property {(advice: Advice) => void} complain
 */
export class FeedbackForms {
  #requests;
  #owner;
  /** The last request about an answer: the next one waits for it, so that what was pressed last counts. @type {WeakMap<Element, Promise<unknown>>} */
  #underway = new WeakMap();

  /** @param {HTMLElement} thread @param {import("../api/requests.js").Requests} requests @param {Owner} owner */
  constructor(thread, requests, owner) {
    this.#requests = requests;
    this.#owner = owner;
    thread.addEventListener("submit", (event) => this.#submitted(event));
    thread.addEventListener("keydown", (event) => this.#pressed(event));
    thread.addEventListener("click", (event) => this.#clicked(event));
    thread.addEventListener("toggle", ({ target }) => this.toggled(target), true);
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLElement} */ (event.target);
    const isValue = form.matches(".feedback");
    const element = form.closest(".message");
    if (!(element instanceof HTMLElement) || !(isValue || form.matches(".comment__form"))) return;
    event.preventDefault();
    const mark = new FeedbackMark(element);
    if (isValue) void this.#choose(mark, /** @type {HTMLButtonElement} */ (event.submitter).value);
    else void this.#comment(mark);
  }

  /** @param {EventTarget | null} comment */
  toggled(comment) {
    if (comment instanceof HTMLDetailsElement && comment.matches(".comment[open]")) scrollToReveal(comment);
  }

  /** @param {FeedbackMark} mark @param {string} value */
  async #choose(mark, value) {
    if (value && !mark.value) mark.open();
    mark.value = value;
    const failure = await this.#send(mark, { value });
    if (!failure) mark.storedValue = value;
    // What was pressed meanwhile counts.
    if (mark.value !== value) return;
    if (failure) {
      mark.value = mark.storedValue;
      return this.#owner.complain(this.#owner.advise(failure));
    }
    if (!value) mark.forget();
    this.#owner.complain({ sentence: "" });
    this.#owner.announce(SAID[/** @type {"up" | "down"} */ (value)] ?? WITHDRAWN);
  }

  /** @param {FeedbackMark} mark */
  async #comment(mark) {
    const { value, text } = mark;
    mark.complain({ sentence: "" });
    const failure = await this.#send(mark, { value, comment: text });
    if (failure) return mark.complain(this.#owner.advise(failure));
    mark.stored(text.trim());
    this.#owner.announce(SAVED);
    if (mark.text === text) mark.close();
  }

  /** @param {FeedbackMark} mark @param {Feedback} opinion @returns {Promise<Failure | null>} */
  #send(mark, opinion) {
    const before = this.#underway.get(mark.element) ?? Promise.resolve();
    const sending = before.then(() => this.#requests.saveFeedback(mark.id, opinion));
    this.#underway.set(mark.element, sending);
    return sending;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const form = event.target instanceof Element ? event.target.closest(".comment[open]")?.querySelector("form") : null;
    if (!form || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key !== "Escape") return;
    // Elsewhere it stops an answer.
    event.stopPropagation();
    event.preventDefault();
    FeedbackMark.of(form)?.close();
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    const button = target instanceof Element ? target.closest(".comment__close") : null;
    if (button) FeedbackMark.of(button)?.close();
  }
}
