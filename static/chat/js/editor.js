import { Draft } from "./draft.js";
import { Field } from "./field.js";
import { gettext } from "./i18n.js";
import { linkTo } from "./remedy.js";
import { tooLong } from "./too_long.js";
import { uuid } from "./uuid.js";

const SAVE_MS = 300;

/**
 * A message of one's own while it is edited, in its place. What is typed is a draft until the server has it.
 *
 * @typedef {import("./drafts.js").Drafts} Drafts
 * @typedef {import("./http.js").Question} Question
 * @typedef {import("./message.js").MessageView} MessageView
 *
 * @typedef {object} Owner
 * @property {(question: Question) => void} onSend
 */
export class Editor {
  #view;
  #form;
  #field;
  #draft;
  #conversation;
  #limit;
  #owner;
  #saving = 0;
  #listening = new AbortController();

  /**
   * @param {MessageView} view
   * @param {Drafts} drafts
   * @param {string} conversation
   * @param {number} limit in characters
   * @param {Owner} owner
   */
  constructor(view, drafts, conversation, limit, owner) {
    this.#view = view;
    this.#conversation = conversation;
    this.#limit = limit;
    this.#owner = owner;
    this.#draft = new Draft(drafts, `${conversation}.edit.${view.id}`);
    this.#form = view.openEditor();
    const text = /** @type {HTMLTextAreaElement} */ (this.#form.elements.namedItem("text"));
    this.#field = new Field(text, { onSend: () => this.#send(), onInput: () => this.#typed() });
    this.#field.value = this.#draft.restore() || view.text;
    this.#listen();
    this.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  get view() {
    return this.#view;
  }

  /** Is it on the page, rather than in a branch that is not on show? */
  get isOpen() {
    return this.#form.isConnected;
  }

  focus() {
    this.#field.focus();
  }

  /** @param {Question} question */
  handOver(question) {
    this.#draft.handOver(question);
    this.#field.value = "";
  }

  accepted() {
    this.#draft.discard();
    this.close();
  }

  /** It was sent in vain. */
  giveBack() {
    this.#field.value = this.#draft.takeBack("");
    this.focus();
  }

  /** @param {string} sentence @param {import("./remedy.js").Remedy} [remedy] */
  complain(sentence, remedy) {
    const notice = /** @type {HTMLElement} */ (this.#form.querySelector(".editor__notice"));
    notice.replaceChildren(sentence, ...linkTo(remedy));
    notice.hidden = !sentence;
  }

  /** The message stands there again. What was typed and not discarded is there when it is edited again. */
  close() {
    this.#listening.abort();
    this.#save();
    this.#view.closeEditor();
  }

  #listen() {
    const { signal } = this.#listening;
    this.#form.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.#form.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.#form.querySelector(".editor__cancel")?.addEventListener("click", (event) => this.#cancel(event), { signal });
    addEventListener("pagehide", () => this.#save(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#save(), { signal });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    // Elsewhere it stops an answer.
    event.stopPropagation();
    this.#cancel(event);
  }

  /** @param {Event} event */
  #cancel(event) {
    event.preventDefault();
    this.#discard();
  }

  #discard() {
    this.#field.value = "";
    this.#draft.discard();
    this.close();
    this.#view.focusAction("edit");
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    this.#send();
  }

  #send() {
    const text = this.#field.value;
    if (!text.trim()) return this.complain(gettext("Write something first."));
    // Without a change there is nothing to ask: another answer is to be had below the answer.
    if (text === this.#view.text.replace(/\r\n?/g, "\n")) return this.#discard();
    const isTooLong = tooLong(text, this.#limit);
    if (isTooLong) return this.complain(isTooLong);
    this.complain("");
    this.#owner.onSend({ ...this.#identify(text), text });
  }

  /** The ids under which it was sent in vain, if it is still the same. @param {string} text */
  #identify(text) {
    const parent = this.#view.parent;
    return this.#draft.sentBefore(text) ?? { id: uuid(), conversation: this.#conversation, parent };
  }

  #typed() {
    this.complain("");
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_MS);
  }

  /** The text as it was is no draft. */
  #save() {
    clearTimeout(this.#saving);
    const text = this.#field.value;
    this.#draft.save(text === this.#view.text ? "" : text);
  }
}
