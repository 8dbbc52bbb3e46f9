import { looksLikeMaths } from "./looks_like_maths.js";

/**
 * Maths in Markdown, as an extension of marked: `$…$`, `\(…\)` within a line, `$$…$$`, `\[…\]` on their own, and code in
 * the language `math`.
 *
 * No formula crosses a blank line, so a paragraph that is complete stays what it is; none in a line has a code span or a
 * part of one in it. A dollar sign is money unless it touches the formula, which must look like one (see
 * looks_like_maths.js). The formula is carried through the sanitiser as text in `<code data-maths>`, and drawn afterwards.
 */

const BLOCK_OPENER = /^ {0,3}(\$\$(?!\$)|\\\[)/;
const DOLLARS = /\$\$/;
const REST_OF_LINE = /^[ \t]*(?:\n|$)/;
const BRACKET_AT_THE_END_OF_LINE = /\\\][ \t]*(?:\n|$)/;
/** Where a formula may begin below a line of a paragraph. */
const BLOCK_START = /\n {0,3}(?=\$\$(?!\$)|\\\[)/g;
const BLANK_LINE = /\n[ \t]*\n/;
const INLINE = /^(?:\$\$((?:\\[\s\S]|[^$\\`])+?)\$\$(?!\$)|\\\[([^`]+?)\\\]|\\\(([^`]+?)\\\)|\$(?![\s$])((?:\\[\s\S]|[^$\\`])*?(?:\\[\s\S]|[^\s$\\`]))\$)/;
const OPEN_INLINE = /^(?:\$\$|\\\[|\\\()([^`]*)$/;
const CLOSED_FENCE = /\n {0,3}(?:`{3,}|~{3,})$/;
const INLINE_START = /\$|\\[([]/;
/** What a formula that is being written may end with: half of its own end. */
const HALF_END = /[$\\]$/;
/** Two dollars are a class of prices and a process, too: `$$ and $$`. */
const WORDS_ALONE = /^\s(?=[^]*[A-Za-z]{2})[A-Za-z\s]+\s$/;
/** What follows a formula in a word, `$n$th`, and whether the word ends there. */
const LONGEST_END = 3;
const HAS_CONTENT = /[\p{L}\p{N}]/u;

/**
 * @typedef {"inline" | "display" | "open"} Kind open: its end has not been written yet
 * @typedef {{type: string, raw: string, text: string, kind: Kind}} MathsToken
 * @typedef {InstanceType<ReturnType<typeof import("./bounded_lexer.js").boundedLexer>>} BoundedLexer
 * @typedef {import("./lookahead.js").Lookahead} Lookahead
 */

/**
 * @param {() => boolean} isOpen is the end of the text still being written?
 * @param {(text: string) => string} escape
 * @returns {import("marked").MarkedExtension}
 */
export function mathsSyntax(isOpen, escape) {
  return {
    extensions: [
      {
        name: "mathsBlock",
        level: "block",
        start(source) {
          const index = ahead(this).index(BLOCK_START, source, (text) => firstBlock(text, ahead(this), isOpen()));
          return index < 0 ? undefined : index;
        },
        tokenizer(source) {
          return block(source, ahead(this), isOpen());
        },
        renderer: (token) => `<p>${html(/** @type {MathsToken} */ (token), escape)}</p>\n`,
      },
      {
        name: "maths",
        level: "inline",
        start: (source) => indexOf(INLINE_START, source),
        tokenizer(source, before) {
          boundedLexerOf(this).spend(source);
          return inline(source, before.at(-1)?.raw ?? "") ?? (isOpen() ? openInline(source) : undefined);
        },
        renderer: (token) => html(/** @type {MathsToken} */ (token), escape),
      },
    ],
  };
}

/** A block of code in the language `math` is a formula. @param {import("marked").Tokens.Code} code @param {boolean} isOpen */
export function mathsOfCode(code, isOpen) {
  const { raw, text } = code;
  if (isOpen && !CLOSED_FENCE.test(raw.trimEnd())) return openToken("mathsBlock", raw, text);
  return token("mathsBlock", raw, text, "display") ?? code;
}

/** @param {{lexer: import("marked").Lexer}} extension @returns {BoundedLexer} */
function boundedLexerOf({ lexer }) {
  return /** @type {BoundedLexer} */ (lexer);
}

/** @param {{lexer: import("marked").Lexer}} extension */
function ahead(extension) {
  return boundedLexerOf(extension).ahead;
}

/** @param {string} source @param {Lookahead} ahead @param {boolean} isOpen @returns {MathsToken | undefined} */
function block(source, ahead, isOpen) {
  const [opener, mark] = BLOCK_OPENER.exec(source) ?? [];
  if (!opener) return undefined;
  const rest = source.slice(opener.length);
  const blank = ahead.index(BLANK_LINE, rest);
  const end = mark === "$$" ? endOfDollars(rest, ahead) : ahead.index(BRACKET_AT_THE_END_OF_LINE, rest);
  const closed = end > 0 && (blank < 0 || end <= blank) ? closedBlock(opener, rest, end) : undefined;
  return closed ?? (isOpen && blank < 0 ? openToken("mathsBlock", source, rest.trimEnd()) : undefined);
}

/** @param {string} opener @param {string} rest @param {number} end of the formula */
function closedBlock(opener, rest, end) {
  const space = REST_OF_LINE.exec(rest.slice(end + 2))?.[0] ?? "";
  return token("mathsBlock", opener + rest.slice(0, end + 2) + space.replace(/\n$/, ""), rest.slice(0, end), "display");
}

/** What follows the first dollars decides: no formula holds any. @param {string} rest @param {Lookahead} ahead */
function endOfDollars(rest, ahead) {
  const end = ahead.index(DOLLARS, rest);
  return end > 0 && REST_OF_LINE.test(rest.slice(end + 2)) ? end : -1;
}

/** Where the first formula begins that ends the paragraph above it. @param {string} text @param {Lookahead} ahead @param {boolean} isOpen */
function firstBlock(text, ahead, isOpen) {
  const end = ahead.index(BLANK_LINE, text);
  for (const { index } of text.matchAll(BLOCK_START)) {
    if (end >= 0 && index >= end) return -1;
    if (block(text.slice(index + 1), ahead, isOpen)) return index;
  }
  return -1;
}

/** @param {string} source @param {string} before @returns {MathsToken | undefined} */
function inline(source, before) {
  const found = INLINE.exec(source);
  if (!found) return undefined;
  const [raw, dollars, brackets, parentheses, dollar] = found;
  if (dollar && !looksLikeMaths(dollar, before, source.slice(raw.length, raw.length + LONGEST_END))) return undefined;
  if (dollars && (before.endsWith("$") || WORDS_ALONE.test(dollars))) return undefined;
  const display = dollars ?? brackets;
  return token("maths", raw, display ?? parentheses ?? dollar ?? "", display === undefined ? "inline" : "display");
}

/** @param {string} source @returns {MathsToken | undefined} */
function openInline(source) {
  const found = OPEN_INLINE.exec(source);
  return found ? openToken("maths", found[0], found[1] ?? "") : undefined;
}

/** @param {string} type @param {string} raw @param {string} text @returns {MathsToken} */
function openToken(type, raw, text) {
  return { type, raw, text: text.replace(HALF_END, "").trim(), kind: "open" };
}

/** @param {string} type @param {string} raw @param {string} text @param {Kind} kind */
function token(type, raw, text, kind) {
  return HAS_CONTENT.test(text) ? { type, raw, text: text.trim(), kind } : undefined;
}

/** @param {MathsToken} token @param {(text: string) => string} escape */
function html({ text, kind }, escape) {
  return `<code data-maths="${kind}">${escape(text)}</code>`;
}

/** @param {RegExp} pattern @param {string} text */
function indexOf(pattern, text) {
  const index = text.search(pattern);
  return index < 0 ? undefined : index;
}
