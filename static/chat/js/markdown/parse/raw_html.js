import { ALLOWED_ELEMENTS } from "./allowed_elements.js";

const COMMENT = /<!--(?:-?>|[\s\S]*?(?:-->|$))/g;
const TAG = /<(\/?)([a-z][^\s/>]*)/gi;
/** Bounded, so that what looks like a tag and has no end costs no more than its beginning. */
const WHOLE_TAG = /<(\/?)([a-z][a-z0-9-]{0,30})(?![^\s/>])((?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}'){0,2000})>/gi;
const ATTRIBUTE = /\s(href|align|start|colspan|rowspan|open)(?=[\s=/]|$)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?/gi;
const OTHER_MARKUP = /<[!?]/;
const VOID = new Set(["br", "hr"]);
/**
 * A parser opens these again in each block after one in which they were not closed; up to three of a kind, if they are
 * alike. With attributes there could be thousands in each of thousands of paragraphs.
 */
const FORMATTING = new Set(["b", "code", "em", "i", "s", "small", "strong", "u"]);

/**
 * What becomes of HTML that a message contains. It decides how it looks, not whether it is safe: that is the
 * sanitiser's, which has the last word on all of it.
 */
export class RawHtml {
  #source;

  /** @param {string} source */
  constructor(source) {
    this.#source = source.replace(COMMENT, "");
  }

  /** Without comments, and without attributes that say nothing to a reader. What is no tag is text. */
  get tidy() {
    let from = 0;
    const parts = [];
    for (const { 0: tag, 1: slash, 2: name, 3: attributes, index } of this.#source.matchAll(WHOLE_TAG)) {
      parts.push(asText(this.#source.slice(from, index)), `<${slash}${name}${slash || FORMATTING.has(name?.toLowerCase() ?? "") ? "" : kept(attributes ?? "")}>`);
      from = index + tag.length;
    }
    return [...parts, asText(this.#source.slice(from))].join("");
  }

  /** Does it consist of harmless elements alone? */
  get isAllowed() {
    return !OTHER_MARKUP.test(this.#source) && this.#tags.every(({ name }) => ALLOWED_ELEMENTS.has(name));
  }

  /** The first element that it opens and does not close; empty if there is none. */
  get leftOpen() {
    if (!this.isAllowed) return "";
    /** @type {string[]} */
    const open = [];
    /** How many of each name are open. @type {Map<string, number>} */
    const counts = new Map();
    for (const { name, isEnd } of this.#tags) {
      if (!isEnd && !VOID.has(name)) {
        open.push(name);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      for (let closed = isEnd && counts.get(name) ? "" : name; closed !== name; ) {
        closed = open.pop() ?? name;
        counts.set(closed, (counts.get(closed) ?? 1) - 1);
      }
    }
    return open[0] ?? "";
  }

  /** How many more elements of that name it opens than it closes. @param {string} element */
  depth(element) {
    return this.#tags.reduce((depth, { name, isEnd }) => (name === element ? depth + (isEnd ? -1 : 1) : depth), 0);
  }

  get #tags() {
    return Array.from(this.#source.matchAll(TAG), ([, slash, name = ""]) => ({ name: name.toLowerCase(), isEnd: slash === "/" }));
  }
}

/** @param {string} attributes */
function kept(attributes) {
  return Array.from(attributes.matchAll(ATTRIBUTE), ([, name, value]) => (value ? ` ${name}=${value}` : ` ${name}`)).join("");
}

/** @param {string} text */
function asText(text) {
  return text.replaceAll("<", "&lt;");
}
