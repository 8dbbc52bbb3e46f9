import { Draft } from "./draft.js";
import { Field } from "./field.js";
import { gettext } from "./i18n.js";
import { linkTo } from "./remedy.js";
import { tooLong } from "./too_long.js";

const SAVE_MS = 300;
/** How long a page may go on living after it was left. */
const LEAVING_MS = 5_000;

/**
 * Where messages are written: keys, size, draft, and what is wrong with what was sent.
 *
 * @typedef {import("./drafts.js").Drafts} Drafts
 * @typedef {import("./http.js").Question} Question
 * @typedef {import("./remedy.js").Remedy} Remedy
 *
 * @typedef {object} Owner
 * @property {(text: string) => void} onSend
 * @property {() => boolean} onUp the key ↑ in the empty field; was there a message to edit?
 */
export class Composer {
  /** Why nothing can be sent now. */
  static STILL_RUNNING = gettext("The answer is still being written. Wait for its end, or stop it with Esc; what you typed stays here.");

  #form;
  #notice;
  #text;
  #draft;
  #owner;
  #limit;
  #saving = 0;
  #isRunning = false;
  #isLeaving = false;

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLElement} notice
   * @param {Drafts} drafts
   * @param {string} place the conversation that the draft belongs to
   * @param {Owner} owner
   */
  constructor(form, notice, drafts, place, owner) {
    this.#form = form;
    this.#notice = notice;
    this.#draft = new Draft(drafts, place);
    this.#owner = owner;
    const text = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    this.#text = new Field(text, { onSend: () => this.#send(), onInput: () => this.#typed(), onUp: () => owner.onUp() });
    this.#limit = Number(form.dataset["limit"]);
    this.#text.value = this.#draft.restore() || this.#text.value;
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
    return !this.#text.value.trim();
  }

  /** Under which ids the text as it stands was sent before. */
  get sentBefore() {
    return this.#draft.sentBefore(this.#text.value);
  }

  /** @param {boolean} isRunning Stop instead of Send? */
  set isRunning(isRunning) {
    this.#isRunning = isRunning;
    const hadFocus = this.#form.contains(document.activeElement);
    this.#form.toggleAttribute("data-running", isRunning);
    if (hadFocus) this.focus();
  }

  focus() {
    this.#text.focus();
  }

  /** The text is on its way: the field is free, the draft stays until the server has it. @param {Question} question */
  handOver(question) {
    this.#draft.handOver(question);
    this.#text.value = "";
    this.complain("");
  }

  /** The server has it. @param {string} conversation where what is typed next belongs */
  accepted(conversation) {
    const forget = () => this.#draft.accepted(conversation, this.#text.value);
    // The page that is being loaded in place of this one may not know of it, and then looks for what was sent.
    if (this.#isLeaving) setTimeout(forget, LEAVING_MS);
    else forget();
  }

  /** The text in the field, too, turns out to be there. @param {string} conversation */
  wasAccepted(conversation) {
    this.#text.value = "";
    this.#draft.accepted(conversation, "");
  }

  /** It was sent in vain: back into the field, before what was typed meanwhile. */
  giveBack() {
    this.#text.value = this.#draft.takeBack(this.#text.value);
    this.focus();
  }

  /** What was given back is to be sent after a login. @returns {string} its id; empty if it is not the same text */
  awaitLogin() {
    return this.#draft.awaitLogin(this.#text.value)?.id ?? "";
  }

  /** The text that its writer has come back with from the login, once; else empty. @param {string} id */
  takeReturned(id) {
    return this.#draft.hasReturned(this.#text.value, id) ? this.#text.value : "";
  }

  /** Says what went wrong; nothing if `sentence` is empty. @param {string} sentence @param {Remedy} [remedy] */
  complain(sentence, remedy) {
    this.#notice.replaceChildren(sentence, ...linkTo(remedy));
    this.#notice.hidden = !sentence;
  }

  /** @param {string} text */
  suggest(text) {
    this.#text.value = text;
    this.#save();
    this.focus();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
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
    const text = this.#text.value;
    if (!text.trim()) return this.focus();
    if (this.#isRunning) return this.complain(Composer.STILL_RUNNING);
    const isTooLong = tooLong(text, this.#limit);
    if (isTooLong) return this.complain(isTooLong);
    this.#owner.onSend(text);
  }

  #typed() {
    this.#isLeaving = false;
    this.complain("");
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.#save(), SAVE_MS);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#draft.save(this.#text.value);
  }
}
