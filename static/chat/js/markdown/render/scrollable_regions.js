import { gettext } from "../../lib/i18n.js";

const CODE = gettext("Code");
const TABLE = gettext("Table");
const FORMULA = gettext("Formula");
/** What scrolls by itself, and its name; code has that of its language. */
const NAMES = { pre: CODE, ".table": TABLE, ".maths--display": FORMULA };
const ANY = Object.keys(NAMES).join();

/**
 * Code, tables and formulas that are wider than their place: a tab stop each, so that a keyboard can scroll them, and a
 * region with a name. What is shown whole is neither.
 */
export class ScrollableRegions {
  /** Its size or that of what is in it has changed; null where there is nothing that is laid out. */
  #sizes = globalThis.ResizeObserver ? new ResizeObserver((changes) => update(changes.map(({ target }) => target))) : null;

  /** @type {WeakSet<Element>} */
  #watched = new WeakSet();

  /** Begins to look after those in it. @param {Element} root */
  watch(root) {
    if (!this.#sizes) return;
    for (const region of root.matches(ANY) ? [root] : root.querySelectorAll(ANY)) {
      this.#observe(region);
      if (region.firstElementChild) this.#observe(region.firstElementChild);
    }
  }

  /** @param {Element} element */
  #observe(element) {
    if (this.#watched.has(element)) return;
    this.#watched.add(element);
    this.#sizes?.observe(element);
  }
}

/** First all are measured, then all are changed, so that nothing is laid out in between. @param {Element[]} resized */
function update(resized) {
  const regions = new Set(resized.map(regionOf).filter((region) => region !== null));
  const overflowing = Array.from(regions, (region) => region.scrollWidth > region.clientWidth);
  Array.from(regions).forEach((region, at) => mark(region, overflowing[at] ?? false));
}

/** @param {Element} element @returns {HTMLElement | null} */
function regionOf(element) {
  return element.closest(ANY);
}

/** @param {HTMLElement} region @param {boolean} isOverflowing */
function mark(region, isOverflowing) {
  if (isOverflowing === region.hasAttribute("tabindex") || region === document.activeElement) return;
  for (const name of ["tabindex", "role", "aria-label"]) region.removeAttribute(name);
  if (!isOverflowing) return;
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", labelOf(region));
}

/** @param {HTMLElement} region */
function labelOf(region) {
  const language = region.closest(".code")?.querySelector(".code__language")?.textContent;
  return language || (Object.entries(NAMES).find(([selector]) => region.matches(selector))?.[1] ?? "");
}
