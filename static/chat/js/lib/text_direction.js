/** Letters and marks of scripts that are written from right to left. */
export const RIGHT_TO_LEFT =
  /[\u0590-\u08FF\u200F\u202B\u202E\u2067\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
/** Code and addresses are in Latin letters in any language, so they say nothing of a text's direction. */
const SAYS_NOTHING = /```[^]*?(?:```|$)|`[^`\n]*`?|https?:\/\/\S*/g;
/** What looks like code without saying so: `fs.read`, `user_id`, `main()`, `$HOME`, `--force`, `C++`, `readFile`. */
const LIKE_CODE = /(?<!\S)(?:[-$@#./\\<~]+[A-Za-z0-9]|[A-Za-z0-9]+[_.:/\\=@#([{<+*][!-~]|[a-z]+[A-Z])[!-~]*/g;
const LETTER = /\p{L}/u;
const RIGHT_TO_LEFT_MARK = "\u200F";
/** Who reads on has seen by then where it begins. */
const LONGEST_CHARS = 2_000;

/**
 * The direction of a text as it was written: that of its first letter outside of code.
 * @param {string} text @returns {"ltr" | "rtl" | ""} empty: it has no letter
 */
export function textDirection(text) {
  return directionOfLetters(text.slice(0, LONGEST_CHARS).replace(SAYS_NOTHING, ""));
}

/**
 * The direction of a title, of which no Markdown is shown (chat/core/text_direction.py says the same).
 * @param {string} title @returns {"rtl" | "auto"} auto: the browser finds the right one
 */
export function titleDirection(title) {
  const words = title.slice(0, LONGEST_CHARS).replace(SAYS_NOTHING, " ").replace(LIKE_CODE, " ");
  return directionOfLetters(words) === "rtl" ? "rtl" : "auto";
}

/** For where no direction can be given, as in a tab: a mark goes before what begins with code. @param {string} title */
export function markedTitle(title) {
  const isMisread = titleDirection(title) === "rtl" && directionOfLetters(title) !== "rtl";
  return isMisread ? RIGHT_TO_LEFT_MARK + title : title;
}

/** @param {string} text without code @returns {"ltr" | "rtl" | ""} */
export function directionOfLetters(text) {
  const [letter] = LETTER.exec(text) ?? [];
  if (letter === undefined) return "";
  return RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
}
