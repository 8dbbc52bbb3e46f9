import { splitIntoUnits } from "./split_units.js";

/**
 * A growing text as units, of which the first ones are final and the last ones open.
 *
 * Final units are given away once and forgotten: only the open end is read again with each piece, so a piece costs
 * the same at the end of a long text as at its beginning. Pure of the DOM.
 *
 * @typedef {import("./split_units.js").Unit} Unit
 * @typedef {import("./syntax.js").Syntax} Syntax
 */
export class IncrementalParser {
  #syntax;
  #tail = "";
  #heldBack = "";
  /** What the tail goes on with: the list that the last final unit is an item of, the head of its table. @type {Unit | null} */
  #before = null;

  /** @param {Syntax} syntax */
  constructor(syntax) {
    this.#syntax = syntax;
  }

  /** How much text is open. */
  get openLength() {
    return this.#tail.length;
  }

  /** @param {string} piece */
  append(piece) {
    const text = this.#heldBack + piece;
    this.#heldBack = text.endsWith("\r") ? "\r" : "";
    this.#tail += text.slice(0, text.length - this.#heldBack.length).replace(/\r\n?/g, "\n");
  }

  /** What has become final since the last time, and what is open. @returns {{final: Unit[], open: Unit[]}} */
  read() {
    const units = this.#units(true);
    const firstOpen = units.findIndex(({ isFinal }) => !isFinal);
    const count = firstOpen < 0 ? units.length : firstOpen;
    const final = units.slice(0, count);
    this.#settleLooseness(units, count);
    this.#forget(final, units[count]);
    return { final, open: units.slice(count) };
  }

  /** No more will come: all that was open. @returns {Unit[]} */
  finish() {
    this.#tail += this.#heldBack && "\n";
    const units = this.#units(false);
    this.#tail = this.#heldBack = "";
    this.#before = null;
    return units;
  }

  /** @param {boolean} isOpen */
  #units(isOpen) {
    const before = this.#before;
    const units = splitIntoUnits(this.#syntax.blocks((before?.context ?? "") + this.#tail, isOpen));
    if (before?.context) units.shift();
    if (!before) return units;
    const end = units.findIndex((unit, at) => at > 0 && !goesOn(unit));
    for (const unit of units.slice(0, end < 0 ? units.length : end)) {
      unit.isFirst = false;
      unit.isLoose ||= before.isLoose;
    }
    return units;
  }

  /**
   * A final item is as loose as the items that are certain make its list: the last one may yet turn out to be none.
   * @param {Unit[]} units @param {number} count how many are final
   */
  #settleLooseness(units, count) {
    const last = units[count - 1];
    if (last?.place !== "item" || !goesOn(units[count])) return;
    const first = units.findLastIndex((unit, at) => at < count && unit.isFirst);
    const certain = units.slice(Math.max(first, 0), count + 1).map(({ source }) => source).join("");
    const [list] = splitIntoUnits(this.#syntax.blocks(certain, false));
    last.isLoose = Boolean(list?.isLoose || (first < 0 && this.#before?.isLoose));
  }

  /** @param {Unit[]} final @param {Unit | undefined} next */
  #forget(final, next) {
    const length = final.reduce((sum, { source }) => sum + source.length, 0);
    this.#tail = this.#tail.slice(length);
    const last = final.at(-1);
    if (last) this.#before = goesOn(next) ? { ...last, context: last.place === "head" ? last.source : last.context } : null;
  }
}

/** Is it in the list or table that the unit before it is in? @param {Unit | undefined} unit */
function goesOn(unit) {
  return unit !== undefined && unit.place !== "block" && !unit.isFirst;
}
