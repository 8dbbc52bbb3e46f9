/** Longer code stays without colours. */
const LARGEST_CHARS = 30_000;
/** Some grammars of highlight.js look from each word of a line, or of what no mark interrupts, for something at its end. */
const LONGEST_LINE = 1_000;
const LONGEST_RUN = 2_000;
const RUN = /[\w\s.${]+/g;

/** May it be coloured? @param {string} code */
export function isColourable(code) {
  if (code.length > LARGEST_CHARS || code.split("\n").some((line) => line.length > LONGEST_LINE)) return false;
  return !Array.from(code.matchAll(RUN)).some(([run]) => run.length > LONGEST_RUN);
}
