import { CJK } from "./cjk_emphasis.js";

const TABLE_HEAD = /^ {0,3}\|[^\n]*(?:\n[ \t|:-]*)?$/;
/** A last line, or its beginning, that may become anything: `-`, `1.`, `##`, "```". */
const MARKS_ALONE = /^[ \t>]*(?:[-*+#=|~`$\\[!<][-*+>#=|~`$\\[!<]*|\d{1,9}[.)]?)?$/;
/** An opener that holds nothing yet; where no spaces are written, it may stand right behind a letter. */
const OPENER_AT_THE_END = /(^|[\s(])(?:[*_~`$\\[<]|!\[)+$/;
const CJK_MARK_AT_THE_END = new RegExp(`(${CJK})(?:\\*{1,3}|~{1,2})$`, "u");
/** What is longer is shown as it is until it is complete: remend looks through all of it for each piece that comes. */
const LARGEST_CHARS = 3_000;
const REMEND_OPTIONS = Object.freeze({
  linkMode: /** @type {const} */ ("text-only"),
  katex: false,
  comparisonOperators: false,
  singleTilde: false,
  setextHeadings: false,
});

/**
 * A block that is being written, as it will look once what has been opened in it is closed.
 *
 * What may still become anything is held back; a table has its shape from its first line on; remend closes emphasis,
 * code, links. The block is rendered as it is when its end is known, so a wrong guess lasts for a moment.
 *
 * @param {import("./split_units.js").Unit} unit
 * @param {(text: string, options: object) => string} remend
 * @returns {string}
 */
export function closeOpenMarkup({ source, type, place }, remend) {
  if (type === "code" || type === "html" || type === "mathsBlock" || place === "head") return source;
  if (type === "paragraph" && TABLE_HEAD.test(source)) return asTable(source);
  if (source.length > LARGEST_CHARS) return source;
  const certain = withoutMarksAlone(source.trimEnd()).replace(OPENER_AT_THE_END, "$1").replace(CJK_MARK_AT_THE_END, "$1");
  return remend(certain.trimEnd(), REMEND_OPTIONS);
}

/** @param {string} source */
function withoutMarksAlone(source) {
  const end = source.lastIndexOf("\n");
  return MARKS_ALONE.test(source.slice(end + 1)) ? source.slice(0, Math.max(end, 0)) : source;
}

/** @param {string} source */
function asTable(source) {
  const [head = ""] = source.split("\n", 1);
  const cells = head.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/);
  if (!cells.join("").trim()) return "";
  return `|${cells.join("|")}|\n|${"---|".repeat(cells.length)}`;
}
