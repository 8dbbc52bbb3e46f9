import { RawHtml } from "../parse/raw_html.js";
import { escapeHtml, escapeMarks } from "../parse/escape_html.js";

/**
 * The HTML of Markdown, not safe before it is sanitised: as marked writes it, but images are links, so that nothing is
 * loaded, and HTML that is not allowed is text.
 *
 * @typedef {import("../parse/syntax.js").Syntax} Syntax
 * @typedef {Parameters<Syntax["tokens"]>[1]} About
 */
export class HtmlWriter {
  #marked;
  #options;
  #syntax;

  /** @param {typeof import("marked")} marked @param {Syntax} syntax */
  constructor(marked, syntax) {
    this.#marked = marked;
    this.#options = { ...syntax.options, renderer: renderer(marked) };
    this.#syntax = syntax;
  }

  /** @param {string} source one or more whole blocks @param {About} about */
  html(source, about) {
    return new this.#marked.Parser(this.#options).parse(this.#syntax.tokens(source, about));
  }
}

/** So many empty cells at the end of a row are cells, more are one: else a row of one sign has a hundred. */
const MOST_EMPTY_CELLS = 8;

/** @param {typeof import("marked")} marked */
function renderer({ Renderer }) {
  return new (class extends Renderer {
    #isInLink = false;
    /** Of cells that are wider than one. @type {WeakMap<object, number>} */
    #widths = new WeakMap();

    /** @override @param {import("marked").Tokens.Table} token */
    table(token) {
      for (const row of token.rows) this.#joinEmptyEnd(row);
      return super.table(token);
    }

    /** @override @param {import("marked").Tokens.TableCell} token */
    tablecell(token) {
      const width = this.#widths.get(token);
      const html = super.tablecell(token);
      return width ? html.replace("<td", `<td colspan="${width}"`) : html;
    }

    /** @override @param {import("marked").Tokens.HTML | import("marked").Tokens.Tag} token */
    html({ text, block }) {
      const raw = new RawHtml(text);
      if (raw.isAllowed) return raw.tidy;
      return block ? `<pre><code class="language-html">${escapeHtml(text.trimEnd())}\n</code></pre>\n` : escapeHtml(text);
    }

    /** @override @param {import("marked").Tokens.Image} token */
    image(token) {
      const text = token.tokens ? this.parser.parseInline(token.tokens, this.parser.textRenderer) : token.text;
      const label = escapeMarks(text || token.href);
      return this.#isInLink ? label : `<a data-image href="${escapeMarks(token.href)}">${label}</a>`;
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
      return "tokens" in token && token.tokens ? this.parser.parseInline(token.tokens) : escapeMarks(token.text);
    }

    /** @param {import("marked").Tokens.TableCell[]} row */
    #joinEmptyEnd(row) {
      const last = row.findLastIndex(({ text }) => text.trim());
      const count = row.length - 1 - last;
      if (count <= MOST_EMPTY_CELLS) return;
      const [cell] = row.splice(last + 1);
      if (!cell) return;
      row.push(cell);
      this.#widths.set(cell, count);
    }
  })();
}
