const CELL_BORDER = /(?<!\\)\|/;
const OUTER_BORDERS = /^\||(?<!\\)\|$/g;
/** What is written of a link and not shown. */
const ADDRESS = /\]\([^)]*\)/g;
const SPACE = /\s+/;
/** In letters: the padding of a cell, the least that a column has, the longest word and the longest line that make it wider. */
const PADDING = 3;
const LEAST = 3;
const LONGEST_WORD = 16;
const LONGEST_LINE = 60;

/**
 * The columns of a table whose widths do not depend on rows that are yet to come. A browser lays out all of a table
 * when one of its rows grows, unless its parts are tables of their own, with columns that are fixed.
 *
 * The widths are guessed from the source of the first rows, so that they are the same whenever the table is rendered.
 */
export class TableColumns {
  #columns;

  /** @param {string[]} sources of its head and its first rows */
  constructor(sources) {
    const rows = sources.map(cellsOf);
    this.#columns = (rows[0] ?? []).map((_, at) => columnOf(rows.map((cells) => cells[at] ?? "")));
  }

  /** @param {HTMLTableElement} table */
  widen(table) {
    table.classList.add("table--long");
    table.style.width = `${this.#sum("wanted")}ch`;
    table.style.minWidth = `${this.#sum("least")}ch`;
  }

  /** The first row of a part decides for all of it. @param {HTMLTableRowElement} row */
  decide(row) {
    const total = this.#sum("wanted");
    this.#columns.forEach(({ wanted }, at) => {
      const cell = row.cells[at];
      if (cell) cell.style.width = `${((100 * wanted) / total).toFixed(2)}%`;
    });
  }

  /** As if there had never been columns. @param {HTMLTableElement} table */
  static remove(table) {
    table.classList.remove("table--long");
    for (const styled of [table, ...table.querySelectorAll("[style]:is(td, th)")]) styled.removeAttribute("style");
    if (!table.className) table.removeAttribute("class");
  }

  /** @param {"least" | "wanted"} name */
  #sum(name) {
    return this.#columns.reduce((sum, column) => sum + column[name], 0);
  }
}

/** @param {string[]} cells one below the other */
function columnOf(cells) {
  const longest = (/** @type {string[]} */ texts) => Math.max(LEAST, ...texts.map(({ length }) => length));
  return {
    least: PADDING + Math.min(LONGEST_WORD, longest(cells.flatMap((cell) => cell.split(SPACE)))),
    wanted: PADDING + Math.min(LONGEST_LINE, longest(cells)),
  };
}

/** The second line of a head, its rule, has cells as any row. @param {string} source @returns {string[]} */
function cellsOf(source) {
  const [line = ""] = source.split("\n", 1);
  return line.trim().replace(OUTER_BORDERS, "").split(CELL_BORDER).map((cell) => cell.trim().replace(ADDRESS, "]"));
}
