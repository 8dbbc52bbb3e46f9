import { ToolCall, copy, wordsFor } from "./tool_call.js";
import { interpolate, ngettext } from "../lib/i18n.js";

/** Calls that were made at once: one is a row, several fold together, as _round.html has it. */
export class ToolRound {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** A new one, without calls as yet. */
  static create() {
    const element = copy("tool-round");
    element.toggleAttribute("data-open", true);
    element.querySelector(".round__calls")?.replaceChildren();
    return new ToolRound(element);
  }

  get calls() {
    return Array.from(/** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".call")), (call) => new ToolCall(call));
  }

  /** @param {ToolCall} call */
  add(call) {
    this.element.querySelector(".round__calls")?.append(call.element);
    // The second one folds them together.
    if (this.calls.length === 2) this.#fold.open = false;
    this.#summary.hidden = this.calls.length < 2;
  }

  /** What was called, and how that stands. */
  tell() {
    const states = this.calls.map(({ state }) => state);
    const first = ["waiting", "running"].find((state) => states.includes(state));
    const done = states.filter((state) => state === "done").length;
    const state = first ?? (done === states.length ? "done" : "mixed");
    this.element.dataset["state"] = state;
    const titles = new Set(this.calls.map(({ title }) => title));
    this.#part(".call__title").textContent = [...titles].join(", ");
    this.#part(".call__state").textContent = state === "mixed" ? countOf(done, states.length) : wordsFor(state);
  }

  get #fold() {
    return /** @type {HTMLDetailsElement} */ (this.#part(".round__fold"));
  }

  get #summary() {
    return this.#part(".round__summary");
  }

  /** @param {string} selector @returns {HTMLElement} the first, which is of the summary */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.element.querySelector(selector));
  }
}

/** @param {number} done @param {number} count */
function countOf(done, count) {
  return interpolate(ngettext("%(done)s of %(count)s done", "%(done)s of %(count)s done", count), { done, count });
}
