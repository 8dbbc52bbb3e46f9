import { DecisionForm } from "./decision_form.js";
import { SourceList } from "./source_list.js";
import { ToolCall } from "./tool_call.js";
import { ToolRound } from "./tool_round.js";
import { listenForCitations } from "./source_preview.js";
import { members } from "../lib/json_text.js";
import { readPart } from "../lib/tool_parts.js";

/**
 * What a message shows of the tools that its model called, between its texts.
 *
 * A call that comes right after another one belongs to its round, which is `data-open` until something else comes.
 *
 * @typedef {import("../lib/tool_parts.js").Call} Call
 * @typedef {import("../lib/tool_parts.js").Decision} Decision
 * @typedef {import("../lib/tool_parts.js").Result} Result
 */
export class MessageTools {
  #message;

  /** What is asked of tools that are on the page, now and later. */
  static listen() {
    listenForCitations();
    document.addEventListener("toggle", ({ target }) => {
      if (target instanceof HTMLDetailsElement && target.matches(".call") && target.open) new ToolCall(target).show();
    }, { capture: true });
    for (const call of document.querySelectorAll(".call[open]")) new ToolCall(/** @type {HTMLElement} */ (call)).show();
  }

  /** @param {HTMLElement} message its element */
  constructor(message) {
    this.#message = message;
  }

  /** @param {string} kind @param {Record<string, unknown>} value @param {string} data as it came */
  add(kind, value, data) {
    const part = readPart(kind, value);
    if (!part) return;
    if (kind === "tool_call") return this.#call(part, members(data).get("arguments") ?? "");
    this.close();
    if (kind === "tool_decision") this.#decide(part);
    else if (kind === "tool_result") this.#end(part);
    else new SourceList(this.#message).add(part);
  }

  /** What waits for a yes is asked for, now that nothing is written any more. */
  ask() {
    this.askNoMore();
    const pending = this.#calls.filter(({ isPending }) => isPending);
    if (!pending.length) return;
    this.#message.toggleAttribute("data-pending", true);
    const form = DecisionForm.create(pending, this.#continuation);
    this.#message.querySelector(":scope > .message__ending")?.before(form.element);
  }

  /** All is decided. */
  askNoMore() {
    this.#message.removeAttribute("data-pending");
    this.#message.querySelector(":scope > .decision")?.remove();
  }

  /** What it rests on, as lines. */
  get sourceLines() {
    return new SourceList(this.#message).lines;
  }

  /** @param {Call} call @param {string} given its arguments, as they came */
  #call(call, given) {
    if (this.#find(call.id)) return;
    const round = this.#openRound ?? this.#begin();
    round.add(ToolCall.create(call, given));
    round.tell();
  }

  /** @param {Decision} decision */
  #decide(decision) {
    for (const id of decision.calls) this.#find(id)?.decide(decision, this.#isRunning);
    this.#tell();
  }

  /** @param {Result} result */
  #end(result) {
    this.#find(result.id)?.end(result);
    this.#tell();
  }

  /** What comes now is no call. */
  close() {
    this.#message.querySelector(":scope > .round[data-open]")?.removeAttribute("data-open");
  }

  /** The message is being written, or not any more. */
  restate() {
    for (const call of this.#calls) call.restate(this.#isRunning);
    this.#tell();
  }

  clear() {
    for (const { element } of this.#rounds) element.remove();
    new SourceList(this.#message).clear();
    this.askNoMore();
  }

  #begin() {
    const round = ToolRound.create();
    const segments = this.#message.querySelectorAll(":scope > :is(.message__body, .message__round)");
    segments[segments.length - 1]?.after(round.element);
    return round;
  }

  get #calls() {
    return this.#rounds.flatMap((round) => round.calls);
  }

  /** The form that has its answer written on, as it stands. */
  get #continuation() {
    return /** @type {HTMLFormElement} */ (this.#message.querySelector(":scope > .message__ending > .message__continue"));
  }

  get #isRunning() {
    return this.#message.dataset["status"] === "running";
  }

  get #openRound() {
    return this.#rounds.find(({ element }) => element.hasAttribute("data-open"));
  }

  get #rounds() {
    const elements = /** @type {NodeListOf<HTMLElement>} */ (this.#message.querySelectorAll(":scope > .round"));
    return Array.from(elements, (element) => new ToolRound(element));
  }

  #tell() {
    for (const round of this.#rounds) round.tell();
  }

  /** @param {string} id */
  #find(id) {
    return this.#calls.find((call) => call.id === id);
  }
}
