import { TableColumns } from "./table_columns.js";
import { directionOf, setDirection } from "./block_direction.js";

/** A browser goes through all items or rows when one of them grows, so those of long lists and tables are in parts. */
const ITEMS_IN_A_PART = 128;
const ROWS_IN_A_PART = 64;
/** One of so many first items says the direction of a list, to those that have code alone. */
const DIRECTING_ITEMS = 8;
/** @type {"ltr" | "rtl" | ""} */
const NONE = "";

/**
 * The element around units that belong together: the list around its items, the table around its rows.
 *
 * The parts of a list are lists that follow each other and go on with its numbers; those of a table are its bodies.
 *
 * @typedef {import("../parse/split_units.js").Unit} Unit
 * @typedef {import("./rendered_unit.js").RenderedUnit} RenderedUnit
 */
export class UnitContainer {
  #start;
  #lists;
  /** Of a table that has more than one part. @type {TableColumns | null} */
  #columns = null;

  /** @param {Unit} unit its first */
  constructor(unit) {
    this.isLoose = unit.isLoose;
    this.isTable = unit.place === "head";
    this.#start = unit.start;
    /** @type {RenderedUnit[]} */
    this.units = [];
    /** What stands in the text: the first list, or what the head of a table is rendered as. */
    this.root = this.isTable ? null : list(unit.start);
    /** @type {(HTMLElement | null)[]} */
    this.#lists = [this.root];
  }

  /** Would this unit have made the same? @param {Unit} unit */
  fits(unit) {
    return unit.isFirst && this.isTable === (unit.place === "head") && this.#start === unit.start;
  }

  /** The part that an item or a row is in. @param {RenderedUnit} rendered @returns {HTMLElement} */
  partOf({ at }) {
    return this.isTable ? this.#body(Math.floor((at - 1) / ROWS_IN_A_PART)) : this.#listPart(Math.floor(at / ITEMS_IN_A_PART));
  }

  /** Lays down the columns, if this is the row that does. @param {RenderedUnit} rendered @param {Node[]} nodes */
  fit({ at }, [node]) {
    if (!this.#columns || !(at === 0 || at % ROWS_IN_A_PART === 1)) return;
    const row = node instanceof HTMLElement && (at ? node : node.querySelector("tr"));
    if (row) this.#columns.decide(/** @type {HTMLTableRowElement} */ (row));
  }

  /** Gives a list the direction of its first item that has words. */
  direct() {
    if (!this.root) return;
    const direction = this.units.slice(0, DIRECTING_ITEMS).reduce((known, { root }) => known || (root ? directionOf(root) : ""), NONE);
    for (const list of this.#lists) if (list) setDirection(list, direction);
  }

  /** @param {RenderedUnit} rendered its last */
  leave(rendered) {
    this.units = this.units.filter((unit) => unit !== rendered);
    if (!this.units.length) this.root?.remove();
    this.direct();
    if (!this.#columns || this.units.length > 1 + ROWS_IN_A_PART) return;
    this.#columns = null;
    if (this.units.length) TableColumns.remove(this.#table);
  }

  get #table() {
    return /** @type {HTMLTableElement} */ (this.units[0]?.root?.querySelector("table"));
  }

  /** @param {number} part */
  #body(part) {
    if (part && !this.#columns) this.#fixColumns();
    return this.#table.tBodies[part] ?? this.#table.createTBody();
  }

  #fixColumns() {
    const first = this.units.slice(0, 1 + ROWS_IN_A_PART);
    this.#columns = new TableColumns(first.map(({ unit }) => unit.source));
    this.#columns.widen(this.#table);
    for (const rendered of first) if (rendered.root) this.fit(rendered, [rendered.root]);
  }

  /** @param {number} part @returns {HTMLElement} */
  #listPart(part) {
    const known = this.#lists[part];
    if (!part || known?.parentNode) return /** @type {HTMLElement} */ (known);
    const further = list(this.#start < 0 ? this.#start : this.#start + part * ITEMS_IN_A_PART);
    further.classList.add("list--goes-on");
    if (this.root?.dir) further.dir = this.root.dir;
    this.#listPart(part - 1).after(further);
    this.#lists[part] = further;
    return further;
  }
}

/** @param {number} start negative: bullets */
function list(start) {
  const element = document.createElement(start < 0 ? "ul" : "ol");
  if (start >= 0 && start !== 1) element.setAttribute("start", String(start));
  return element;
}
