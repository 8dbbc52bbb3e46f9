import { Container } from "./unit_container.js";
import { Placed } from "./rendered_unit.js";
import { Syntax } from "../parse/syntax.js";

/** A browser goes through all children of a block when one of them grows; so blocks are put into parts of so many. */
const BLOCKS_IN_A_PART = 32;

/** A block longer than this is no Markdown but a flood, and is shown as it was written: the page must not stall on it. */
const LARGEST_BLOCK_CHARS = 30_000;
const LINE_BREAK = /[\r\n]/;

/**
 * The units of one message on the page. Those that are final stay as they are, unless a link definition or a blank
 * line that came later gives them another meaning, which Markdown allows.
 *
 * @typedef {import("../parse/split_units.js").Unit} Unit
 * @typedef {import("./renderer.js").Renderer} Renderer
 */
export class Sheet {
  #page;
  #renderer;
  /** @type {HTMLElement[]} */
  #parts = [];
  /** @type {Placed[]} */
  #final = [];
  /** @type {Placed[]} */
  #open = [];
  /** @type {import("../parse/syntax.js").Links} */
  #links = Object.create(null);
  /** Final units that may refer to a definition. @type {Map<string, Set<Placed>>} */
  #byLabel = new Map();

  /** @param {HTMLElement} page @param {Renderer} renderer */
  constructor(page, renderer) {
    this.#page = page;
    this.#renderer = renderer;
  }

  /** @param {Unit[]} final what will not change any more @param {Unit[]} open what may @param {boolean} isOpen is its end still being written? */
  show(final, open, isOpen) {
    const redefined = this.#define(final);
    const units = [...final, ...open];
    const placed = this.#place(units);
    this.#loosen(placed);
    for (const unit of redefined) this.#render(unit, [], false);
    placed.forEach((unit, at) => this.#render(unit, placed.slice(at + 1), isOpen && at === units.length - 1));
    this.#open = placed.slice(final.length);
    for (const unit of placed.slice(0, final.length)) this.#remember(unit);
    if (!isOpen) this.#parts.findLast((part) => part.hasChildNodes() || part.remove());
  }

  /** Adds to a flood, which nothing but a line break can end. @param {string} text @returns {boolean} false if it is no flood */
  extend(text) {
    const last = this.#open.at(-1);
    if (!last || !isFlood(last.unit) || LINE_BREAK.test(text)) return false;
    last.root?.append(text);
    return true;
  }

  clear() {
    this.#page.replaceChildren();
    this.#parts = [];
    this.#final = [];
    this.#open = [];
    this.#links = Object.create(null);
    this.#byLabel.clear();
  }

  /** Does it show these units, and no others? @param {Unit[]} units */
  isOf(units) {
    const now = [...this.#final, ...this.#open].filter(({ unit }) => unit.type !== "space");
    const expected = units.filter(({ type }) => type !== "space");
    return now.length === expected.length && now.every((placed, at) => isSame(placed, /** @type {Unit} */ (expected[at])));
  }

  /** Takes over the places of what was open. @param {Unit[]} units */
  #place(units) {
    /** @type {Placed[]} */
    const placed = [];
    let last = this.#final.at(-1);
    for (const unit of units) {
      const place = placeOf(unit, last);
      if (!this.#open[0]?.fits(unit, place)) this.#dropOpen();
      const taken = this.#open.shift();
      last = taken ? taken.become(unit) : new Placed(unit, place, this.#part(place.block));
      placed.push(last);
    }
    this.#dropOpen();
    return placed;
  }

  /** @param {number} block */
  #part(block) {
    return (this.#parts[Math.floor(block / BLOCKS_IN_A_PART)] ??= this.#page.appendChild(document.createElement("div")));
  }

  #dropOpen() {
    for (const placed of this.#open) placed.remove();
    this.#open = [];
  }

  /** The last item of a list knows whether all of its items are paragraphs. @param {Placed[]} placed */
  #loosen(placed) {
    for (const { container, unit } of placed) {
      if (!container || container.isLoose === unit.isLoose) continue;
      container.isLoose = unit.isLoose;
      for (const other of container.units) if (!placed.includes(other)) this.#render(other, [], false);
    }
  }

  /** @param {Placed} placed @param {Placed[]} following @param {boolean} isOpen */
  #render(placed, following, isOpen) {
    const { unit, container } = placed;
    if (isFlood(unit)) return this.#flood(placed, following);
    const source = isOpen ? this.#renderer.mend(unit) : unit.source;
    const links = this.#linksOf(placed);
    const key = JSON.stringify([isOpen, container?.isLoose, unit.context, source, links]);
    if (key === placed.shown) return;
    placed.shown = key;
    const about = { links, isOpen, isLoose: container?.isLoose ?? false };
    placed.put(this.#renderer.fragment(unit.context + source, about), following);
  }

  /** @param {Placed} placed @param {Placed[]} following */
  #flood(placed, following) {
    placed.shown = "";
    const paragraph = Object.assign(document.createElement("p"), { className: "flood", textContent: placed.unit.source });
    const fragment = document.createDocumentFragment();
    fragment.append(paragraph);
    placed.put(fragment, following);
  }

  /** @param {Placed} placed @returns {import("../parse/syntax.js").Links} */
  #linksOf(placed) {
    const labels = placed.references.map(Syntax.label).filter((label) => Object.hasOwn(this.#links, label));
    return Object.fromEntries(labels.map((label) => [label, this.#links[label] ?? { href: "" }]));
  }

  /** Takes up new link definitions. @param {Unit[]} units @returns {Set<Placed>} the final units that they change */
  #define(units) {
    /** @type {Set<Placed>} */
    const changed = new Set();
    for (const { source, type } of units) {
      if (type === "code" || !source.includes("]:")) continue;
      for (const [label, link] of Object.entries(this.#renderer.definitions(source))) {
        if (Object.hasOwn(this.#links, label)) continue;
        this.#links[label] = link;
        for (const placed of this.#byLabel.get(label) ?? []) changed.add(placed);
      }
    }
    return changed;
  }

  /** @param {Placed} placed */
  #remember(placed) {
    this.#final.push(placed);
    for (const label of placed.references.map(Syntax.label)) {
      const units = this.#byLabel.get(label) ?? new Set();
      this.#byLabel.set(label, units.add(placed));
    }
  }
}

/** @param {Unit} unit */
function isFlood({ type, place, source }) {
  return source.length > LARGEST_BLOCK_CHARS && place === "block" && type !== "code" && type !== "space";
}

/** @param {Unit} unit @param {Placed | undefined} last the one before it @returns {import("./rendered_unit.js").Place} */
function placeOf(unit, last) {
  const isBlock = unit.place === "block";
  if (!isBlock && !unit.isFirst && last?.container) return { block: last.block, container: last.container };
  return { block: last ? last.block + (last.unit.type === "space" ? 0 : 1) : 0, container: isBlock ? null : new Container(unit) };
}

/** @param {Placed} placed @param {Unit} expected */
function isSame({ unit, container }, expected) {
  return unit.source.trimEnd() === expected.source.trimEnd() && unit.place === expected.place &&
    unit.isFirst === expected.isFirst && (container?.isLoose ?? false) === expected.isLoose;
}
