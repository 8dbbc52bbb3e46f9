import { AttachmentField } from "../attachments/attachment_field.js";
import { Draft } from "./draft.js";
import { MessageField } from "./message_field.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { gettext } from "../lib/i18n.js";
import { isBlank } from "../lib/is_blank.js";
import { lengthObjection } from "./length_check.js";

const SAVE_MS = 300;
const WAITING = gettext("Sent as soon as the files are there. Esc takes it back.");
const NOT_SENT = gettext("Not sent.");
/** How long a page may go on living after it was left. */
const LEAVING_MS = 30_000;

/**
 * Where messages are written: keys, size, files, draft, and what is wrong with what was sent.
 *
 * @typedef {import("./draft_storage.js").DraftStorage} DraftStorage
 * @typedef {import("./draft_storage.js").Written} Written
 * @typedef {import("../api/requests.js").Question} Question
 * @typedef {import("../ui/failure_advice.js").AdviceLink} AdviceLink
 *
 * @typedef {object} Owner
 * @property {import("../api/requests.js").Requests} requests
 * @property {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {(sentence: string) => void} announce to those who do not see the page
 * @property {() => boolean} mayAsk is nothing on its way, and nothing being answered?
 * @property {(written: Written) => void} onSend
 * @property {() => boolean} onUp the key ↑ in the empty field; was there a message to edit?
 */
export class Composer {
  /** Why nothing can be sent now. */
  static STILL_RUNNING = gettext("The answer is still being written. Wait for its end, or stop it with Esc; what you typed stays here.");

