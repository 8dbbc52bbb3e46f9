import { TooComplex } from "../parse/too_complex.js";

const TAG = /<(\/?)([a-z][a-z0-9]*)/gi;
const DEEPEST = 120;
const MOST_NODES = 20_000;
const VOID = new Set(["br", "hr"]);
/** They may be left open, and end where the next one begins. */
const ENDED_BY_THE_NEXT = new Set(["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "caption"]);
/** A parser opens these again in each block after one in which they were not closed, up to three of a kind. */
const FORMATTING = new Set(["b", "code", "em", "i", "s", "small", "strong", "u"]);
const MOST_OF_A_KIND = 3;

/**
 * How deep and how many the elements of a block would be, before a browser makes them.
 * @param {string} html
 * @throws {TooComplex}
 */
export function checkHtml(html) {
  let [depth, nodes, reopened] = [0, 0, 0];
  /** @type {Map<string, number>} */
  const open = new Map();
  for (const [, slash, tag = ""] of html.matchAll(TAG)) {
    const name = tag.toLowerCase();
    const step = slash ? -1 : 1;
    nodes += slash ? 0 : 1 + reopened;
    if (!VOID.has(name) && !ENDED_BY_THE_NEXT.has(name)) depth = Math.max(0, depth + step);
    if (FORMATTING.has(name)) {
      const [before, after] = [open.get(name) ?? 0, Math.max(0, (open.get(name) ?? 0) + step)];
      reopened += Math.min(after, MOST_OF_A_KIND) - Math.min(before, MOST_OF_A_KIND);
      open.set(name, after);
    }
    if (depth > DEEPEST || nodes > MOST_NODES) throw new TooComplex();
  }
}
