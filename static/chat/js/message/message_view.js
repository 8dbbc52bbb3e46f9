import { Details } from "./details.js";
import { ModelText } from "../markdown/model_text.js";
import { Reasoning } from "./reasoning.js";
import { Siblings } from "./siblings.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { segmentsOf, toolsOf } from "./message_tools.js";
import { uuid } from "../lib/uuid.js";

const CONNECTION = {
  connected: "",
  reconnecting: gettext("The connection is lost; trying again…"),
  offline: gettext("You are offline. The answer is still being written, and comes as soon as the network is back."),
  unsent: gettext("You are offline. This is sent as soon as the network is back; Stop takes it back."),
};
const LEFT_OUT = gettext(
  "The model did not see the beginning of this conversation, which has outgrown its window. Messages left out: %(count)s.",
);

/**
 * One message on the page: the element that _message.html rendered, on page load or as a template, with all its parts.
 *
 * What it holds is in the element: its id, `data-status`, `data-generation`, its text. What shows when is for the
 * style sheet to tell from these.
 *
 * @typedef {import("../api/requests.js").Attachment} Attachment
 * @typedef {import("../lib/stream.js").Start} Start
 * @typedef {import("../lib/stream.js").Ending} Ending
 * @typedef {import("../api/requests.js").GenerationRequest} GenerationRequest
 * @typedef {{retry: string, continue: string, details: string}} MessageUrls of what its forms post, and of its details
 */
