import { asWritten } from "./as_written.js";
import { RenderedUnit } from "./rendered_unit.js";
import { Syntax } from "../parse/syntax.js";
import { UnitContainer } from "./unit_container.js";
import { sourcesOf } from "./citations.js";

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
export class RenderedDocument {
  #page;
  #renderer;
  /** @type {HTMLElement[]} */
  #parts = [];
  /** @type {RenderedUnit[]} */
  #final = [];
  /** @type {RenderedUnit[]} */
  #open = [];
  /** @type {import("../parse/syntax.js").Links} */
  #links = Object.create(null);
  /** Final units that may refer to a definition. @type {Map<string, Set<RenderedUnit>>} */
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
    const rendered = this.#place(units);
    this.#loosen(rendered);
    for (const unit of redefined) this.#render(unit, [], false);
    rendered.forEach((unit, at) => this.#render(unit, rendered.slice(at + 1), isOpen && at === units.length - 1));
    this.#open = rendered.slice(final.length);
    for (const unit of rendered.slice(0, final.length)) this.#remember(unit);
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
    return now.length === expected.length && now.every((rendered, at) => isSame(rendered, /** @type {Unit} */ (expected[at])));
  }

  /** Takes over the places of what was open. @param {Unit[]} units */
  #place(units) {
    /** @type {RenderedUnit[]} */
    const rendered = [];
    let last = this.#final.at(-1);
    for (const unit of units) {
      const place = placeOf(unit, last);
      if (!this.#open[0]?.fits(unit, place)) this.#dropOpen();
      const taken = this.#open.shift();
      last = taken ? taken.become(unit) : new RenderedUnit(unit, place, this.#part(place.block));
      rendered.push(last);
    }
    this.#dropOpen();
    return rendered;
  }

  /** @param {number} block */
  #part(block) {
    return (this.#parts[Math.floor(block / BLOCKS_IN_A_PART)] ??= this.#page.appendChild(document.createElement("div")));
  }

  #dropOpen() {
    for (const rendered of this.#open) rendered.remove();
    this.#open = [];
  }

  /** The last item of a list knows whether all of its items are paragraphs. @param {RenderedUnit[]} rendered */
  #loosen(rendered) {
    for (const { container, unit } of rendered) {
      if (!container || container.isLoose === unit.isLoose) continue;
      container.isLoose = unit.isLoose;
      for (const other of container.units) if (!rendered.includes(other)) this.#render(other, [], false);
    }
  }

  /** @param {RenderedUnit} rendered @param {RenderedUnit[]} following @param {boolean} isOpen */
  #render(rendered, following, isOpen) {
    const { unit, container } = rendered;
    if (isFlood(unit)) return this.#flood(rendered, following);
    const source = isOpen ? this.#renderer.closeOpenMarkup(unit) : unit.source;
    const links = this.#linksOf(rendered);
    const key = JSON.stringify([isOpen, container?.isLoose, unit.context, source, links]);
    if (key === rendered.shown) return;
    rendered.shown = key;
    const about = { links, isOpen, isLoose: container?.isLoose ?? false };
    rendered.put(this.#renderer.fragment(unit, source, about, sourcesOf(this.#page)), following);
    for (const element of rendered.elements) this.#renderer.regions.watch(element);
  }

  /** @param {RenderedUnit} rendered @param {RenderedUnit[]} following */
  #flood(rendered, following) {
    rendered.shown = "";
    rendered.put(asWritten(rendered.unit), following);
  }

  /** @param {RenderedUnit} rendered @returns {import("../parse/syntax.js").Links} */
  #linksOf(rendered) {
    const labels = rendered.references.map(Syntax.label).filter((label) => Object.hasOwn(this.#links, label));
    return Object.fromEntries(labels.map((label) => [label, this.#links[label] ?? { href: "" }]));
  }

  /** Takes up new link definitions. @param {Unit[]} units @returns {Set<RenderedUnit>} the final units that they change */
  #define(units) {
    /** @type {Set<RenderedUnit>} */
    const changed = new Set();
    for (const { source, type } of units) {
      if (type === "code" || !source.includes("]:")) continue;
      for (const [label, link] of Object.entries(this.#renderer.definitions(source))) {
        if (Object.hasOwn(this.#links, label)) continue;
        this.#links[label] = link;
        for (const rendered of this.#byLabel.get(label) ?? []) changed.add(rendered);
      }
    }
    return changed;
  }

  /** @param {RenderedUnit} rendered */
  #remember(rendered) {
    this.#final.push(rendered);
    for (const label of rendered.references.map(Syntax.label)) {
      const units = this.#byLabel.get(label) ?? new Set();
      this.#byLabel.set(label, units.add(rendered));
    }
  }
}

/** @param {Unit} unit */
function isFlood({ type, place, source }) {
  return source.length > LARGEST_BLOCK_CHARS && place === "block" && type !== "code" && type !== "space";
}

/** @param {Unit} unit @param {RenderedUnit | undefined} last the one before it @returns {import("./rendered_unit.js").Place} */
function placeOf(unit, last) {
  const isBlock = unit.place === "block";
  if (!isBlock && !unit.isFirst && last?.container) return { block: last.block, container: last.container };
  return { block: last ? last.block + (last.unit.type === "space" ? 0 : 1) : 0, container: isBlock ? null : new UnitContainer(unit) };
}

/** @param {RenderedUnit} rendered @param {Unit} expected */
function isSame({ unit, container }, expected) {
  return unit.source.trimEnd() === expected.source.trimEnd() && unit.place === expected.place &&
    unit.isFirst === expected.isFirst && (container?.isLoose ?? false) === expected.isLoose;
}
