/**
 * Footnotes, as an extension of marked: `[^1]` in a line, and `[^1]: What it says.` as a block of its own, which goes on
 * over lines right below it and, as in GitHub's Markdown, over what is indented by four columns.
 *
 * A footnote is shown where it stands, under its own label, so it is final when its block is. A mark is one if its
 * footnote is there. Footnotes are kept among the definitions of links, which reach back where they come later.
 */

const LABEL = "\\[\\^([^\\]\\s[]{1,64})\\]";
const START = new RegExp(`\\n(?= {0,3}${LABEL}:)`);
const FIRST_LINE = new RegExp(`^ {0,3}${LABEL}:[ \\t]*([^\\n]*(?:\\n|$))`);
const MARK = new RegExp(`^${LABEL}(?!\\()`);
const MARK_START = /\[\^/;
/** Lines right below, up to a blank one or what ends a paragraph, and lines that are indented. */
const MORE = new RegExp(
  `^(?:(?![ \\t]*(?:\\n|$)| {0,3}(?:${LABEL}:|#{1,6}[ \\t]|>|\`\`\`|~~~|\\$\\$|\\\\\\[|[-*+][ \\t]|1[.)][ \\t]|---|\\*\\*\\*|___|\\|))[^\\n]+(?:\\n|$))*` +
    "(?:(?:[ \\t]*\\n)*(?: {4}|\\t)[ \\t]*[^ \\t\\n][^\\n]*(?:\\n|$))*",
);
const INDENTATION = /^(?: {4}|\t)/gm;

/**
 * @typedef {{type: "footnote", raw: string, label: string, tokens: import("marked").Token[]}} Footnote
 * @typedef {InstanceType<ReturnType<typeof import("./bounded_lexer.js").boundedLexer>>} BoundedLexer
 */

/** @param {(text: string) => string} escape @returns {import("marked").MarkedExtension} */
export function footnotes(escape) {
  return {
    extensions: [
      {
        name: "footnote",
        level: "block",
        start(source) {
          const index = /** @type {BoundedLexer} */ (this.lexer).ahead.index(START, source);
          return index < 0 ? undefined : index;
        },
        tokenizer(source) {
          return footnote(source, this.lexer);
        },
        renderer(token) {
          return `<div data-footnote="${escape(token["label"])}">${this.parser.parse(token.tokens ?? [])}</div>\n`;
        },
      },
      {
        name: "footnoteMark",
        level: "inline",
        start(source) {
          const index = source.search(MARK_START);
          return index < 0 ? undefined : index;
        },
        tokenizer(source) {
          const [raw, label = ""] = MARK.exec(source) ?? [];
          if (raw === undefined || !Object.hasOwn(this.lexer.tokens.links, key(label))) return undefined;
          return { type: "footnoteMark", raw, label };
        },
        renderer: (token) => `<sup data-footnote-mark="${escape(token["label"])}">${escape(token["label"])}</sup>`,
      },
    ],
  };
}

/** @param {string} source @param {import("marked").Lexer} lexer @returns {Footnote | undefined} */
function footnote(source, lexer) {
  const [first, label = "", words = ""] = FIRST_LINE.exec(source) ?? [];
  if (first === undefined) return undefined;
  const [more = ""] = MORE.exec(source.slice(first.length)) ?? [];
  lexer.tokens.links[key(label)] ??= { href: "", title: "" };
  return { type: "footnote", raw: first + more, label, tokens: lexer.blockTokens(words + more.replace(INDENTATION, ""), []) };
}

/** Its label among those of links, as marked compares them. @param {string} label */
function key(label) {
  return `^${label}`.toLowerCase().toUpperCase().toLowerCase();
}
