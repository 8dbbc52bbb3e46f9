import { MessageView } from "./message_view.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { gettext } from "../lib/i18n.js";

const [ADD, EDIT] = [gettext("Add a comment"), gettext("Edit comment")];

/**
 * What the page says about one answer.
 *
 * @typedef {import("../ui/failure_advice.js").Advice} Advice
 */
export class FeedbackMark {
  /** @param {HTMLElement} element the message's */
  constructor(element) {
    this.element = element;
  }

  /** Of the answer that this is in. @param {Element} part */
  static of(part) {
    const element = part.closest(".message");
    return element instanceof HTMLElement ? new FeedbackMark(element) : null;
  }

  /** As the server has it, which says so in the message's element. */
  begin() {
    const { feedback = "", comment = "" } = this.element.dataset;
    this.value = this.storedValue = feedback;
    this.stored(comment);
  }

  get id() {
    return new MessageView(this.element).id;
  }

  /** `up`, `down` or nothing. */
  get value() {
    return this.#buttons.find((button) => button.ariaPressed === "true")?.dataset["value"] ?? "";
  }

  set value(value) {
    for (const button of this.#buttons) {
      const own = button.dataset["value"] ?? "";
      button.ariaPressed = String(own === value);
      button.value = own === value ? "" : own;
    }
    this.#comment.hidden = !value;
  }

  /** What the server has. */
  get storedValue() {
    return this.#values.dataset["stored"] ?? "";
  }

  set storedValue(value) {
    this.#values.dataset["stored"] = value;
  }

  /** The comment as it is typed. */
  get text() {
    return this.#field.value;
  }

  /** @param {string} comment that the server has now */
  stored(comment) {
    this.#field.defaultValue = comment;
    this.#toggle.textContent = comment ? EDIT : ADD;
  }

  /** Without the comment. */
  forget() {
    this.#field.value = "";
    this.stored("");
    this.complain({ sentence: "" });
    this.#comment.open = false;
  }

  /** Offers to comment, but does not take the focus: nobody needs to. */
  open() {
    this.#comment.open = true;
  }

  /** Gives the focus back, if it was in there. */
  close() {
    const comment = this.#comment;
    const hadFocus = comment.contains(document.activeElement);
    comment.open = false;
    if (hadFocus) this.#toggle.focus({ preventScroll: true });
  }

  /** @param {Advice} advice */
  complain({ sentence, link }) {
    const notice = /** @type {HTMLElement} */ (this.#comment.querySelector(".comment__notice"));
    notice.replaceChildren(...failureAdvice(sentence, link));
    notice.hidden = !sentence;
  }

  get #values() {
    return /** @type {HTMLElement} */ (this.element.querySelector(".feedback"));
  }

  /** @returns {HTMLButtonElement[]} */
  get #buttons() {
    return Array.from(this.#values.querySelectorAll(".feedback__value"));
  }

  get #comment() {
    return /** @type {HTMLDetailsElement} */ (this.element.querySelector(".comment"));
  }

  get #toggle() {
    return /** @type {HTMLElement} */ (this.#comment.querySelector("summary"));
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (this.#comment.querySelector("textarea"));
  }
}
