/** Letters and marks of scripts that are written from right to left. */
export const RIGHT_TO_LEFT =
  /[\u0590-\u08FF\u200F\u202B\u202E\u2067\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
/** Code and addresses are in Latin letters in any language, so they say nothing of a text's direction. */
const SAYS_NOTHING = /```[^]*?(?:```|$)|`[^`\n]*`?|https?:\/\/\S*/g;
const LETTER = /\p{L}/u;
/** Who reads on has seen by then where it begins. */
const LONGEST_CHARS = 2_000;

/**
 * The direction of a text as it was written: that of its first letter outside of code.
 * @param {string} text @returns {"ltr" | "rtl" | ""} empty: it has no letter
 */
export function textDirection(text) {
  return directionOfLetters(text.slice(0, LONGEST_CHARS).replace(SAYS_NOTHING, ""));
}

/** @param {string} text without code @returns {"ltr" | "rtl" | ""} */
export function directionOfLetters(text) {
  const [letter] = LETTER.exec(text) ?? [];
  if (letter === undefined) return "";
  return RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
}
