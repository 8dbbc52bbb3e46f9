import { RawHtml } from "./raw_html.js";
import { mathsSyntax } from "./maths_syntax.js";

const BLANK_LINE = /\n[ \t]*\n/;
const MAY_DEFINE = /^ {0,3}\[/;
const AMPERSAND_OR_MARK = /[&<>"']/g;
const MARK_OR_LONE_AMPERSAND = /[<>"']|&(?!(?:#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g;
/** @type {Record<string, string>} */
const ESCAPED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * CommonMark and GFM by marked, with maths, and with three rules of ours: a definition's title holds no blank line
 * (CommonMark 4.7), images are links, and HTML that is not harmless is text.
 *
 * @typedef {import("marked").Token} Token
 * @typedef {import("marked").Tokens.List} List
 * @typedef {import("marked").Links} Links
 */
export class Syntax {
  #marked;
  #options;
  #isOpen = false;

  /** @param {typeof import("marked")} marked */
  constructor(marked) {
    this.#marked = marked;
    const { defaults } = new marked.Marked(mathsSyntax(() => this.#isOpen, escape));
    this.#options = { ...defaults, gfm: true, tokenizer: tokenizer(marked), renderer: renderer(marked) };
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
   * The HTML of one or more whole blocks. Not safe before it is sanitised.
   * @param {string} source
   * @param {object} about
   * @param {Links} about.links
   * @param {boolean} about.isOpen
   * @param {boolean} about.isLoose are the items of a list paragraphs?
   */
  html(source, { links, isOpen, isLoose }) {
    const lexer = this.#lexer();
    Object.assign(lexer.tokens.links, links);
    const tokens = this.#within(isOpen, () => lexer.lex(source));
    if (isLoose && tokens[0]?.type === "list") loosen(/** @type {List} */ (tokens[0]));
    return new this.#marked.Parser(this.#options).parse(tokens);
  }

  /** How marked compares the labels of links. @param {string} text */
  static label(text) {
    return text.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase().toLowerCase();
  }

  #lexer() {
    return new this.#marked.Lexer(this.#options);
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

/** @param {typeof import("marked")} marked */
function tokenizer({ Tokenizer }) {
  return new (class extends Tokenizer {
    /** @override @param {string} source */
    def(source) {
      if (!MAY_DEFINE.test(source)) return undefined;
      const end = source.search(BLANK_LINE);
      return super.def(end < 0 ? source : source.slice(0, end + 1));
    }
  })();
}

/** @param {typeof import("marked")} marked */
function renderer({ Renderer }) {
  return new (class extends Renderer {
    #isInLink = false;

    /** @override @param {import("marked").Tokens.HTML | import("marked").Tokens.Tag} token */
    html({ text, block }) {
      const raw = new RawHtml(text);
      if (raw.isAllowed) return raw.tidy;
      return block ? `<pre><code class="language-html">${escape(text.trimEnd())}\n</code></pre>\n` : escape(text);
    }

    /** @override @param {import("marked").Tokens.Image} token */
    image(token) {
      const text = token.tokens ? this.parser.parseInline(token.tokens, this.parser.textRenderer) : token.text;
      const label = escapeReferences(text || token.href);
      return this.#isInLink ? label : `<a data-image href="${escapeReferences(token.href)}">${label}</a>`;
    }

    /** @override @param {import("marked").Tokens.Link} token */
    link(token) {
      this.#isInLink = true;
      const html = super.link(token);
      this.#isInLink = false;
      return html;
    }

    /** @override @param {import("marked").Tokens.Checkbox} token */
    checkbox({ checked }) {
      return `<i data-task="${checked ? "done" : "open"}"></i> `;
    }

    /** @override @param {import("marked").Tokens.Text | import("marked").Tokens.Escape} token */
    text(token) {
      return "tokens" in token && token.tokens ? this.parser.parseInline(token.tokens) : escapeReferences(token.text);
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

/** @param {string} text */
function escape(text) {
  return text.replace(AMPERSAND_OR_MARK, (mark) => ESCAPED[mark] ?? "");
}

/** Leaves character references as they are. @param {string} text */
function escapeReferences(text) {
  return text.replace(MARK_OR_LONE_AMPERSAND, (mark) => ESCAPED[mark] ?? "");
}
