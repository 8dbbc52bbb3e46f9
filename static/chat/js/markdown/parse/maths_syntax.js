/**
 * Maths in Markdown, as an extension of marked: `$…$`, `\(…\)` within a line, `$$…$$`, `\[…\]` on their own.
 *
 * No formula crosses a blank line, so a paragraph that is complete stays what it is. A dollar sign is money unless
 * it touches the formula, no digit follows its end (the rule of pandoc) and no word is right before it. The formula is carried through the
 * sanitiser as text in `<code data-maths>`, and drawn afterwards.
 */

const NO_BLANK_LINE = String.raw`(?:[^\n]|\n(?![ \t]*(?:\n|$)))`;
const BLOCK = new RegExp(String.raw`^ {0,3}(?:\$\$((?:(?!\$\$)${NO_BLANK_LINE})+?)\$\$|\\\[(${NO_BLANK_LINE}+?)\\\])[ \t]*(?:\n|$)`);
const OPEN_BLOCK = new RegExp(String.raw`^ {0,3}(?:\$\$|\\\[)(${NO_BLANK_LINE}*)\n?[ \t]*$`);
/** Right below a line that is not blank: elsewhere no paragraph is in its way. */
const BLOCK_START = /(?<=\S[ \t]*)\n {0,3}(?:\$\$|\\\[)/;
const BLANK_LINE = /\n[ \t]*\n/;
const INLINE = /^(?:\$\$((?:\\[\s\S]|[^$\\])+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|\$(?![\s$])((?:\\[\s\S]|[^$\\])*?(?:\\[\s\S]|[^\s$\\]))\$(?![\d$]))/;
const OPEN_INLINE = /^(?:\$\$|\\\[|\\\()([\s\S]*)$/;
const INLINE_START = /\$|\\[([]/;
/** What a formula that is being written may end with: half of its own end. */
const HALF_END = /[$\\]$/;
/** As in US$3. */
const ENDS_WITH_A_WORD = /[\p{L}\p{N}]$/u;
const HAS_CONTENT = /[\p{L}\p{N}]/u;

/**
 * @typedef {"inline" | "display" | "open"} Kind open: its end has not been written yet
 * @typedef {{type: string, raw: string, text: string, kind: Kind}} MathsToken
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
        start: (source) => indexOf(BLOCK_START, firstParagraph(source)),
        tokenizer: (source) => block(source) ?? (isOpen() ? open(OPEN_BLOCK, source, "mathsBlock") : undefined),
        renderer: (token) => `<p>${html(/** @type {MathsToken} */ (token), escape)}</p>\n`,
      },
      {
        name: "maths",
        level: "inline",
        start: (source) => indexOf(INLINE_START, source),
        tokenizer: (source, before) => inline(source, before.at(-1)?.raw ?? "") ?? (isOpen() ? open(OPEN_INLINE, source, "maths") : undefined),
        renderer: (token) => html(/** @type {MathsToken} */ (token), escape),
      },
    ],
  };
}

/** @param {string} source @returns {MathsToken | undefined} */
function block(source) {
  const found = BLOCK.exec(source);
  return found ? token("mathsBlock", found[0].replace(/\n$/, ""), found[1] ?? found[2] ?? "", "display") : undefined;
}

/** @param {string} source @param {string} before @returns {MathsToken | undefined} */
function inline(source, before) {
  const found = INLINE.exec(source);
  if (!found || (found[4] && ENDS_WITH_A_WORD.test(before))) return undefined;
  const display = found[1] ?? found[2];
  return token("maths", found[0], display ?? found[3] ?? found[4] ?? "", display === undefined ? "inline" : "display");
}

/** @param {RegExp} rule @param {string} source @param {string} type @returns {MathsToken | undefined} */
function open(rule, source, type) {
  const found = rule.exec(source);
  return found ? { type, raw: found[0], text: (found[1] ?? "").replace(HALF_END, "").trim(), kind: "open" } : undefined;
}

/** @param {string} type @param {string} raw @param {string} text @param {Kind} kind */
function token(type, raw, text, kind) {
  return HAS_CONTENT.test(text) ? { type, raw, text: text.trim(), kind } : undefined;
}

/** @param {MathsToken} token @param {(text: string) => string} escape */
function html({ text, kind }, escape) {
  return `<code data-maths="${kind}">${escape(text)}</code>`;
}

/** Marked asks for each paragraph: looking through all that follows it would cost the square of a text. @param {string} source */
function firstParagraph(source) {
  const end = source.search(BLANK_LINE);
  return end < 0 ? source : source.slice(0, end);
}

/** @param {RegExp} pattern @param {string} text */
function indexOf(pattern, text) {
  const index = text.search(pattern);
  return index < 0 ? undefined : index;
}
