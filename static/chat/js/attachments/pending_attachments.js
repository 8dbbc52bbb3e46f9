import { AttachmentChip } from "./attachment_chip.js";
import { UploadQueue } from "../api/upload_queue.js";
import { VisionCheck } from "./vision_check.js";
import { fileName } from "../lib/file_name.js";
import { fileSize } from "../lib/file_size.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { uuid } from "../lib/uuid.js";

/** What the site says of a file that it will never take. */
const HOPELESS = [400, 404, 409, 413, 415];
const NOT_FOUND = 404;
const FAILED = gettext("A file could not be attached. Try again there, or remove it; then send.");
const LEFT_OUT = gettext("What is too many was left out.");
const REMOVE_SOME = gettext("Remove some.");
const GONE = gettext("The site does not have this file any more: what is not sent is deleted after a day. Remove it, and attach it again.");

/**
 * The files beside a text that is being written, as a list of chips: those that are being uploaded, those that the site
 * has, those that failed.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 *
 * @typedef {object} Owner
 * @property {import("../api/requests.js").Requests} requests
 * @property {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {(sentence: string) => void} announce to those who do not see the page
 * @property {(sentence: string) => void} complain
 * @property {() => void} onChange files came, went, or were stored
 * @property {(attachment: Attachment) => void} onRemoved somebody has taken it out
 * @property {AbortSignal} [signal] the text is not written any more
 */
export class PendingAttachments {
  #list;
  #field;
  #objection;
  #owner;
  #limits;
  #visionCheck;
  #uploads;
  /** @type {WeakMap<HTMLElement, {id: string, file: File, stop: AbortController}>} what was chosen here */
  #sources = new WeakMap();

