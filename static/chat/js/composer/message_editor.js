import { AttachmentField } from "../attachments/attachment_field.js";
import { Draft } from "./draft.js";
import { MessageField } from "./message_field.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { gettext } from "../lib/i18n.js";
import { isBlank } from "../lib/is_blank.js";
import { lengthObjection } from "./length_check.js";
import { uuid } from "../lib/uuid.js";

const SAVE_MS = 300;
const BUSY = gettext("A file is still being uploaded. Send when it is there.");

/**
 * A message of one's own while it is edited, in its place, with its files. What is written is a draft until the server
 * has it.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 * @typedef {import("./draft_storage.js").DraftStorage} DraftStorage
 * @typedef {import("../api/requests.js").Question} Question
 *
 * @typedef {object} EditedMessage
 * @property {string} id
 * @property {string | null} parent
 * @property {string} text
 * @property {Attachment[]} attachments
 * @property {() => HTMLFormElement} openEditor
 * @property {() => void} closeEditor
 * @property {(name: string) => void} focusAction
 *
 * @typedef {object} Owner
 * @property {import("../api/requests.js").Requests} requests
 * @property {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {(sentence: string) => void} announce to those who do not see the page
 * @property {(question: Question) => void} onSend
 */
export class MessageEditor {
  #view;
  #form;
  #field;
  #files;
  #draft;
  #conversation;
  #limit;
  #owner;
  #saving = 0;
  #listening = new AbortController();

  /**
   * @param {EditedMessage} view
   * @param {DraftStorage} drafts
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
    this.#field = new MessageField(text, { onSend: () => this.#send(), onInput: () => this.#typed() });
    this.#files = new AttachmentField(this.#form, {
      ...owner,
      complain: (sentence) => this.complain(sentence),
      onChange: () => this.#save(),
      onRemoved: (attachment) => this.#removed(attachment),
      signal: this.#listening.signal,
    });
    const draft = this.#draft.restore();
    this.#show(draft?.text || draft?.attachments.length ? draft : view);
    this.#listen();
    this.focus();
    text.setSelectionRange(text.value.length, text.value.length);
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
    this.#show({ text: "", attachments: [] });
  }

  accepted() {
    this.#draft.discard();
    this.close();
  }

  /** It was sent in vain. */
  giveBack() {
    this.#show(this.#draft.takeBack(this.#written));
    this.#files.verify();
    this.focus();
  }

  /** @param {string} sentence @param {import("../ui/failure_advice.js").AdviceLink} [link] */
  complain(sentence, link) {
    const notice = /** @type {HTMLElement} */ (this.#form.querySelector(".editor__notice"));
    notice.replaceChildren(...failureAdvice(sentence, link));
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
    this.#files.stop();
    for (const attachment of this.#files.attachments) this.#removed(attachment);
    this.#show({ text: "", attachments: [] });
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
    if (isBlank(text) && this.#files.isEmpty) return this.complain(gettext("Write something first."));
    // Without a change there is nothing to ask: another answer is to be had below the answer.
    if (this.#isAsItWas) return this.#discard();
    const objection = lengthObjection(text, this.#limit) || this.#files.objection || (this.#files.isBusy && BUSY);
    if (objection) return this.complain(objection);
    this.complain("");
    if (this.#files.insist()) return;
    this.#owner.onSend({ ...this.#identify(), ...this.#written });
  }

  /** The ids under which it was sent in vain, if it is still the same. */
  #identify() {
    const parent = this.#view.parent;
    return this.#draft.sentBefore(this.#written) ?? { id: uuid(), conversation: this.#conversation, parent };
  }

  get #written() {
    return { text: this.#field.value, attachments: this.#files.attachments };
  }

  get #isAsItWas() {
    const { text, attachments } = this.#view;
    const isSameText = this.#field.value === text.replace(/\r\n?/g, "\n");
    return isSameText && !this.#files.isBusy && idsOf(this.#files.attachments) === idsOf(attachments);
  }

  /** @param {{text: string, attachments: Attachment[]}} written */
  #show({ text, attachments }) {
    this.#field.value = text;
    this.#files.attachments = attachments;
  }

  /** What no message bears is not kept at the site. @param {Attachment} attachment */
  #removed({ id }) {
    if (!this.#view.attachments.some((borne) => borne.id === id)) void this.#owner.requests.discardAttachment(id);
  }

  #typed() {
    this.complain("");
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_MS);
  }

  /** The message as it was is no draft. */
  #save() {
    clearTimeout(this.#saving);
    this.#draft.save(this.#isAsItWas ? { text: "", attachments: [] } : this.#written);
  }
}

/** @param {Attachment[]} attachments */
function idsOf(attachments) {
  return attachments.map(({ id }) => id).join();
}
