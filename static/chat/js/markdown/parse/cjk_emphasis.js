/**
 * Emphasis in Chinese, Japanese and Korean, which are written without spaces: `含**「重点」**内容`. CommonMark takes marks
 * between punctuation and a letter for marks of the other end; its CJK-friendly amendment (markdown-cjk-friendly,
 * specification.md, section 6.2) counts punctuation of these scripts as letters, and asks for no more beside one of
 * their letters.
 *
 * A paragraph in which nothing of these scripts touches a mark is read as ever.
 */

/** What is wide, or half a wide one, or Hangul, and no emoji: section 2.1 of the amendment. */
export const CJK =
  "(?!\\p{Emoji_Presentation})[\\u1100-\\u11FF\\u20A9\\u2329\\u232A\\u2E80-\\u303E\\u3041-\\uA4CF\\uA960-\\uA97C\\uAC00-\\uD7FB" +
  "\\uF900-\\uFAFF\\uFE10-\\uFE19\\uFE30-\\uFE6B\\uFF01-\\uFFEE\\u{16FE0}-\\u{18DFF}\\u{1AFF0}-\\u{1B2FF}\\u{1F200}-\\u{1F265}\\u{20000}-\\u{3FFFD}]";
/** Selectors of a variant, which belong to the sign before them. */
const VARIANT = "[\\uFE00-\\uFE0E]|[\\u{E0100}-\\u{E01EF}]";
const LONGEST_SIGN = 4;
/** All of them come later in Unicode, so most texts need not be looked through for more. */
const MAY_BE_CJK = /[\u1100-\uFFFF]/;

const ENDS_WITH_CJK = new RegExp(`${CJK}(?:${VARIANT})?$`, "u");
const CJK_AT_A_MARK = new RegExp(`(?:${CJK})(?:${VARIANT})?[*~]|[*~](?:${CJK})`, "u");
const CJK_AFTER = { "*": new RegExp(`^\\*+(?:${CJK})`, "u"), "~": new RegExp(`^~+(?:${CJK})`, "u") };
/** By marks: punctuation of these scripts beside them, and other punctuation with these scripts on their other side. */
const SOFT = { "*": soft("\\*"), "~": soft("~") };

/**
 * Marked's own reader of emphasis, shown letters where it would see punctuation.
 * @param {typeof import("marked")} marked
 */
export function cjkTokenizer({ Tokenizer }) {
  return class extends Tokenizer {
    /** @override @param {string} source @param {string} masked @param {string} [previous] */
    emStrong(source, masked, previous = "") {
      if (!source.startsWith("*") || !touchesMarks(masked)) return super.emStrong(source, masked, previous);
      return super.emStrong(source, softened(masked, "*"), before(source, masked, previous, "*"));
    }

    /** @override @param {string} source @param {string} masked @param {string} [previous] */
    del(source, masked, previous = "") {
      if (!source.startsWith("~") || !touchesMarks(masked)) return super.del(source, masked, previous);
      return super.del(source, softened(masked, "~"), before(source, masked, previous, "~"));
    }
  };
}

/** Does anything of these scripts touch a mark in it? @param {string} masked */
function touchesMarks(masked) {
  return MAY_BE_CJK.test(masked) && CJK_AT_A_MARK.test(masked);
}

/** @param {string} mark */
function soft(mark) {
  const punctuation = `(?![*_~])[\\p{P}\\p{S}]`;
  return new RegExp(
    `(?=${CJK})${punctuation}(?=${mark})|(?<=${mark})(?=${CJK})${punctuation}` +
      `|${punctuation}(?=${mark}+(?:${CJK}))|(?<=(?:${CJK})(?:${VARIANT})?${mark}+)${punctuation}`,
    "gu",
  );
}

/** The same, as long, with letters where punctuation would say that a mark opens or closes nothing. @param {string} masked @param {"*" | "~"} mark */
function softened(masked, mark) {
  return masked.replace(SOFT[mark], (sign) => "a".repeat(sign.length));
}

/** What stands before a mark; nothing, so that it may open, beside these scripts. @param {string} source @param {string} masked @param {string} previous @param {"*" | "~"} mark */
function before(source, masked, previous, mark) {
  const at = masked.length - source.length;
  const isBeside = CJK_AFTER[mark].test(source) || ENDS_WITH_CJK.test(masked.slice(Math.max(0, at - LONGEST_SIGN), at));
  return isBeside && previous !== mark ? "" : previous;
}
