import { Slice } from "./slice.js";
import { gettext } from "../../lib/i18n.js";
import { directBlocks } from "./block_direction.js";
import { decorateFootnote, decorateFootnoteMark } from "./footnotes.js";
import { isColourable } from "../parse/code_size.js";

const COPY = gettext("Copy");
const DONE = gettext("Done");
const NOT_DONE = gettext("Not done");
const CODE = gettext("Code");
const NO_COLOURS = gettext("too long for colours");
/** Of code that grows only the end is coloured anew. */
const COST_OF_GROWING = 2_000;
/** A letter of a formula takes as long as so many of code. */
const COST_OF_MATHS = 40;
const DRAWABLE_MATHS = 'code[data-maths]:not([data-maths="open"])';

/**
 * Gives sanitised DOM what Markdown has no words for: where a link leads, the bar above code, check boxes, room for
 * wide tables, colours and formulas.
 *
 * @typedef {import("./highlighting.js").Highlighting} Highlighting
 * @typedef {import("./maths.js").Maths} Maths
 */
export class Decorator {
  #highlighting;
  #maths;
  #slice = new Slice();

  /** @param {Highlighting} highlighting @param {Maths} maths */
  constructor(highlighting, maths) {
    this.#highlighting = highlighting;
    this.#maths = maths;
  }

  /** @param {ParentNode} root @param {boolean} isOpen is it still being written? */
  decorate(root, isOpen) {
    for (const link of root.querySelectorAll("a")) decorateLink(link);
    for (const task of root.querySelectorAll("[data-task]")) decorateTask(task);
    for (const table of root.querySelectorAll("table")) decorateTable(table);
    for (const note of root.querySelectorAll("[data-footnote]")) decorateFootnote(note);
    for (const mark of root.querySelectorAll("[data-footnote-mark]")) decorateFootnoteMark(mark);
    directBlocks(root);
    for (const code of root.querySelectorAll("pre > code")) decorateCode(code, isOpen);
    this.complete(root);
  }

  /**
   * Colours and formulas, as far as their libraries are there, and as many as the page's turn has room for.
   * @param {ParentNode} root @returns {boolean} are those all?
   */
  complete(root) {
    for (const code of this.#highlighting.isLoaded ? root.querySelectorAll("code[data-language]") : []) {
      const letters = code.textContent?.length ?? 0;
      if (!this.#slice.take(code.hasAttribute("data-growing") ? Math.min(letters, COST_OF_GROWING) : letters)) return false;
      this.#colour(code);
    }
    for (const code of this.#maths.isLoaded ? root.querySelectorAll(DRAWABLE_MATHS) : []) {
      if (!this.#slice.take(COST_OF_MATHS * (code.textContent?.length ?? 0))) return false;
      this.#maths.draw(code, code.getAttribute("data-maths") === "display");
    }
    return true;
  }

  /** @param {Element} code */
  #colour(code) {
    const language = code.getAttribute("data-language") ?? "";
    if (code.hasAttribute("data-growing")) this.#highlighting.drawGrowing(code, language);
    else this.#highlighting.draw(code, language);
    code.removeAttribute("data-language");
    code.removeAttribute("data-growing");
  }

  /** Loads what `complete` needs for it and has not got; null if that is nothing. @param {ParentNode} root @returns {Promise<unknown> | null} */
  load(root) {
    const waits = [];
    const [code, maths] = [root.querySelector("code[data-language]"), root.querySelector("code[data-maths]")];
    if (code && !this.#highlighting.isLoaded) waits.push(this.#highlighting.load());
    if (maths && !this.#maths.isLoaded) waits.push(this.#maths.load());
    if (!waits.length && (code || root.querySelector(DRAWABLE_MATHS))) waits.push(this.nextSlice());
    return waits.length ? Promise.all(waits) : null;
  }

  /** Resolves when more may be drawn. */
  nextSlice() {
    return this.#slice.next();
  }

  /** All that the page shows, at once. @param {ParentNode} root */
  completeNow(root) {
    this.#slice.widen();
    this.complete(root);
  }
}

/** @param {HTMLAnchorElement} link */
function decorateLink(link) {
  const address = link.getAttribute("href");
  if (!address || !URL.canParse(address)) return link.replaceWith(...link.childNodes);
  const url = new URL(address);
  link.title = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  if (isObvious(link.textContent ?? "", url)) link.dir = "ltr";
  else if (url.host) link.dataset["host"] = url.host;
}

/** Does the text of a link say itself where it leads? @param {string} text @param {URL} url */
function isObvious(text, url) {
  const shown = text.trim().toLowerCase().replace(/^https?:\/\//, "").replace(/\/$/, "");
  const full = url.href.toLowerCase().replace(/^https?:\/\//, "").replace(/\/$/, "");
  return !url.username && !url.password && (shown === full || shown === url.host);
}

/** @param {Element} task */
function decorateTask(task) {
  const isDone = task.getAttribute("data-task") === "done";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", disabled: true });
  box.toggleAttribute("checked", isDone);
  box.setAttribute("aria-label", isDone ? DONE : NOT_DONE);
  const item = task.closest("li");
  if (item) item.className = "task";
  task.replaceWith(box);
}

/** @param {Element} table */
function decorateTable(table) {
  wrap(table, Object.assign(document.createElement("div"), { className: "table" }));
}

/** @param {Element} code @param {boolean} isOpen */
function decorateCode(code, isOpen) {
  const pre = /** @type {HTMLElement} */ (code.parentElement);
  const language = /^language-(\S+)$/.exec(code.className)?.[1] ?? "";
  const figure = Object.assign(document.createElement("figure"), { className: "code", dir: "ltr" });
  wrap(pre, figure);
  const hasColours = language !== "" && isColourable(code.textContent ?? "");
  figure.prepend(bar(language, language !== "" && !hasColours));
  if (!hasColours) return;
  code.setAttribute("data-language", language.toLowerCase());
  code.toggleAttribute("data-growing", isOpen);
}

/** @param {string} language @param {boolean} isTooLong */
function bar(language, isTooLong) {
  const caption = Object.assign(document.createElement("figcaption"), { className: "code__bar" });
  const label = Object.assign(document.createElement("span"), { className: "code__language", textContent: language || CODE });
  const button = Object.assign(document.createElement("button"), { className: "code__copy", type: "button", textContent: COPY });
  const note = Object.assign(document.createElement("span"), { className: "code__note", textContent: NO_COLOURS });
  caption.append(label, ...(isTooLong ? [note] : []), button);
  return caption;
}

/** @param {Element} element @param {Element} wrapper */
function wrap(element, wrapper) {
  element.replaceWith(wrapper);
  wrapper.append(element);
}
