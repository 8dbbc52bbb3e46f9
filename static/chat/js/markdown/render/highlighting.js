/** @typedef {import("dompurify").DOMPurify} DOMPurify */

const LIBRARY = "@highlightjs/cdn-assets/es/highlight.min.js";
const SPANS_ALONE = Object.freeze({
  ALLOWED_TAGS: ["span"],
  ALLOWED_ATTR: ["class"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
});

/** Code that grows is coloured in parts of so many letters, each of them once. */
const PART_CHARS = 1_000;

/**
 * Colours for code, by highlight.js, which is loaded when there is code to colour.
 *
 * @typedef {object} HighlightJs what of it is used
 * @property {(name: string) => object | undefined} getLanguage
 * @property {(code: string, options: {language: string, ignoreIllegals: boolean}) => Highlighted} highlight
 *
 * @typedef {object} Highlighted
 * @property {string} value
 * @property {{parent?: object}} [_top] what it is in at its end: has that a parent, a string or a comment goes on
 */
export class Highlighting {
  #purify;
  /** @type {HighlightJs | null} */
  #library = null;
  /** @type {Promise<void> | null} */
  #loading = null;
  /** The beginning of the code that grows, with its colours. */
  #begun = begun("");

  /** @param {DOMPurify} purify */
  constructor(purify) {
    this.#purify = purify;
  }

  get isLoaded() {
    return this.#library !== null;
  }

  /** Without the library code stays as it is. */
  load() {
    return (this.#loading ??= import(LIBRARY).then((module) => void (this.#library = module.default), () => {}));
  }

  /** @param {Element} code @param {string} language */
  draw(code, language) {
    this.#replace(code, language, (text) => this.#coloured(text, language).nodes);
  }

  /** The same for code that is still being written: what it began with is coloured already. @param {Element} code @param {string} language */
  drawGrowing(code, language) {
    this.#replace(code, language, (text) => {
      if (language !== this.#begun.language || !text.startsWith(this.#begun.text)) this.#begun = begun(language);
      this.#begin(text);
      const { nodes, text: known } = this.#begun;
      return [nodes.cloneNode(true), this.#coloured(text.slice(known.length), language).nodes];
    });
  }

  /** Colours more of it for good: whole lines, behind which nothing goes on. @param {string} text */
  #begin(text) {
    const { text: known, language, nodes } = this.#begun;
    const end = text.lastIndexOf("\n") + 1;
    if (end - known.length < PART_CHARS) return;
    const part = this.#coloured(text.slice(known.length, end), language);
    if (part.goesOn) return;
    nodes.append(part.nodes);
    this.#begun.text = text.slice(0, end);
  }

  /** @param {Element} code @param {string} language @param {(text: string) => Node | Node[]} draw */
  #replace(code, language, draw) {
    if (!this.#library?.getLanguage(language)) return;
    try {
      code.replaceChildren(...[draw(code.textContent ?? "")].flat());
    } catch (error) {
      console.error(error); // and it stays without colours
    }
  }

  /** @param {string} text @param {string} language */
  #coloured(text, language) {
    const { value, _top } = /** @type {HighlightJs} */ (this.#library).highlight(text, { language, ignoreIllegals: true });
    return { nodes: this.#purify.sanitize(value, SPANS_ALONE), goesOn: Boolean(_top?.parent) };
  }
}

/** @param {string} language */
function begun(language) {
  return { language, text: "", nodes: document.createDocumentFragment() };
}
