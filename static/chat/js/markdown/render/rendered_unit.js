import { patchNodes } from "./patch_nodes.js";

const BRACKETED = /\[((?:\\[\s\S]|[^\\[\]])+)\]/g;

/**
 * A unit and the nodes that show it.
 *
 * @typedef {{block: number, container: UnitContainer | null}} Place which block of the text it is or is in; its list or table
 *
 * @typedef {import("../parse/split_units.js").Unit} Unit
 * @typedef {import("./unit_container.js").UnitContainer} UnitContainer
 */
export class RenderedUnit {
  /** What was rendered, to know whether it would be the same again. */
  shown = "";
  /** @type {Node[]} */
  #nodes = [];

  /** @param {Unit} unit @param {Place} place @param {HTMLElement} page the part of the page that it is in */
  constructor(unit, { block, container }, page) {
    this.unit = unit;
    this.block = block;
    this.container = container;
    this.page = page;
    /** Which of its list or table it is. */
    this.at = container?.units.length ?? 0;
    container?.units.push(this);
  }

  /** Can it become this unit without moving? @param {Unit} unit @param {Place} place */
  fits(unit, { block, container }) {
    const isSame = this.unit.place === unit.place && this.unit.isFirst === unit.isFirst && this.block === block;
    if (!isSame || unit.place === "block") return isSame;
    return unit.isFirst ? Boolean(this.container?.fits(unit)) : this.container === container;
  }

  /** @param {Unit} unit one that fits */
  become(unit) {
    this.unit = unit;
    return this;
  }

  /** The first of its nodes. @returns {Element | undefined} */
  get root() {
    const [node] = this.#nodes;
    return node instanceof Element ? node : undefined;
  }

  /** @returns {Element[]} */
  get elements() {
    return this.#nodes.filter((node) => node instanceof Element);
  }

  /** What of it, or around it, is a child of the page. @returns {Node | null} */
  get top() {
    const list = this.container?.root;
    return list?.isConnected || list?.parentNode ? list : (this.#nodes[0] ?? null);
  }

  /** The labels of the link definitions that it may refer to, as they are written. @returns {string[]} */
  get references() {
    return Array.from(this.unit.source.matchAll(BRACKETED), ([, label = ""]) => label);
  }

  /** @param {DocumentFragment} fragment what the unit was rendered as @param {RenderedUnit[]} following */
  put(fragment, following) {
    const next = following.find((other) => other.page === this.page && other.top)?.top ?? null;
    const nodes = partOf(fragment, this.unit);
    if (!nodes.length && !this.#nodes.length) return; // so no list and no part of a table is made for it
    const { parent, end } = this.#where(next);
    const before = this.#nodes.at(-1)?.nextSibling ?? end;
    this.container?.fit(this, nodes);
    if (!this.#putHead(nodes)) this.#nodes = patchNodes(parent, this.#nodes, nodes, before);
    this.container?.direct();
  }

  remove() {
    const parent = this.#nodes[0]?.parentElement;
    for (const node of this.#nodes) node.parentNode?.removeChild(node);
    if (this.container && this.unit.place !== "head" && !parent?.hasChildNodes()) parent?.remove();
    this.container?.leave(this);
  }

  /** The head of a table that has rows already is put in the place of the old one. @param {Node[]} nodes */
  #putHead([node]) {
    const table = this.unit.place === "head" && this.root?.querySelector("table");
    const head = node instanceof Element && node.querySelector("thead");
    if (!table || !head || !table.tHead) return false;
    patchNodes(table, [table.tHead], [head], table.tHead.nextSibling);
    return true;
  }

  /** @param {Node | null} next @returns {{parent: HTMLElement, end: Node | null}} */
  #where(next) {
    const { container, page } = this;
    if (!container || this.unit.place === "head") return { parent: page, end: next };
    if (container.root && !container.root.parentNode) page.insertBefore(container.root, next);
    return { parent: container.partOf(this), end: null };
  }
}

/** @param {DocumentFragment} fragment @param {Unit} unit @returns {Node[]} */
function partOf(fragment, { place }) {
  if (place === "item") return [...(fragment.querySelector("ul, ol")?.children ?? [])];
  if (place === "row") return [...(fragment.querySelector("tbody")?.children ?? [])];
  return [...fragment.childNodes].filter((node) => node instanceof Element || node.textContent?.trim());
}
