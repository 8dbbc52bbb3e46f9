/** KaTeX draws about three of them in a millisecond. */
const LARGEST_CHARS = 2_000;
/** Each level of `{…}` is drawn within the one around it, some of them twice. */
const DEEPEST = 60;
/** Each row of a matrix has a cell for each of its columns, written or not. */
const MOST_CELLS = 3_000;
/** A letter with an accent is drawn as two, one above the other. */
const COST_OF_AN_ACCENT = 5;
const ACCENT = /\p{M}/gu;
const ROW_END = /\\(?:\\|cr(?![a-z])|newline(?![a-z]))/gi;
/** A macro of 15 letters that doubles itself has a million tokens 20 macros later. What sets the distance of rows is harmless. */
const DEFINITION = /\\(?:[egx]?def|(?:future)?let|(?:re|provide)?(?:new)?command|long|global)(?![a-z])(?!\{?\\arraystretch\}?\s*\{?[\d.]{1,4}(?:\}|\s|\\|$))/i;

/** Each `//` of a unit in `\pu` takes ten times as long as the one before it, and as much memory. */
const MOST_FRACTIONS_OF_UNITS = 2;

/**
 * What a formula costs to draw, as far as its text tells.
 * @param {string} formula
 * @returns {number} in characters of ordinary formulas; Infinity: more than a formula may
 */
export function formulaSize(formula) {
  const size = formula.length;
  if (size > LARGEST_CHARS || DEFINITION.test(formula) || depthOf(formula) > DEEPEST || cellsOf(formula) > MOST_CELLS) return Infinity;
  if (formula.includes("\\pu") && formula.split("//").length - 1 > MOST_FRACTIONS_OF_UNITS) return Infinity;
  const weighed = size + COST_OF_AN_ACCENT * (formula.normalize("NFD").match(ACCENT)?.length ?? 0);
  return weighed > LARGEST_CHARS ? Infinity : weighed;
}

/** @param {string} formula */
function depthOf(formula) {
  let [depth, deepest] = [0, 0];
  for (const [mark] of formula.matchAll(/\\(?:begin|left)(?![a-z])|\\(?:end|right)(?![a-z])|\\[^]|[{}]/g)) {
    if (mark === "{" || mark === "\\begin" || mark === "\\left") deepest = Math.max(deepest, (depth += 1));
    else if (mark === "}" || mark === "\\end" || mark === "\\right") depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** @param {string} formula */
function cellsOf(formula) {
  const rows = formula.split(ROW_END);
  return rows.length * Math.max(...rows.map((row) => row.split("&").length));
}
