import { MarkdownView } from "./markdown_view.js";
import { Renderer } from "./render/renderer.js";
import { listenForCopying } from "./render/copy_buttons.js";
import { listenForFootnotes } from "./render/footnotes.js";
import { listenForSelections } from "./render/selections.js";

/** Renders the Markdown of a page. */
export class Markdown {
  #renderer;
  /** @type {WeakMap<HTMLElement, MarkdownView>} */
  #views = new WeakMap();

  /** @param {import("./render/renderer.js").Libraries} libraries */
  constructor(libraries) {
    this.#renderer = new Renderer(libraries);
  }

  /** Null where the libraries are not installed: then text stays text. @returns {Promise<Markdown | null>} */
  static async load() {
    try {
      const [marked, purify, remend] = await Promise.all([import("marked"), import("dompurify"), import("remend")]);
      listenForCopying();
      listenForSelections();
      listenForFootnotes();
      return new Markdown({ marked, purify: purify.default, remend: remend.default });
    } catch {
      return null;
    }
  }

  /** The one view of an element, which at first takes up the text that the server has put there. @param {HTMLElement} element */
  view(element) {
    const known = this.#views.get(element);
    if (known) return known;
    const text = element.textContent ?? "";
    element.replaceChildren();
    const view = new MarkdownView(element, this.#renderer);
    this.#views.set(element, view);
    if (text) view.append(text);
    return view;
  }

  /** Draws at once what else would be drawn step by step. @param {ParentNode} page */
  completeNow(page) {
    this.#renderer.completeNow(page);
  }
}
