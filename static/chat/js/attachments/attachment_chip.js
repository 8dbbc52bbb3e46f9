import { attachmentSummary } from "./attachment_summary.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { fileName } from "../lib/file_name.js";
import { fileSize } from "../lib/file_size.js";
import { gettext, interpolate } from "../lib/i18n.js";

const CHECKED = gettext("is being checked");

/**
 * A file beside a text that is being written: the element of _chip.html. It is `uploading`, `stored` or `failed`, as its
 * `data-state` says; stored, it bears what the site knows of it.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 */
export class AttachmentChip {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** Of a file that is to be uploaded. @param {File} file */
  static of(file) {
    const chip = AttachmentChip.#create(fileName(file));
    chip.#part("about").textContent = fileSize(file.size, document.documentElement.lang);
    return chip;
  }

  /** Of one that the site keeps. @param {Attachment} attachment */
  static showing(attachment) {
    const chip = AttachmentChip.#create(attachment.name);
    chip.store(attachment);
    return chip;
  }

  /** @param {string} name */
  static #create(name) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("chip"));
    const chip = new AttachmentChip(/** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true)));
    chip.#name = name;
    return chip;
  }

  get name() {
    return this.#part("name").textContent ?? "";
  }

  get state() {
    return this.element.dataset["state"];
  }

  /** @returns {Attachment | null} */
  get attachment() {
    const { attachment } = this.element.dataset;
    return attachment ? JSON.parse(attachment) : null;
  }

  /** It is sent, perhaps once more. */
  begin() {
    this.#become("uploading");
    this.progress = 0;
  }

  /** How much of it is on its way; all of it: the site looks into it. @param {number} part from 0 to 1 */
  set progress(part) {
    if (part < 1) this.#progress.value = part;
    else this.#progress.removeAttribute("value");
    this.#part("checked").textContent = part < 1 ? "" : ` · ${CHECKED}`;
  }

  /** The site has it. @param {Attachment} attachment */
  store(attachment) {
    this.#become("stored");
    this.#name = attachment.name;
    this.element.dataset["attachment"] = JSON.stringify(attachment);
    /** @type {HTMLInputElement} */ (this.element.querySelector("[name=attachments]")).value = attachment.id;
    this.#part("about").textContent = attachmentSummary(attachment);
    if (attachment.thumbnail) this.#picture(attachment.thumbnail);
  }

  /** @param {import("../ui/failure_advice.js").Advice} advice @param {boolean} isWorthTrying is it to be tried again? */
  fail({ sentence, link }, isWorthTrying) {
    this.#become("failed");
    this.#part("failure").replaceChildren(...failureAdvice(sentence, link));
    this.#part("retry").hidden = !isWorthTrying;
  }

  focus() {
    this.#part("remove").focus({ preventScroll: true });
  }

  /** @param {"uploading" | "stored" | "failed"} state */
  #become(state) {
    this.element.dataset["state"] = state;
    this.#progress.hidden = state !== "uploading";
    this.#part("checked").textContent = "";
    this.#part("failure").hidden = state !== "failed";
    this.#part("retry").hidden = true;
  }

  /** @param {string} name */
  set #name(name) {
    Object.assign(this.#part("name"), { textContent: name, title: name });
    this.#progress.ariaLabel = interpolate(gettext("Upload of %(name)s"), { name });
    this.#part("remove").ariaLabel = interpolate(gettext("Remove %(name)s"), { name });
    this.#part("retry").ariaLabel = interpolate(gettext("Try again: %(name)s"), { name });
  }

  /** @param {string} url */
  #picture(url) {
    const image = /** @type {HTMLImageElement} */ (this.#part("image"));
    image.addEventListener("load", () => (image.hidden = false));
    image.addEventListener("error", () => (image.hidden = true));
    image.src = url;
  }

  get #progress() {
    return /** @type {HTMLProgressElement} */ (this.#part("progress"));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`.chip__${name}`));
  }
}
