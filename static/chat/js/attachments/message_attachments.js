import { attachmentSummary } from "./attachment_summary.js";

/** How large the only image of a message is shown, in pixels; chat/templatetags/attachments.py says the same. */
const BOX = { width: 320, height: 208 };

/**
 * The files of a message, above its text: as _attachments.html renders them, from the same templates.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 */
export class MessageAttachments {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {Attachment[]} attachments */
  show(attachments) {
    this.#list.replaceChildren(...attachments.map((attachment) => item(attachment)));
    this.#list.hidden = !attachments.length;
  }
}

/** @param {Attachment} attachment */
function item(attachment) {
  const name = attachment.kind === "image" ? "image" : "file";
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`${name}-attachment`));
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const element = /** @type {HTMLElement} */ (copy.firstElementChild);
  element.dataset["attachment"] = JSON.stringify(attachment);
  /** @type {HTMLAnchorElement} */ (element.querySelector("a")).href = attachment.url;
  if (name === "image") fillImage(/** @type {HTMLImageElement} */ (element.querySelector("img")), attachment);
  else fillFile(element, attachment);
  return copy;
}

/** @param {HTMLImageElement} image @param {Attachment} attachment */
function fillImage(image, { name, thumbnail, url, width, height }) {
  Object.assign(image, { alt: name, title: name, ...fitted(width ?? BOX.width, height ?? BOX.height) });
  image.src = thumbnail ?? url;
}

/** @param {HTMLElement} element @param {Attachment} attachment */
function fillFile(element, attachment) {
  const [name, words] = [".attachment__name", ".attachment__about"].map((part) => /** @type {HTMLElement} */ (element.querySelector(part)));
  Object.assign(/** @type {HTMLElement} */ (name), { textContent: attachment.name, title: attachment.name });
  /** @type {HTMLElement} */ (words).textContent = attachmentSummary(attachment);
}

/** @param {number} width @param {number} height @returns {{width: number, height: number}} in the same proportion, as large as the box lets it be */
function fitted(width, height) {
  if (width <= BOX.width && height <= BOX.height) return { width, height };
  if (width * BOX.height > height * BOX.width) return { width: BOX.width, height: Math.max(1, Math.floor((height * BOX.width) / width)) };
  return { width: Math.max(1, Math.floor((width * BOX.height) / height)), height: BOX.height };
}
