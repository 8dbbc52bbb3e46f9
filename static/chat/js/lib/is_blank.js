/** As chat/core/blank.py: fillers, a braille cell without a dot, and what chooses among the forms of a letter. */
const SEEN = /[^\p{Cc}\p{Cf}\p{Z}\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0\u180B-\u180F\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u;

/** Is there nothing to be seen in a text? @param {string} text */
export function isBlank(text) {
  return !SEEN.test(text);
}
