import { askBeforeLeaving } from "../ui/ask_before_leaving.js";
import { gettext } from "../lib/i18n.js";

const NOT_HERE = gettext("Files cannot be attached here.");
const UNREACHABLE = gettext("The site could not be reached. Try again.");

/**
 * The ways by which files come to a text that is being written: the button, and the clipboard. What becomes of them is
 * pending_attachments.js, which is loaded with the first of them.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 * @typedef {import("./pending_attachments.js").PendingAttachments} PendingAttachments
 * @typedef {import("./pending_attachments.js").Owner} Owner
 */
export class AttachmentField {
  #form;
  #owner;
  /** @type {PendingAttachments | null} */
  #pending = null;
  /** What there is to show before that is loaded. @type {Attachment[]} */
  #kept = [];
  #coming = 0;

  /** @param {HTMLFormElement} form @param {Owner} owner */
  constructor(form, owner) {
    this.#form = form;
    this.#owner = owner;
    const input = this.#input;
    form.querySelector(".attach")?.addEventListener("click", () => this.#ask());
    input?.addEventListener("change", () => this.#chosen(input));
    // Those that were chosen before this was here.
    if (input?.files?.length) queueMicrotask(() => this.#chosen(input));
    form.addEventListener("paste", (event) => this.#pasted(event));
    askBeforeLeaving(() => this.isBusy, owner.signal);
  }

  /** Those that the site has. @returns {Attachment[]} */
  get attachments() {
    return this.#pending?.attachments ?? this.#kept;
  }

  set attachments(attachments) {
    this.#kept = attachments;
    if (this.#pending) this.#pending.show(attachments);
    else if (attachments.length) void this.#load().then((pending) => pending?.show(this.#kept));
  }

  get isEmpty() {
    return !this.#coming && (this.#pending?.isEmpty ?? !this.#kept.length);
  }

  /** Is one of them on its way yet? */
  get isBusy() {
    return this.#coming > 0 || (this.#pending?.isBusy ?? false);
  }

  /** Why they cannot be sent as they are; empty: they can. */
  get objection() {
    return this.#pending?.objection ?? "";
  }

  /** Is there something that the chosen model cannot see? Says so. */
  insist() {
    return this.#pending?.insist() ?? false;
  }

  /** @param {File[]} files */
  async add(files) {
    if (!this.#input) return this.#owner.complain(NOT_HERE);
    this.#coming += 1;
    const pending = await this.#load();
    this.#coming -= 1;
    if (pending) pending.add(files);
    else this.#owner.complain(UNREACHABLE);
  }

  /** What is on its way is not wanted any more. */
  stop() {
    this.#pending?.stop();
  }

  /** Those that the site does not have any more say so. */
  verify() {
    if (this.attachments.length) void this.#load().then((pending) => pending?.verify());
  }

  /** @returns {HTMLInputElement | null} null where files cannot be attached */
  get #input() {
    return this.#form.querySelector(".attach__input");
  }

  #ask() {
    this.#input?.click();
    // While somebody chooses.
    void this.#load();
  }

  /** @param {HTMLInputElement} input */
  #chosen(input) {
    const files = [...(input.files ?? [])];
    // So that the same one can be chosen again.
    input.value = "";
    if (files.length) void this.add(files);
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    // Office programs bring a picture of the text, file managers the names of the files.
    if (!files.length || (text && text !== files.map(({ name }) => name).join("\n"))) return;
    event.preventDefault();
    void this.add(files);
  }

  /** @returns {Promise<PendingAttachments | null>} null if they cannot be had: without a network, for example */
  async #load() {
    const module = await import("./pending_attachments.js").catch(() => null);
    if (module) this.#pending ??= new module.PendingAttachments(this.#form, this.#owner);
    return this.#pending;
  }
}
