import { formulaSize } from "../parse/formula_size.js";
import { markAsWritten } from "./as_written.js";

const CHEMISTRY = "katex/contrib/mhchem";
const STYLES = "katex/dist/katex.min.css";
/** `\rule` and the like; in em. */
const LARGEST_SIZE = 20;
const MOST_MACROS = 500;

/**
 * Formulas, by KaTeX, which is loaded when there is one to draw.
 *
 * KaTeX makes its own elements and sets their styles one by one through the CSSOM, which the content security policy
 * allows; its HTML, which bears style attributes, is never parsed.
 */
export class Maths {
  /** @type {typeof import("katex").default | null} */
  #library = null;
  /** @type {Promise<void> | null} */
  #loading = null;

  get isLoaded() {
    return this.#library !== null;
  }

  /** Without the library formulas stay as they were written. */
  load() {
    return (this.#loading ??= this.#load().catch(() => {}));
  }

  /**
   * Draws it in place of its source; what is no formula stays as it is, and what costs too much says that it does.
   * @param {Element} code @param {boolean} isDisplay
   */
  draw(code, isDisplay) {
    if (formulaSize(code.textContent ?? "") === Infinity) {
      code.removeAttribute("data-maths");
      return markAsWritten(code);
    }
    const drawn = document.createElement("span");
    drawn.dir = "ltr";
    drawn.className = isDisplay ? "maths maths--display" : "maths";
    try {
      this.#library?.render(code.textContent ?? "", drawn, {
        displayMode: isDisplay,
        maxExpand: MOST_MACROS,
        maxSize: LARGEST_SIZE,
        strict: "ignore",
        throwOnError: true,
        trust: false,
      });
      code.replaceWith(drawn);
    } catch {
      code.removeAttribute("data-maths");
    }
  }

  async #load() {
    const [module] = await Promise.all([import("katex"), loadStyles()]);
    // It adds `\ce` and `\pu` to the one that is there; without it the rest of maths is drawn.
    await import(CHEMISTRY).catch(() => {});
    // The minified file that browsers get is no module: it makes a global.
    this.#library = module.default ?? Reflect.get(globalThis, "katex");
  }
}

function loadStyles() {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: import.meta.resolve(STYLES) });
  const isLoaded = new Promise((resolve) => (link.onload = link.onerror = resolve));
  document.head.append(link);
  return isLoaded;
}
