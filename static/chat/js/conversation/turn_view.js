import { MessageView } from "../message/message_view.js";

/**
 * A turn on the page while it is on its way: what it adds to the thread, and what it takes off it until the site has
 * granted it.
 *
 * @typedef {import("../api/requests.js").Question} Question
 * @typedef {import("../api/requests.js").Turn} Turn
 * @typedef {import("../lib/stream.js").Start} Start
 */
export class TurnView {
  /** The message that the answer is written into. @type {MessageView} */
  answer;
  /** @type {MessageView[]} */
  #added;
  /** What the first of them is an alternative to. */
  #old;
  /** @type {() => void} */
  #restore;
  /** What had the focus, such as the button that asked for it. */
  #focused;

  /** @param {import("./thread.js").Thread} thread @param {Turn} turn */
  constructor(thread, turn) {
    this.#focused = document.activeElement;
    const old = "message" in turn && turn.kind !== "answer" ? /** @type {MessageView} */ (thread.find(turn.message)) : null;
    this.answer = turn.kind === "continue" && old ? old : MessageView.create("assistant");
    this.#added = [...("question" in turn ? [asked(turn.question)] : []), ...(this.answer === old ? [] : [this.answer])];
    this.#old = old;
    if (this.answer === old) this.#restore = old.reopen();
    else this.#restore = old ? thread.cut(old) : () => {};
    thread.append(...this.#added);
    // What had it is gone, or about to be.
    if (old || turn.kind === "answer") (this.#added[0] ?? this.answer).element.focus({ preventScroll: true });
  }

  /** The site has it. @param {Start} start */
  granted({ message, parent }) {
    const [first] = this.#added;
    if (!first) return;
    const id = first === this.answer ? message : parent;
    first.id = id;
    if (first !== this.answer) first.status = "complete";
    first.siblings.show(this.#old?.siblings.placeOf(id));
  }

  /** It came to nothing: the thread is as it was. */
  refused() {
    for (const { element } of this.#added) element.remove();
    this.#restore();
    if ([document.body, this.answer.element].includes(/** @type {HTMLElement} */ (document.activeElement))) focusAgain(this.#focused);
  }
}

/** @param {Element | null} element which may be in a menu that has closed meanwhile */
function focusAgain(element) {
  if (!(element instanceof HTMLElement)) return;
  element.focus({ preventScroll: true });
  if (document.activeElement !== element) element.closest("details")?.querySelector("summary")?.focus({ preventScroll: true });
  if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (element.closest(".message"))?.focus({ preventScroll: true });
}

/** @param {Question} question */
function asked({ text, attachments, parent }) {
  const view = MessageView.create("user");
  view.status = "sending";
  view.text = text;
  view.attachments = attachments;
  view.parent = parent;
  return view;
}
