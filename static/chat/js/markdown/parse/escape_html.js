const AMPERSAND_OR_MARK = /[&<>"']/g;
const MARK_OR_LONE_AMPERSAND = /[<>"']|&(?!(?:#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g;
/** @type {Record<string, string>} */
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {string} text */
export function escapeHtml(text) {
  return text.replace(AMPERSAND_OR_MARK, (mark) => ESCAPED[mark] ?? "");
}

/** Leaves character references as they are. @param {string} text */
export function escapeMarks(text) {
  return text.replace(MARK_OR_LONE_AMPERSAND, (mark) => ESCAPED[mark] ?? "");
}
