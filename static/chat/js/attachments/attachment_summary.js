import { fileSize } from "../lib/file_size.js";
import { filled, gettext, ngettext } from "../lib/i18n.js";

const KINDS = { image: gettext("Image"), text: gettext("Text"), pdf: gettext("PDF") };

/**
 * What stands below the name of a file: its kind, its pages, its size; chat/templatetags/attachments.py says the same.
 *
 * @typedef {object} Attachment a file that the site keeps, as docs/protocol.md describes it
 * @property {string} id
 * @property {keyof typeof KINDS} kind
 * @property {string} name
 * @property {number} size in bytes
 * @property {number | null} width of an image, in pixels
 * @property {number | null} height
 * @property {number | null} pages of a PDF
 * @property {string} url
 * @property {string | null} thumbnail its address, of an image
 *
 * @param {Attachment} attachment
 */
export function about({ kind, pages, size }) {
  const extent = pages ? [filled(ngettext("%s page", "%s pages", pages), pages)] : [];
  return [KINDS[kind], ...extent, fileSize(size, document.documentElement.lang)].join(" · ");
}
