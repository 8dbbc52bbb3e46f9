import { Decorator } from "./decorator.js";
import { Highlighting } from "./highlighting.js";
import { HtmlWriter } from "./html_writer.js";
import { Maths } from "./maths.js";
import { ScrollableRegions } from "./scrollable_regions.js";
import { Sanitiser } from "./sanitiser.js";
import { TooComplex } from "../parse/too_complex.js";
import { asWritten } from "./as_written.js";
import { checkHtml } from "./check_html.js";
import { cite } from "./citations.js";
import { Syntax } from "../parse/syntax.js";
import { closeOpenMarkup } from "../parse/close_open_markup.js";

/**
 * From Markdown to DOM: marked, then DOMPurify, then what we add. Nothing else on the page makes DOM of model text.
 *
 * @typedef {object} Libraries
 * @property {typeof import("marked")} marked
 * @property {import("dompurify").DOMPurify} purify
 * @property {(text: string, options: object) => string} remend
 *
 * @typedef {import("./html_writer.js").About} About
 */
export class Renderer {
  #libraries;
  #writer;
  #sanitiser;
  #decorator;
  /** @type {Promise<unknown> | null} */
  #loading = null;
  regions = new ScrollableRegions();

  /** @param {Libraries} libraries */
  constructor(libraries) {
    this.#libraries = libraries;
    this.syntax = new Syntax(libraries.marked);
    this.#writer = new HtmlWriter(libraries.marked, this.syntax);
    this.#decorator = new Decorator(new Highlighting(libraries.purify), new Maths());
    this.#sanitiser = new Sanitiser(libraries.purify);
  }

  /**
   * A unit that costs more than it may, or that the libraries fail at, is shown as it was written, and no other.
   * @param {import("../parse/split_units.js").Unit} unit
   * @param {string} source what there is of it, with what is open closed
   * @param {About} about
   * @param {import("./citations.js").CitedSources | null} [sources] that it may name
   * @returns {DocumentFragment}
   */
  fragment(unit, source, about, sources = null) {
    try {
      return this.#laidOut(unit.context + source, about, sources);
    } catch (error) {
      if (!(error instanceof TooComplex)) console.error(error);
      return asWritten(unit);
    }
  }

  /** What the fragments since the last time are waiting for before they can be completed. */
  takeLoading() {
    const loading = this.#loading;
    this.#loading = null;
    return loading;
  }

  /** @param {string} source */
  definitions(source) {
    return this.syntax.definitions(source);
  }

  /** @param {import("../parse/split_units.js").Unit} unit */
  closeOpenMarkup(unit) {
    try {
      return closeOpenMarkup(unit, this.#libraries.remend);
    } catch {
      return unit.source; // for a moment: when it is complete it is rendered as it is
    }
  }

  /** Colours and formulas, once their libraries are there. @param {HTMLElement} page */
  async complete(page) {
    while (!this.#decorator.complete(page)) await this.#decorator.nextSlice();
    this.regions.watch(page);
  }

  /** The same without a pause, for a page that is about to be printed. @param {ParentNode} page */
  completeNow(page) {
    this.#decorator.completeNow(page);
  }

  /** @param {string} source @param {About} about @param {import("./citations.js").CitedSources | null} sources @returns {DocumentFragment} */
  #laidOut(source, about, sources) {
    const html = this.#writer.html(source, about);
    checkHtml(html);
    const fragment = this.#sanitiser.fragment(html);
    this.#decorator.decorate(fragment, about.isOpen);
    cite(fragment, sources);
    const loading = this.#decorator.load(fragment);
    if (loading) this.#loading = Promise.all([this.#loading, loading]);
    return fragment;
  }
}
