import { fileSize } from "../lib/file_size.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";

const KINDS = { image: gettext("Image"), text: gettext("Text"), pdf: gettext("PDF"), office: gettext("Document") };

/**
 * What stands below the name of a file: its kind, its pages, its size; chat/templatetags/attachments.py says the same.
 *
 * @param {import("../api/requests.js").Attachment} attachment
 */
export function attachmentSummary({ kind, pages, size }) {
  const extent = pages ? [interpolate(ngettext("%(count)s page", "%(count)s pages", pages), { count: pages })] : [];
  return [KINDS[kind], ...extent, fileSize(size, document.documentElement.lang)].join(" · ");
}