  /** @param {HTMLFormElement} form @param {Owner} owner */
  constructor(form, owner) {
    this.#list = /** @type {HTMLElement} */ (form.querySelector(".chips"));
    this.#field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    this.#objection = /** @type {HTMLElement} */ (form.querySelector(".chips__objection"));
    this.#owner = owner;
    const composer = /** @type {HTMLFormElement} */ (document.getElementById("composer"));
    const { attachmentLimit, attachmentBytes } = composer.dataset;
    this.#limits = { count: Number(attachmentLimit) || Infinity, bytes: Number(attachmentBytes) || Infinity };
    this.#visionCheck = new VisionCheck(composer);
    this.#uploads = new UploadQueue(owner.requests);
    this.#list.addEventListener("click", ({ target }) => this.#clicked(/** @type {Element} */ (target)));
    composer.addEventListener("change", () => this.#list.isConnected && this.#changed(), owner.signal ? { signal: owner.signal } : {});
  }

  get #all() {
    const elements = /** @type {NodeListOf<HTMLElement>} */ (this.#list.querySelectorAll(".chip"));
    return Array.from(elements, (element) => new AttachmentChip(element));
  }

  get isEmpty() {
    return !this.#all.length;
  }

  get isBusy() {
    return this.#all.some(({ state }) => state === "uploading");
  }

  /** Those that the site has. @returns {Attachment[]} */
  get attachments() {
    return this.#all.flatMap(({ state, attachment }) => (state === "stored" && attachment ? [attachment] : []));
  }

  /** In place of those that the site has; what is on its way stays behind them. @param {Attachment[]} attachments */
  show(attachments) {
    for (const { state, element } of this.#all) if (state === "stored") element.remove();
    this.#list.prepend(...attachments.map((attachment) => AttachmentChip.showing(attachment).element));
    this.#changed();
  }

  /** Why it cannot be sent as it is; empty: it can, or will when nothing is on its way any more. */
  get objection() {
    const all = this.#all;
    if (all.some(({ state }) => state === "failed")) return FAILED;
    return all.length > this.#limits.count ? `${this.#limit} ${REMOVE_SOME}` : "";
  }

  /** Is there something that the chosen model cannot see? Then that is said with more emphasis. */
  insist() {
    const sentence = this.#objection.textContent ?? "";
    if (sentence) this.#owner.announce(sentence);
    this.#objection.toggleAttribute("data-insisted", sentence !== "");
    return sentence !== "";
  }

  /** @param {File[]} files */
  add(files) {
    const small = files.filter(({ size }) => size <= this.#limits.bytes);
    const taken = small.slice(0, Math.max(0, this.#limits.count - this.#all.length));
    const sentences = files.filter((file) => !small.includes(file)).map((file) => this.#tooLarge(file));
    if (taken.length < small.length) sentences.push(`${this.#limit} ${LEFT_OUT}`);
    this.#owner.complain(sentences.join(" "));
    if (taken.length) this.#owner.announce(interpolate(ngettext("%(count)s file is being uploaded.", "%(count)s files are being uploaded.", taken.length), { count: taken.length }));
    for (const file of taken) this.#begin(file);
    this.#list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** What is on its way is not wanted any more. */
  stop() {
    for (const { element } of this.#all) this.#sources.get(element)?.stop.abort();
  }

  /** Which of them does the site still have? Those that it has not say so. */
  async verify() {
    await Promise.all(this.#all.filter(({ state }) => state === "stored").map((chip) => this.#verify(chip)));
    this.#changed();
  }

  /** @param {AttachmentChip} chip */
  async #verify(chip) {
    const response = await fetch(chip.attachment?.url ?? "", { method: "HEAD" }).catch(() => null);
    if (response?.status === NOT_FOUND) chip.fail({ sentence: GONE }, false);
  }

  /** @param {File} file */
  #begin(file) {
    const chip = AttachmentChip.of(file);
    this.#list.append(chip.element);
    this.#sources.set(chip.element, { id: uuid(), file, stop: new AbortController() });
    void this.#send(chip);
  }

  /** @param {AttachmentChip} chip */
  async #send(chip) {
    const source = this.#sources.get(chip.element);
    if (!source) return;
    chip.begin();
    this.#changed();
    const { signal } = source.stop;
    const outcome = await this.#uploads.send(source.id, source.file, { onProgress: (part) => (chip.progress = part), signal });
    if (signal.aborted) return;
    if ("attachment" in outcome) this.#stored(chip, outcome.attachment);
    else this.#failed(chip, outcome.failure);
    this.#changed();
  }

  /** @param {AttachmentChip} chip @param {Attachment} attachment */
  #stored(chip, attachment) {
    chip.store(attachment);
    this.#owner.announce(interpolate(gettext("%(name)s is attached."), { name: chip.name }));
  }

  /** @param {AttachmentChip} chip @param {import("../lib/failure.js").Failure} failure */
  #failed(chip, failure) {
    const advice = this.#owner.advise(failure);
    chip.fail(advice, !HOPELESS.includes(failure.status) && failure.code !== "unreadable");
    chip.element.scrollIntoView({ block: "nearest" });
    this.#owner.announce(`${chip.name}: ${advice.sentence}`);
  }

  /** @param {Element} target */
  #clicked(target) {
    const element = /** @type {HTMLElement | null} */ (target.closest(".chip"));
    if (!element) return;
    if (target.closest(".chip__remove")) this.#remove(new AttachmentChip(element));
    if (target.closest(".chip__retry")) this.#again(new AttachmentChip(element));
  }

  /** @param {AttachmentChip} chip */
  #again(chip) {
    void this.#send(chip);
    chip.focus();
  }

  /** What was never sent is not kept at the site either. @param {AttachmentChip} chip */
  #remove(chip) {
    this.#sources.get(chip.element)?.stop.abort();
    const { attachment, name } = chip;
    if (attachment) this.#owner.onRemoved(attachment);
    const beside = chip.element.nextElementSibling ?? chip.element.previousElementSibling;
    chip.element.remove();
    if (beside instanceof HTMLElement) new AttachmentChip(beside).focus();
    else this.#field.focus({ preventScroll: true });
    this.#owner.announce(interpolate(gettext("%(name)s is removed."), { name }));
    this.#changed();
  }

  #changed() {
    // With a file there need be no words.
    this.#field.required = this.isEmpty;
    this.#look();
    this.#owner.onChange();
  }

  /** Says at once what the chosen model cannot do with them. */
  #look() {
    const sentence = this.#visionCheck.objection(this.attachments);
    if (sentence && this.#objection.hidden) this.#owner.announce(sentence);
    if (sentence !== this.#objection.textContent) this.#objection.removeAttribute("data-insisted");
    this.#objection.textContent = sentence;
    this.#objection.hidden = !sentence;
  }

  get #limit() {
    const { count } = this.#limits;
    return interpolate(ngettext("A message takes %(count)s file.", "A message takes %(count)s files.", count), { count });
  }

  /** @param {File} file */
  #tooLarge(file) {
    const { lang } = document.documentElement;
    const [size, limit] = [fileSize(file.size, lang), fileSize(this.#limits.bytes, lang)];
    return interpolate(gettext("%(name)s has %(size)s; a file may have %(limit)s."), { name: `\u2068${fileName(file)}\u2069`, size, limit });
  }
}