  #form;
  #notice;
  #text;
  #files;
  #draft;
  #owner;
  #limit;
  /** Why what stands here could not be sent for its files. */
  #objection = "";
  #saving = 0;
  #isLeaving = false;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLElement} notice
   * @param {DraftStorage} drafts
   * @param {string} place the conversation that the draft belongs to
   * @param {Owner} owner
   */
  constructor(form, notice, drafts, place, owner) {
    this.#form = form;
    this.#notice = notice;
    this.#draft = new Draft(drafts, place);
    this.#owner = owner;
    const text = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    this.#text = new MessageField(text, { onSend: () => this.#send(), onInput: () => this.#typed(), onUp: () => owner.onUp() });
    this.#limit = Number(form.dataset["limit"]);
    this.#files = new AttachmentField(form, {
      ...owner,
      complain: (sentence) => this.complain(sentence),
      onChange: () => this.#filesChanged(),
      onRemoved: ({ id }) => void owner.requests.discardAttachment(id),
    });
    this.#restore();
    this.#listen();
  }

  get model() {
    const picker = /** @type {HTMLSelectElement | null} */ (this.#form.elements.namedItem("model"));
    return picker?.value || undefined;
  }

  /** How many characters a message may have; 0: as many as one likes. */
  get limit() {
    return this.#limit;
  }

  get isEmpty() {
    return isBlank(this.#text.value) && this.#files.isEmpty;
  }

  /** Under which ids what stands here was sent before. */
  get sentBefore() {
    return this.#draft.sentBefore(this.#written);
  }

  /** Shows Stop instead of Send, or Send again. @param {boolean} isStop */
  showStop(isStop) {
    // The one button gives way to the other; whoever is at the models or the files stays there.
    const hadFocus = document.activeElement?.matches(".composer__send, .composer__stop");
    this.#form.toggleAttribute("data-running", isStop);
    if (hadFocus) this.focus();
  }

  focus() {
    this.#text.focus();
  }

  /** It is on its way: the field is free, the draft stays until the server has it. @param {Question} question */
  handOver(question) {
    this.#draft.handOver(question);
    this.#show({ text: "", attachments: [] });
    this.complain("");
  }

  /** The server has it. @param {string} conversation where what is typed next belongs */
  accepted(conversation) {
    const forget = () => this.#draft.accepted(conversation, this.#written);
    // The page that is being loaded in place of this one may not know of it, and then looks for what was sent.
    if (this.#isLeaving) setTimeout(forget, LEAVING_MS);
    else forget();
  }

  /** What stands here, too, turns out to be there. @param {string} conversation */
  wasAccepted(conversation) {
    this.#show({ text: "", attachments: [] });
    this.#draft.accepted(conversation, this.#written);
  }

  /** It was sent in vain: back into the field, before what was typed meanwhile. */
  giveBack() {
    this.#show(this.#draft.takeBack(this.#written));
    this.#files.verify();
    this.focus();
  }

  /** @param {File[]} files that were dropped on the page */
  attach(files) {
    void this.#files.add(files);
  }

  /** What was given back is to be sent after a login. @returns {string} its id; empty if it is not the same text */
  awaitLogin() {
    return this.#draft.awaitLogin(this.#written)?.id ?? "";
  }

  /** What its writer has come back with from the login, once; else nothing. @param {string} id */
  takeReturned(id) {
    return this.#draft.hasReturned(this.#written, id) ? this.#written : null;
  }

  /** Is something being said here? */
  get isComplaining() {
    return !this.#notice.hidden;
  }

  /** Says what went wrong; nothing if `sentence` is empty. @param {string} sentence @param {AdviceLink} [link] */
  complain(sentence, link) {
    this.#notice.replaceChildren(...failureAdvice(sentence, link));
    this.#notice.hidden = !sentence;
  }

  /** @param {string} text */
  suggest(text) {
    this.#text.value = text;
    this.#save();
    this.focus();
  }

  get #written() {
    return { text: this.#text.value, attachments: this.#files.attachments };
  }

  /** @param {Written} written */
  #show({ text, attachments }) {
    this.#text.value = text;
    this.#files.attachments = attachments;
  }

  #restore() {
    const draft = this.#draft.restore();
    if (draft) this.#show({ ...draft, text: draft.text || this.#text.value });
    else this.#text.value = this.#text.value;
    this.#files.verify();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.#form.addEventListener("keydown", (event) => event.key === "Escape" && this.#isWaiting && this.#stopWaiting(event));
    addEventListener("beforeunload", () => (this.#isLeaving = true));
    addEventListener("pagehide", () => this.#save());
    addEventListener("storage", () => this.#draft.overwritten());
    document.addEventListener("visibilitychange", () => document.hidden && this.#save());
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    this.#send();
  }

  #send() {
    this.#isWaiting = false;
    if (this.isEmpty) return this.focus();
    if (!this.#owner.mayAsk()) return this.complain(Composer.STILL_RUNNING);
    const isTooLong = lengthObjection(this.#text.value, this.#limit);
    if (isTooLong) return this.complain(isTooLong);
    this.#objection = this.#files.objection;
    if (this.#objection) return this.complain(this.#objection);
    if (this.#files.insist()) return;
    if (this.#files.isBusy) return this.#wait();
    if (isBlank(this.#text.value)) this.#text.value = "";
    this.#owner.onSend(this.#written);
  }

  /** For the files; then it is sent. */
  #wait() {
    this.#isWaiting = true;
    this.complain("");
    this.#owner.announce(WAITING);
  }

  /** @param {Event} event */
  #stopWaiting(event) {
    event.stopPropagation();
    this.#isWaiting = false;
    this.#owner.announce(NOT_SENT);
  }

  get #isWaiting() {
    return this.#form.hasAttribute("data-waiting");
  }

  set #isWaiting(isWaiting) {
    this.#form.toggleAttribute("data-waiting", isWaiting);
  }

  #filesChanged() {
    this.#save();
    if (this.#objection && !this.#files.objection && this.#notice.textContent === this.#objection) this.complain("");
    if (this.#isWaiting && !this.#files.isBusy) this.#send();
  }

  #typed() {
    this.#isLeaving = false;
    this.#isWaiting = false;
    this.complain("");
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_MS);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#draft.save(this.#written);
  }
}
