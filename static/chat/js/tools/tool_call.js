import { ToolData } from "./tool_data.js";
import { duration } from "../lib/duration.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { indented, members, visible } from "../lib/json_text.js";

const YES = gettext("Yes");
const NO = gettext("No");
const NO_BECAUSE = gettext("No, because: %(reason)s");
/** States of a call without a result. */
const WAITING = "waiting";
const RUNNING = "running";
const UNFINISHED = "unfinished";
/** The site shows no more of its message. */
const CUT = "cut";

/**
 * A call of a tool: a quiet row, as _call.html has it. What it is, and how it stands, is in its element.
 *
 * @typedef {import("../lib/tool_parts.js").Call} Call
 * @typedef {import("../lib/tool_parts.js").Decision} Decision
 * @typedef {import("../lib/tool_parts.js").Result} Result
 */
export class ToolCall {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** A new one. @param {Call} call @param {string} given its arguments, as they came */
  static create(call, given) {
    const row = new ToolCall(copy("tool-call"));
    const { dataset } = row.element;
    dataset["call"] = call.id;
    dataset["name"] = call.name;
    for (const name of /** @type {const} */ (["changes", "outside", "asks"])) row.element.toggleAttribute(`data-${name}`, call[name]);
    row.#part("title").textContent = call.title;
    new ToolData(row.#data("arguments")).text = typeof call.arguments === "string" ? call.arguments : given;
    row.#data("decision").remove();
    row.#data("result").remove();
    row.restate(true);
    return row;
  }

  get id() {
    return this.element.dataset["call"] ?? "";
  }

  get name() {
    return this.element.dataset["name"] ?? "";
  }

  get title() {
    return this.#part("title").textContent ?? "";
  }

  get state() {
    return this.element.dataset["state"] ?? "";
  }

  get words() {
    return this.#part("state").textContent ?? "";
  }

  get isPending() {
    return this.state === WAITING;
  }

  /** @param {"changes" | "outside"} what it would do */
  would(what) {
    return this.element.hasAttribute(`data-${what}`);
  }

  /** What it was given, as it is shown. */
  get given() {
    return new ToolData(this.#data("arguments")).text;
  }

  /** The same one by one, each as text. @returns {[string, string][]} */
  get values() {
    return Array.from(members(this.given), ([name, value]) => [visible(name), visible(value.startsWith('"') ? JSON.parse(value) : indented(value))]);
  }

  /** @param {Decision} decision @param {boolean} isRunning is its message being written? */
  decide({ answer, reason }, isRunning) {
    if (this.element.dataset["answer"]) return;
    this.element.dataset["answer"] = answer;
    const part = fresh("decision");
    const words = answer === "yes" ? YES : reason ? interpolate(NO_BECAUSE, { reason }) : NO;
    /** @type {HTMLElement} */ (part.querySelector(".call__decision")).textContent = words;
    this.#data("arguments").after(part);
    this.restate(isRunning);
  }

  /** @param {Result} result */
  end({ status, content, seconds, attachments }) {
    if (this.#isOver) return;
    const part = fresh("result");
    new ToolData(part).text = content;
    showImages(part, attachments);
    this.element.querySelector(".call__parts")?.append(part);
    this.element.dataset["state"] = status;
    this.#part("state").textContent = status === "done" ? duration(seconds, document.documentElement.lang) : wordsFor(status);
  }

  /** Its message is being written, or not any more. @param {boolean} isRunning */
  restate(isRunning) {
    const { dataset } = this.element;
    if (this.#isOver || dataset["state"] === CUT) return;
    const waits = "asks" in dataset && !("answer" in dataset);
    dataset["state"] = waits ? WAITING : isRunning ? RUNNING : UNFINISHED;
    this.#part("state").textContent = wordsFor(dataset["state"]);
  }

  /** Is looked at. */
  show() {
    for (const part of this.element.querySelectorAll(".call__part--arguments, .call__part--result")) new ToolData(part).colour();
  }

  get #isOver() {
    return this.element.querySelector(".call__part--result") !== null;
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`.call__${name}`));
  }

  /** @param {string} name */
  #data(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`.call__part--${name}`));
  }
}

/** A part that calls come to have. @param {"decision" | "result"} name */
function fresh(name) {
  return /** @type {HTMLElement} */ (copy("tool-call").querySelector(`.call__part--${name}`));
}

/** @param {HTMLElement} part the result's, of a new call @param {string[]} ids of images in it */
function showImages(part, ids) {
  const list = /** @type {HTMLElement} */ (part.querySelector(".call__images"));
  const model = /** @type {HTMLElement} */ (list.firstElementChild);
  list.replaceChildren(...ids.map((id) => imageOf(model, id)));
  if (!ids.length) list.remove();
}

/** @param {HTMLElement} model whose addresses have `{id}` where an id belongs @param {string} id */
function imageOf(model, id) {
  const item = /** @type {HTMLElement} */ (model.cloneNode(true));
  for (const [selector, name] of /** @type {const} */ ([["a", "href"], ["img", "src"]])) {
    const element = /** @type {HTMLElement} */ (item.querySelector(selector));
    element.setAttribute(name, (element.getAttribute(name) ?? "").replace("{id}", encodeURIComponent(id)));
  }
  return item;
}

/** @param {string} id of a template @returns {HTMLElement} */
export function copy(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const content = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {HTMLElement} */ (content.firstElementChild);
}

/** What a state is called, as the site says it. @param {string} state @returns {string} */
export function wordsFor(state) {
  const words = document.getElementById("tool-call")?.dataset["words"];
  return JSON.parse(words ?? "{}")[state] ?? state;
}
