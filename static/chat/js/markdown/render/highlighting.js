/** @typedef {import("dompurify").DOMPurify} DOMPurify */

const LIBRARY = "@highlightjs/cdn-assets/es/highlight.min.js";
const SPANS_ALONE = Object.freeze({
  ALLOWED_TAGS: ["span"],
  ALLOWED_ATTR: ["class"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
});

/**
 * Colours for code, by highlight.js, which is loaded when there is code to colour.
 *
 * @typedef {object} HighlightJs what of it is used
 * @property {(name: string) => object | undefined} getLanguage
 * @property {(code: string, options: {language: string, ignoreIllegals: boolean}) => {value: string}} highlight
 */
export class Highlighting {
  #purify;
  /** @type {HighlightJs | null} */
  #library = null;
  /** @type {Promise<void> | null} */
  #loading = null;

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
    if (!this.#library?.getLanguage(language)) return;
    try {
      const { value } = this.#library.highlight(code.textContent ?? "", { language, ignoreIllegals: true });
      code.replaceChildren(this.#purify.sanitize(value, SPANS_ALONE));
    } catch (error) {
      console.error(error); // and it stays without colours
    }
  }
}
