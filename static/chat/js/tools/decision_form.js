import { copy } from "./tool_call.js";
import { uuid } from "../lib/uuid.js";

/**
 * What waits for a yes: the form that _decision.html has, for one call or for all of several.
 *
 * @typedef {import("./tool_call.js").ToolCall} ToolCall
 * @typedef {{call: string, answer: "yes" | "no", reason?: string}} Decision
 */
export class DecisionForm {
  /** @param {HTMLFormElement} element */
  constructor(element) {
    this.element = element;
  }

  /** A new one. @param {ToolCall[]} calls @param {HTMLFormElement} continuation which posts to the same place, and asks the same model */
  static create(calls, continuation) {
    const form = new DecisionForm(/** @type {HTMLFormElement} */ (copy(calls.length > 1 ? "tool-decisions" : "tool-decision")));
    form.element.setAttribute("action", continuation.getAttribute("action") ?? "");
    form.#field("model").value = /** @type {HTMLInputElement} */ (continuation.elements.namedItem("model")).value;
    form.#field("id").value = uuid();
    const pattern = /** @type {HTMLElement} */ (form.element.querySelector(".decision__call"));
    pattern.before(...calls.map((call) => asked(call, pattern)));
    pattern.remove();
    return form;
  }

  /** What it says now, by the button that was pressed; null where it leaves a call out. @param {HTMLElement | null} submitter @returns {Decision[] | null} */
  decisions(submitter) {
    const sent = new FormData(this.element, submitter);
    const decided = this.#ids.map((call) => decision(call, sent.get(`answer.${call}`), sent.get(`reason.${call}`)));
    return decided.every((each) => each !== null) ? decided : null;
  }

  /** All of it is answered alike. @param {string} answer @returns {Decision[]} */
  all(answer) {
    return this.#ids.map((call) => /** @type {Decision} */ (decision(call, answer, "")));
  }

  /** Under which these are sent: another one for others, for the site joins what bears the same. @param {Decision[]} decisions */
  requestOf(decisions) {
    const { dataset } = this.element;
    const said = JSON.stringify(decisions);
    if (dataset["sent"] !== undefined && dataset["sent"] !== said) this.#field("id").value = uuid();
    dataset["sent"] = said;
    const [id, model] = [this.#field("id").value, this.#field("model").value];
    return { id, ...(model && { model }), decisions };
  }

  get #ids() {
    const calls = /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".decision__call"));
    return Array.from(calls, ({ dataset }) => dataset["call"] ?? "");
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.element.elements.namedItem(name));
  }
}

/** @param {string} call @param {unknown} answer @param {unknown} reason @returns {Decision | null} */
function decision(call, answer, reason) {
  if (answer !== "yes" && answer !== "no") return null;
  const because = answer === "no" && typeof reason === "string" ? reason.trim() : "";
  return { call, answer, ...(because && { reason: because }) };
}

/** @param {ToolCall} call @param {HTMLElement} pattern */
function asked(call, pattern) {
  const part = /** @type {HTMLElement} */ (pattern.cloneNode(true));
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (part.querySelector(`.decision__${name}`));
  part.dataset["call"] = call.id;
  find("what").textContent = call.title;
  find("name").textContent = call.name;
  if (!call.would("changes")) find("effect--changes").remove();
  if (!call.would("outside")) find("effect--outside").remove();
  const { values, given } = call;
  find("values").append(...values.map(([name, value]) => pair(name, value)));
  if (values.length) find("raw").remove();
  else find("values").remove();
  if (!values.length) find("raw").textContent = given;
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (part.querySelectorAll('[name^="answer."], [name^="reason."]'));
  for (const field of fields) field.name += call.id;
  return part;
}

/** @param {string} name @param {string} value */
function pair(name, value) {
  const element = Object.assign(document.createElement("div"), { className: "decision__value" });
  const term = Object.assign(document.createElement("dt"), { dir: "auto", textContent: name });
  const words = Object.assign(document.createElement("dd"), { className: "data", dir: "auto", textContent: value });
  element.append(term, words);
  return element;
}
