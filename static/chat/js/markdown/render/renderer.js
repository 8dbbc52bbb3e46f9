import { Decorator } from "./decorator.js";
import { Highlighting } from "./highlighting.js";
import { HtmlWriter } from "./html_writer.js";
import { Maths } from "./maths.js";
import { Sanitiser } from "./sanitiser.js";
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

  /** @param {Libraries} libraries */
  constructor(libraries) {
    this.#libraries = libraries;
    this.syntax = new Syntax(libraries.marked);
    this.#writer = new HtmlWriter(libraries.marked, this.syntax);
    this.#decorator = new Decorator(new Highlighting(libraries.purify), new Maths());
    this.#sanitiser = new Sanitiser(libraries.purify);
  }

  /** @param {string} source @param {About} about @returns {DocumentFragment} */
  fragment(source, about) {
    const fragment = this.#sanitiser.fragment(this.#writer.html(source, about));
    this.#decorator.decorate(fragment, about.isOpen);
    const loading = this.#decorator.load(fragment);
    if (loading) this.#loading = Promise.all([this.#loading, loading]);
    return fragment;
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
    return closeOpenMarkup(unit, this.#libraries.remend);
  }

  /** Colours and formulas, once their libraries are there. @param {HTMLElement} page */
  complete(page) {
    this.#decorator.complete(page);
  }
}