export class MessageView {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** A new one. @param {"user" | "assistant"} role */
  static create(role) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`${role}-message`));
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    return new MessageView(/** @type {HTMLElement} */ (copy.firstElementChild));
  }

  /** Its uuid; empty while the server has not named it. */
  get id() {
    return this.element.id.replace("message-", "");
  }

  /** @param {string} uuid */
  set id(uuid) {
    this.element.id = `message-${uuid}`;
    this.element.querySelector(".actions__edit")?.setAttribute("href", `?edit=${uuid}`);
  }

  get role() {
    return this.element.dataset["role"] ?? "";
  }

  /** The message that it follows. @returns {string | null} */
  get parent() {
    return this.element.dataset["parent"] || null;
  }

  set parent(uuid) {
    this.element.dataset["parent"] = uuid ?? "";
  }

  get siblings() {
    return new Siblings(this.element, this.id);
  }

  get status() {
    return this.element.dataset["status"] ?? "";
  }

  set status(status) {
    this.element.dataset["status"] = status;
    if (this.hasTools) toolsOf(this.element)?.restate();
  }

  get generation() {
    return this.element.dataset["generation"] ?? "";
  }

  /** How much of its reply is here: rendered by the server, or at its last ending. */
  get position() {
    return Number(this.element.dataset["position"] ?? 0);
  }

  set position(position) {
    this.element.dataset["position"] = String(position);
  }

  /** What its form asks for, under the same id until that is granted. @param {"retry" | "continue"} name @returns {GenerationRequest} */
  requestOf(name) {
    const { id, model } = fieldsOf(this.#form(name));
    return { id: id.value, ...(model.value && { model: model.value }) };
  }

  /** An answer's generation is known. @param {Start} start @param {MessageUrls} addresses */
  begin({ message, parent, generation, model, label = model, left_out = 0 }, addresses) {
    this.id = message;
    this.parent = parent;
    this.element.dataset["generation"] = generation;
    this.element.setAttribute("aria-busy", "true");
    toolsOf(this.element)?.askNoMore();
    this.#part("who").textContent = label;
    this.#part("window").textContent = interpolate(LEFT_OUT, { count: left_out });
    this.#part("window").hidden = !left_out;
    this.lead(addresses, model);
  }

  /** Where the forms and the details of an answer are to be had. @param {MessageUrls} addresses @param {string} model that goes on with it */
  lead(addresses, model) {
    this.#detailsLink.href = addresses.details;
    for (const name of /** @type {const} */ (["retry", "continue"])) {
      const form = this.#form(name);
      form.action = addresses[name];
      fieldsOf(form).id.value = uuid();
      fieldsOf(form).model.value = model;
    }
  }

  /** It is asked to be written on. @returns {() => void} puts it back as it was, if that is refused */
  reopen() {
    const { status } = this;
    this.details.close();
    this.status = "running";
    this.element.toggleAttribute("data-waiting", true);
    return () => {
      this.status = status;
      this.#note("");
      this.element.removeAttribute("data-waiting");
    };
  }

  /** All of it, as it was written. */
  get text() {
    if (this.role !== "assistant") return this.#part("body").textContent ?? "";
    return this.#texts.map(({ text }) => text).filter(Boolean).join("\n\n");
  }

  /** The same for a clipboard, with what it rests on. */
  get copied() {
    const sources = toolsOf(this.element)?.sourceLines ?? [];
    return [this.text, sources.join("\n")].filter(Boolean).join("\n\n");
  }

  /** Did its model call tools? */
  get hasTools() {
    return this.element.querySelector(":scope > .round") !== null;
  }

  /** @param {string} text */
  set text(text) {
    this.#part("body").textContent = text;
  }

  /** The files of a question. @returns {Attachment[]} */
  get attachments() {
    const items = /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".attachment"));
    return Array.from(items, ({ dataset }) => JSON.parse(dataset["attachment"] ?? "null"));
  }

  /** What shows them is loaded with the first of them. */
  set attachments(attachments) {
    const list = /** @type {HTMLElement} */ (this.element.querySelector(".attachments"));
    if (attachments.length) void import("../attachments/message_attachments.js").then(({ MessageAttachments }) => new MessageAttachments(list).show(attachments));
  }

  /** @param {string} text */
  append(text) {
    this.element.removeAttribute("data-waiting");
    this.#reasoning.pause();
    this.#openText.append(text);
  }

  /** A part that says what was done with tools; what shows them is there. @param {string} kind @param {Record<string, unknown>} value @param {string} data as it came */
  addToolPart(kind, value, data) {
    const last = segmentsOf(this.element).at(-1);
    this.element.removeAttribute("data-waiting");
    this.#reasoning.pause();
    toolsOf(this.element)?.add(kind, value, data);
    if (kind === "source") for (const text of this.#texts) text.cite();
    if (!last?.matches(".message__body") || !last.nextElementSibling?.matches(".round")) return;
    // Another text begins below the round.
    const text = new ModelText(last);
    if (text.text) text.settle();
    else last.remove();
  }

  /** @param {string} text */
  appendReasoning(text) {
    this.element.removeAttribute("data-waiting");
    toolsOf(this.element)?.close();
    this.#reasoning.append(text);
  }

  /** Without the text, the reasoning and the tools that it had. */
  clear() {
    this.#reasoning.clear();
    const [first, ...others] = segmentsOf(this.element);
    const body = this.#begin(first);
    for (const element of [first, ...others]) element.remove();
    toolsOf(this.element)?.clear();
    new ModelText(body).clear();
  }

  /** @param {keyof typeof CONNECTION} connection */
  set connection(connection) {
    this.element.toggleAttribute("data-cut-off", connection === "offline" || connection === "unsent");
    this.#reasoning.miss();
    this.#note(CONNECTION[connection]);
  }

  /** It cannot be stored now, which the sentence says; empty: it can again. @param {string} sentence */
  set storage(sentence) {
    this.#note(sentence);
  }

  /** It goes on at the server, but no longer here: says so, with a way back. @param {import("../ui/failure_advice.js").Advice} advice */
  lose(advice) {
    this.cutOff(advice);
    this.element.removeAttribute("aria-busy");
  }

  /** It goes on at the server, and here after what the advice says. @param {import("../ui/failure_advice.js").Advice} advice */
  cutOff({ sentence, link }) {
    this.element.toggleAttribute("data-cut-off", true);
    this.#note(...failureAdvice(sentence, link));
  }

  /** @param {Ending} ending */
  end({ status, message, reasoning_ms }) {
    this.status = status;
    this.#note("");
    this.element.removeAttribute("aria-busy");
    this.element.removeAttribute("data-waiting");
    this.#reasoning.end(reasoning_ms ?? null);
    for (const text of this.#texts) text.settle();
    toolsOf(this.element)?.ask();
    this.#part("sentence").textContent = message;
    this.#part("ending").hidden = status === "complete";
  }

  /** Puts a form in place of the text: the one that the server has rendered there, or a new one. @returns {HTMLFormElement} */
  openEditor() {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("editor"));
    if (!this.element.querySelector(".editor")) this.#part("body").after(template.content.cloneNode(true));
    this.element.toggleAttribute("data-editing", true);
    return /** @type {HTMLFormElement} */ (this.#part("editor", ""));
  }

  closeEditor() {
    this.#part("editor", "").remove();
    this.element.removeAttribute("data-editing");
  }

  /** @param {string} name of an action in its row */
  focusAction(name) {
    const button = this.element.querySelector(`[data-action="${name}"]`);
    if (button instanceof HTMLElement) button.focus({ preventScroll: true });
  }

  /** Renders all that is there, at once. */
  settle() {
    if (this.role === "assistant" && this.status !== "running") for (const text of this.#texts) text.settle();
  }

  /** What is known of an answer. */
  get details() {
    return new Details(this.#detailsLink);
  }

  get #detailsLink() {
    return /** @type {HTMLAnchorElement} */ (this.element.querySelector('[data-action="details"]'));
  }

  get #texts() {
    return segmentsOf(this.element).filter((segment) => segment.matches(".message__body")).map((body) => new ModelText(body));
  }

  /** What is being written: the last one, or another below what was done after it. */
  get #openText() {
    const last = /** @type {HTMLElement} */ (segmentsOf(this.element).at(-1));
    if (last.matches(".message__body")) return new ModelText(last);
    toolsOf(this.element)?.close();
    return new ModelText(this.#begin(last));
  }

  /** A text below. @param {HTMLElement} segment */
  #begin(segment) {
    const body = Object.assign(document.createElement("div"), { className: "message__body", dir: "auto" });
    segment.after(body);
    return body;
  }

  get #reasoning() {
    return new Reasoning(this.#part("reasoning"));
  }

  /** A line below the text about its way here. @param {string} sentence @param {...(string | Node)} more */
  #note(sentence, ...more) {
    const line = this.#part("connection");
    line.replaceChildren(sentence, ...more);
    line.hidden = !sentence;
  }

  /** @param {"retry" | "continue"} name */
  #form(name) {
    return /** @type {HTMLFormElement} */ (this.#part(name));
  }

  /** @param {string} name @param {string} [block] @returns {HTMLElement} */
  #part(name, block = "message__") {
    return /** @type {HTMLElement} */ (this.element.querySelector(`.${block}${name}`));
  }
}

/** @param {HTMLFormElement} form @returns {{id: HTMLInputElement, model: HTMLInputElement}} */
function fieldsOf({ elements }) {
  const [id, model] = ["id", "model"].map((name) => /** @type {HTMLInputElement} */ (elements.namedItem(name)));
  return { id: /** @type {HTMLInputElement} */ (id), model: /** @type {HTMLInputElement} */ (model) };
}
