import { failureAdvice } from "../ui/failure_advice.js";
import { gettext } from "../lib/i18n.js";

const SET = gettext("some are set");
const SAVED = gettext("The settings are saved. They hold from the next answer on.");

/**
 * The settings of the conversation: they go with the first question of a new one, and are saved by themselves after it.
 *
 * @typedef {import("../lib/failure.js").Failure} Failure
 * @typedef {import("../api/requests.js").Settings} Settings
 *
 * @typedef {object} Drafts where those of a new conversation are kept
 * @property {(place: string) => {typed: string} | null} read
 * @property {(place: string, draft: {typed: string}) => void} write
 * @property {(place: string) => void} forget
 *
 * @typedef {object} Owner
 * @property {() => boolean} isNew does the conversation not exist yet?
 * @property {string} place where those of such a one are kept, beside its draft
 * @property {(settings: Settings) => Promise<Failure | null>} save
 * @property {(failure: Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {(sentence: string) => void} announce
 */
export class ConversationSettings {
  #panel;
  #button;
  #form;
  #notice;
  #drafts;
  #owner;

  /** @param {HTMLElement} panel @param {HTMLElement} button that opens it @param {Drafts} drafts @param {Owner} owner */
  constructor(panel, button, drafts, owner) {
    this.#panel = panel;
    this.#button = button;
    this.#form = /** @type {HTMLFormElement} */ (panel.querySelector("form"));
    this.#notice = /** @type {HTMLElement} */ (panel.querySelector(".notice"));
    this.#drafts = drafts;
    this.#owner = owner;
    this.#takeFields();
    if (owner.isNew()) this.#restore();
    this.#mark();
    this.#listen();
  }

  /** What goes with a question; nothing where the conversation has its settings already. @returns {{settings?: Settings}} */
  get forQuestion() {
    return this.#owner.isNew() ? { settings: this.#settings } : {};
  }

  /** Where they are saved. @param {string} url of the conversation */
  set url(url) {
    this.#form.action = `${url}settings/`;
  }

  /** The conversation exists now, with what its first question brought. */
  created() {
    this.#hold();
    this.#drafts.forget(this.#owner.place);
  }

  /** @returns {Settings} */
  get #settings() {
    const [prompt, temperature, tokens] = this.#fields.map((field) => field.value.trim());
    return { system_prompt: prompt ?? "", temperature: numberIn(temperature), max_tokens: numberIn(tokens) };
  }

  /** @returns {(HTMLInputElement | HTMLTextAreaElement)[]} */
  get #fields() {
    return [...this.#panel.querySelectorAll("textarea, input[type=number]")].map((field) => /** @type {HTMLInputElement} */ (field));
  }

  /** Without scripts those of a new conversation are fields of the composer. */
  #takeFields() {
    for (const field of this.#fields) field.removeAttribute("form");
    /** @type {HTMLElement} */ (this.#form.querySelector("[type=submit]")).hidden = false;
  }

  #restore() {
    const kept = valuesIn(this.#drafts.read(this.#owner.place)?.typed);
    for (const [at, field] of this.#fields.entries()) field.value = kept[at] ?? field.value;
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => void this.#save(event));
    this.#form.addEventListener("input", () => this.#typed());
    this.#panel.addEventListener("toggle", () => {
      if (!this.#panel.matches(":popover-open")) return;
      this.#fields[0]?.focus();
      void this.#refresh();
    });
  }

  /** Another tab may have changed them: what is saved here would take that back. */
  async #refresh() {
    if (this.#owner.isNew() || this.#isChanged) return;
    const response = await fetch(this.#form.action, { headers: { Accept: "application/json" } }).catch(() => null);
    const settings = response?.ok ? await response.json().catch(() => null) : null;
    if (!settings || this.#isChanged) return;
    for (const field of this.#fields) field.value = settings[field.name] ?? "";
    this.#hold();
  }

  get #isChanged() {
    return this.#fields.some((field) => field.value !== field.defaultValue);
  }

  /** They are what the conversation has. */
  #hold() {
    for (const field of this.#fields) field.defaultValue = field.value;
    this.#mark();
  }

  /** So that nobody asks under settings that they have forgotten, or that were never saved. */
  #mark() {
    const held = this.#owner.isNew() ? "value" : "defaultValue";
    this.#button.toggleAttribute("data-set", this.#fields.some((field) => field[held].trim()));
    this.#button.title = [this.#button.ariaLabel, ...(this.#button.hasAttribute("data-set") ? [SET] : [])].join(" · ");
  }

  #typed() {
    this.#complain("");
    this.#mark();
    if (this.#owner.isNew()) this.#drafts.write(this.#owner.place, { typed: JSON.stringify(this.#fields.map((field) => field.value)) });
  }

  /** @param {SubmitEvent} event */
  async #save(event) {
    event.preventDefault();
    const failure = this.#owner.isNew() ? null : await this.#owner.save(this.#settings);
    if (failure) return this.#complain(this.#owner.advise(failure).sentence, this.#owner.advise(failure).link);
    if (!this.#owner.isNew()) this.#hold();
    this.#complain("");
    this.#panel.hidePopover();
    if (!this.#owner.isNew()) this.#owner.announce(SAVED);
  }

  /** @param {string} sentence @param {import("../ui/failure_advice.js").AdviceLink} [link] */
  #complain(sentence, link) {
    this.#notice.replaceChildren(...failureAdvice(sentence, link));
    this.#notice.hidden = !sentence;
  }
}

/** @param {string} [kept] @returns {(string | undefined)[]} */
function valuesIn(kept) {
  try {
    return JSON.parse(kept || "[]");
  } catch {
    return [];
  }
}

/** @param {string} [text] */
function numberIn(text) {
  return text ? Number(text) : null;
}
