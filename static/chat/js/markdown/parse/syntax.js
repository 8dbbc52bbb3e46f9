import { TooComplex } from "./too_complex.js";
import { boundedLexer } from "./bounded_lexer.js";
import { cjkTokenizer } from "./cjk_emphasis.js";
import { escapeHtml } from "./escape_html.js";
import { footnotes } from "./footnotes.js";
import { mathsOfCode, mathsSyntax } from "./maths_syntax.js";

const BLANK_LINE = /\n[ \t]*\n/;
const MAY_DEFINE = /^ {0,3}\[/;
/** A quote longer than this is shown as it was written, so it need not be read (see rendered_document.js). */
const LARGEST_QUOTE_CHARS = 30_000;
/** A line of so many markers: marked looks through the rest of it after each of them. */
const MANY_MARKERS = /^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+){100}/m;

/**
 * The grammar: CommonMark and GFM by marked, with maths, footnotes and emphasis in Chinese, Japanese and Korean, and with
 * a rule of ours: a definition's title holds no blank line (CommonMark 4.7).
 *
 * @typedef {import("marked").Token} Token
 * @typedef {import("marked").Tokens.List} List
 * @typedef {import("marked").Links} Links
 */
export class Syntax {
  #Lexer;
  #isOpen = false;

  /** @param {typeof import("marked")} marked */
  constructor(marked) {
    this.#Lexer = boundedLexer(marked);
    const isOpen = () => this.#isOpen;
    const { defaults } = new marked.Marked(mathsSyntax(isOpen, escapeHtml), footnotes(escapeHtml));
    /** What marked's lexer and parser are to know of it. */
    this.options = { ...defaults, gfm: true, tokenizer: tokenizer(marked, isOpen) };
  }

  /**
   * The blocks of a text, not yet what is in their lines.
   * @param {string} source
   * @param {boolean} isOpen is its end still being written?
   * @returns {Token[]}
   */
  blocks(source, isOpen) {
    return this.#within(isOpen, () => this.#lexer().blockTokens(source, []));
  }

  /** The link definitions in a text. @param {string} source @returns {Links} */
  definitions(source) {
    const lexer = this.#lexer();
    this.#within(false, () => lexer.blockTokens(source, []));
    return lexer.tokens.links;
  }

  /**
   * One or more whole blocks, with what is in their lines.
   * @param {string} source
   * @param {object} about
   * @param {Links} about.links
   * @param {boolean} about.isOpen
   * @param {boolean} about.isLoose are the items of a list paragraphs?
   * @returns {Token[]}
   * @throws {TooComplex}
   */
  tokens(source, { links, isOpen, isLoose }) {
    const lexer = this.#lexer();
    Object.assign(lexer.tokens.links, links);
    const tokens = this.#within(isOpen, () => lexer.lex(source));
    if (lexer.isTooComplex) throw new TooComplex();
    if (isLoose && tokens[0]?.type === "list") loosen(/** @type {List} */ (tokens[0]));
    return tokens;
  }

  /** How marked compares the labels of links. @param {string} text */
  static label(text) {
    return text.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase().toLowerCase();
  }

  #lexer() {
    return new this.#Lexer(this.options);
  }

  /** @template T @param {boolean} isOpen @param {() => T} action @returns {T} */
  #within(isOpen, action) {
    this.#isOpen = isOpen;
    try {
      return action();
    } finally {
      this.#isOpen = false;
    }
  }
}

/** The one that a tokenizer works for. @param {import("marked").Tokenizer} tokenizer */
function boundedLexerOf({ lexer }) {
  return /** @type {InstanceType<ReturnType<typeof boundedLexer>>} */ (lexer);
}

/** @param {typeof import("marked")} marked @param {() => boolean} isOpen */
function tokenizer(marked, isOpen) {
  return new (class extends cjkTokenizer(marked) {
    /** @override @param {string} source */
    def(source) {
      if (!MAY_DEFINE.test(source)) return undefined;
      const end = boundedLexerOf(this).ahead.index(BLANK_LINE, source);
      return super.def(end < 0 ? source : source.slice(0, end + 1));
    }

    /** @override @param {string} source @returns {any} */
    fences(source) {
      const token = super.fences(source);
      return token?.lang === "math" ? mathsOfCode(token, isOpen()) : token;
    }

    /** @override @param {string} source @returns {any} */
    list(source) {
      const lexer = boundedLexerOf(this);
      const many = lexer.ahead.index(MANY_MARKERS, source);
      if (many) return super.list(many < 0 ? source : source.slice(0, many));
      const end = lexer.ahead.index(BLANK_LINE, source);
      return lexer.asWritten(end < 0 ? source : source.slice(0, end));
    }

    /** @override @param {string} source */
    blockquote(source) {
      const raw = this.rules.block.blockquote.exec(source)?.[0].replace(/\n+$/, "");
      if (raw === undefined) return undefined;
      if (raw.length > LARGEST_QUOTE_CHARS) return { type: /** @type {const} */ ("blockquote"), raw, text: raw, tokens: [] };
      return boundedLexerOf(this).quote(() => super.blockquote(source));
    }
  })();
}

/** What marked does where it finds a blank line between items. @param {List} list */
function loosen({ items }) {
  for (const { tokens } of items) {
    for (const token of tokens) if (token.type === "text") token.type = "paragraph";
    const [box, first] = tokens;
    if (box?.type === "checkbox" && first?.type === "paragraph") first.tokens?.unshift(/** @type {Token} */ (tokens.shift()));
  }
}
