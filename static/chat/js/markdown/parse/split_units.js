import { RawHtml } from "./raw_html.js";
import { syntheticHead } from "./table_head.js";

const BLANK_LINE = /\n[ \t]*\n/;
/** Their first line alone decides that they end the paragraph right above, and what they are without it. */
const DECIDED_BY_A_LINE = new Set(["hr", "code", "blockquote", "html", "footnote"]);
const LIST_THAT_INTERRUPTS = /^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/;
const HEADING_BY_MARKS = /^ {0,3}#/;
/** Two lines decide that a table is one, if its head is not HTML where no paragraph is above it. */
const DECIDED_TABLE = /^ {0,3}[^\s<][^\n]*\n[^\n]*\n/;
/** Nothing that follows them can become a part of them. */
const DECIDED_BY_THEIR_END = new Set(["heading", "hr", "html", "mathsBlock", "space"]);
const ENDED_BY_A_BLANK_LINE = new Set(["paragraph", "table", "blockquote", "def", "asWritten"]);
/** A definition, whose title may go on over what looks like other blocks, up to a blank line. */
const MAY_BE_DEFINITION = /^ {0,3}\[[^]*\]:/;
/** A wider table is one block: each of its rows, however short, has a cell in each column. */
const MOST_COLUMNS = 100;
/** In case no rule knows: two blocks that follow are proof enough. */
const PROOF = 2;

/**
 * A piece of the text that is rendered by itself: a block, an item of a list, the head or a row of a table.
 *
 * @typedef {object} Unit
 * @property {string} source
 * @property {string} type of its block
 * @property {"block" | "item" | "head" | "row"} place
 * @property {string} context what must stand before `source` for it to be read as what it is
 * @property {boolean} isFirst of its list or table
 * @property {boolean} isLoose is it in a list whose items are paragraphs?
 * @property {number} start the number of its list's first item; 0 for bullets
 * @property {boolean} isFinal no text that follows can change it
 *
 * @typedef {import("marked").Token} Token
 * @typedef {import("marked").Tokens.List} List
 */

/**
 * The units of a text. Together their sources are the text, but for blank lines between blocks.
 * @param {Token[]} tokens its blocks
 * @returns {Unit[]}
 */
export function splitIntoUnits(tokens) {
  /** @type {Unit[]} */
  const units = [];
  const lastBlank = lastBlankLine(tokens);
  for (let at = 0; at < tokens.length; ) {
    const end = endOfGroup(tokens, at);
    const group = tokens.slice(at, end);
    units.push(...unitsOf(group, isFinal(tokens, end - 1, lastBlank)));
    at = end;
  }
  return units;
}

/** Blocks between the tags of raw HTML are one: `<details>`, text, `</details>`. @param {Token[]} tokens @param {number} at */
function endOfGroup(tokens, at) {
  const first = /** @type {Token} */ (tokens[at]);
  const element = first.type === "html" ? new RawHtml(first.raw).leftOpen : "";
  let end = at + 1;
  if (!element) return end;
  for (let depth = new RawHtml(first.raw).depth(element); depth > 0 && end < tokens.length; end += 1) {
    const { type, raw } = /** @type {Token} */ (tokens[end]);
    if (type !== "code") depth += new RawHtml(raw).depth(element);
  }
  return end;
}

/** @param {Token[]} group @param {boolean} isFinal @returns {Unit[]} */
function unitsOf(group, isFinal) {
  const [token] = /** @type {[Token]} */ (group);
  if (group.length === 1 && token.type === "list") return items(/** @type {List} */ (token), isFinal);
  if (group.length === 1 && token.type === "table" && columnsOf(token) <= MOST_COLUMNS) return rows(token, isFinal);
  return [unit({ source: sourceOf(group), type: group.length > 1 ? "html" : token.type, isFinal })];
}

/** @param {List} list @param {boolean} isFinal @returns {Unit[]} */
function items(list, isFinal) {
  let left = list.raw;
  return list.items.map((item, at) => {
    const isLast = at === list.items.length - 1;
    const source = isLast ? left : left.slice(0, item.raw.length);
    left = left.slice(source.length);
    return unit({
      source,
      type: "list",
      place: "item",
      isFirst: at === 0,
      isLoose: list.loose,
      start: list.ordered ? Number(list.start) : -1,
      isFinal: isFinal || at < list.items.length - PROOF,
    });
  });
}

/** @param {Token} table */
function columnsOf(table) {
  return "header" in table ? table.header.length : 0;
}

/** @param {Token} table @param {boolean} isFinal @returns {Unit[]} */
function rows({ raw }, isFinal) {
  const lines = raw.match(/[^\n]*(?:\n|$)/g)?.filter(Boolean) ?? [];
  const source = lines.slice(0, 2).join("");
  const context = syntheticHead(source);
  const head = unit({ source, type: "table", place: "head", isFirst: true, isFinal: isFinal || lines.length > 2 + PROOF });
  return [head, ...lines.slice(2).map((source, at) =>
    unit({ source, type: "table", place: "row", context, isFinal: isFinal || at < lines.length - 2 - PROOF }))];
}

/** @param {Partial<Unit> & {source: string, type: string}} about @returns {Unit} */
function unit(about) {
  return { place: "block", context: "", isFirst: false, isLoose: false, start: -1, isFinal: false, ...about };
}

/** Which of the blocks holds the last blank line, or ends with it; -1: none. @param {Token[]} tokens */
function lastBlankLine(tokens) {
  return tokens.findLastIndex(({ raw }, at) => BLANK_LINE.test(raw) || (raw.endsWith("\n") && tokens[at + 1]?.raw.startsWith("\n")));
}

/** @param {Token[]} tokens @param {number} at @param {number} lastBlank */
function isFinal(tokens, at, lastBlank) {
  const token = /** @type {Token} */ (tokens[at]);
  const following = tokens.slice(at + 1, at + 2 + 2 * PROOF).filter(({ type }) => type !== "space");
  const [next] = following;
  const until = tokens[at + 1]?.type === "space" ? token.raw + tokens[at + 1]?.raw : token.raw;
  const hasBlankLine = BLANK_LINE.test(until);
  if (token.type !== "list" && token.type !== "footnote" && MAY_BE_DEFINITION.test(token.raw)) return hasBlankLine || lastBlank >= at;
  if (hasBlankLine && ENDED_BY_A_BLANK_LINE.has(token.type)) return true;
  if (!next) return false;
  if (DECIDED_BY_THEIR_END.has(token.type) || (token.type === "code" && !isIndented(token))) return true;
  if (ENDED_BY_A_BLANK_LINE.has(token.type)) return endsWhatIsAbove(next) || (next.type === "mathsBlock" && following.length >= PROOF);
  return following.length >= PROOF || next.raw.includes("\n");
}

/** @param {Token} token */
function endsWhatIsAbove({ type, raw }) {
  if (type === "table") return DECIDED_TABLE.test(raw);
  if (!raw.includes("\n")) return false;
  if (type === "list") return LIST_THAT_INTERRUPTS.test(raw);
  return DECIDED_BY_A_LINE.has(type) || (type === "heading" && HEADING_BY_MARKS.test(raw));
}

/** @param {Token[]} tokens */
function sourceOf(tokens) {
  return tokens.map(({ raw }) => raw).join("");
}

/** @param {Token} token */
function isIndented(token) {
  return "codeBlockStyle" in token && token.codeBlockStyle === "indented";
}
