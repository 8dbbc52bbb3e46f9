import { cite, sourcesOf } from "./render/citations.js";
import { asWritten } from "./render/as_written.js";
import { IncrementalParser } from "./parse/incremental_parser.js";
import { RenderedDocument } from "./render/rendered_document.js";
import { splitIntoUnits } from "./parse/split_units.js";

/** An open end longer than this is read again only when it has grown by its GROWTH-th part: a table of one cell, a poem. */
const LONG_CHARS = 4_000;
const GROWTH = 64;

/**
 * The way of model text onto the page: Markdown that grows at its end.
 *
 * Only the open end is rendered again with each piece; a block, an item or a row that is complete is never touched.
 * When the text has ended, the page is what the whole text gives at once.
 */
export class MarkdownView {
  #element;
  #renderer;
  #document;
  #parser;
  #text = "";
  #unread = 0;
  #isFinished = false;
  /** Has laying it out failed? Then all of it is shown as it was written. */
  #isBroken = false;

  /** @param {HTMLElement} element @param {import("./render/renderer.js").Renderer} renderer */
  constructor(element, renderer) {
    this.#element = element;
    this.#renderer = renderer;
    this.#document = new RenderedDocument(element, renderer);
    this.#parser = new IncrementalParser(renderer.syntax);
    element.classList.add("markdown");
    /** Resolves when all colours and formulas are there. @type {Promise<void>} */
    this.ready = Promise.resolve();
  }

  /** As the model wrote it. */
  get text() {
    return this.#text;
  }

  /** More of it, with more to come. @param {string} piece */
  append(piece) {
    if (this.#isFinished) return this.#reopen(piece);
    this.#text += piece;
    this.#try(() => this.#grow(piece));
  }

  /** There is another source that it may have named already. */
  cite() {
    cite(this.#element, sourcesOf(this.#element));
  }

  /** No more will come. */
  finish() {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#try(() => this.#complete());
  }

  /** All of it. @param {string} text */
  set(text) {
    this.clear();
    this.append(text);
    this.finish();
  }

  clear() {
    this.#text = "";
    this.#unread = 0;
    this.#isFinished = false;
    this.#isBroken = false;
    this.#parser = new IncrementalParser(this.#renderer.syntax);
    this.#document.clear();
  }

  /** @param {string} piece */
  #grow(piece) {
    if (this.#isBroken) return void this.#element.firstElementChild?.append(piece);
    this.#parser.append(piece);
    if (!this.#unread && this.#document.extend(piece)) return;
    this.#unread += piece.length;
    const length = this.#parser.openLength;
    if (length > LONG_CHARS && this.#unread * GROWTH < length) return;
    this.#unread = 0;
    const { final, open } = this.#parser.read();
    this.#show(final, open, true);
  }

  #complete() {
    if (!this.#isBroken) this.#show(this.#parser.finish(), [], false);
    const whole = this.#whole();
    if (!this.#isBroken && this.#document.isOf(whole)) return;
    // Markdown can reach further back than the rules in split_units.js know.
    this.#document.clear();
    this.#show(whole, [], false);
  }

  /** A fault ends here: neither the answer's words nor other messages are lost by it. @param {() => void} action */
  #try(action) {
    try {
      action();
    } catch (error) {
      console.error(error);
      this.#isBroken = true;
      this.#document.clear();
      this.#element.replaceChildren(asWritten({ source: this.#text, place: "block" }));
    }
  }

  /** What was the end may be the middle of a paragraph now. @param {string} piece */
  #reopen(piece) {
    const text = this.#text;
    this.clear();
    this.append(text + piece);
  }

  #whole() {
    return splitIntoUnits(this.#renderer.syntax.blocks(this.#text.replace(/\r\n?/g, "\n"), false));
  }

  /** @param {import("./parse/split_units.js").Unit[]} final @param {import("./parse/split_units.js").Unit[]} open @param {boolean} isOpen */
  #show(final, open, isOpen) {
    this.#document.show(final, open, isOpen);
    const loading = this.#renderer.takeLoading();
    if (loading) this.ready = Promise.all([this.ready, loading]).then(() => this.#renderer.complete(this.#element));
  }
}
