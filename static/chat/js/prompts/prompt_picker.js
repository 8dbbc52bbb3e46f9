import { PromptLibrary } from "./prompt_library.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";

const SHARED = gettext("shared");
const TEXT_CHARS = 200;

/**
 * The prompts that `/` at the beginning of an empty composer offers: a list that is filtered by what is typed on.
 * The focus stays in the field, which names the chosen option (WAI-ARIA, aria-activedescendant); a field of several
 * lines may not be a combobox, so what the list has is announced.
 *
 * @typedef {import("./prompt_library.js").Prompt} Prompt
 *
 * @typedef {object} Owner
 * @property {(text: string) => void} onTake
 * @property {(sentence: string) => void} announce
 */
export class PromptPicker {
  #field;
  #list;
  #library;
  #owner;
  /** @type {Prompt[]} */
  #shown = [];
  #chosen = 0;
  #isDismissed = false;

  /** @param {HTMLFormElement} form @param {HTMLElement} list @param {Owner} owner */
  constructor(form, list, owner) {
    this.#field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    this.#list = list;
    this.#library = new PromptLibrary(list.dataset["url"] ?? "");
    this.#owner = owner;
    // Before the field itself: Enter would send.
    form.addEventListener("keydown", (event) => this.#pressed(event), { capture: true });
    form.addEventListener("submit", () => this.#close());
    this.#field.addEventListener("input", () => void this.#typed());
    this.#field.addEventListener("blur", () => this.#close());
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => this.#clicked(target));
    void this.#typed();
  }

  get #isOpen() {
    return !this.#list.hidden;
  }

  /** What follows the `/`; null where nobody asks for a prompt. */
  get #wanted() {
    return /^\/([^\n]*)$/.exec(this.#field.value)?.[1] ?? null;
  }

  async #typed() {
    if (this.#wanted === null) this.#isDismissed = false;
    else if (!this.#isDismissed) {
      this.#show();
      await this.#library.refresh();
    }
    this.#show();
  }

  #show() {
    const wanted = this.#isDismissed || document.activeElement !== this.#field ? null : this.#wanted;
    const found = wanted === null ? [] : this.#library.find(wanted);
    if (!found.length) return this.#close();
    if (this.#isOpen && isSame(found, this.#shown)) return;
    this.#shown = found;
    this.#list.replaceChildren(...found.map(optionOf));
    this.#list.hidden = false;
    this.#field.setAttribute("aria-controls", this.#list.id);
    this.#field.setAttribute("aria-autocomplete", "list");
    this.#choose(0);
    const sentence = ngettext("%(count)s prompt. Enter takes it.", "%(count)s prompts. The arrow keys choose one, Enter takes it.", found.length);
    this.#owner.announce(interpolate(sentence, { count: found.length }));
  }

  #close() {
    if (!this.#isOpen) return;
    this.#list.hidden = true;
    for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) this.#field.removeAttribute(name);
  }

  /** @param {number} at */
  #choose(at) {
    this.#chosen = (at + this.#shown.length) % this.#shown.length;
    for (const [number, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(number === this.#chosen));
    }
    const option = this.#list.children[this.#chosen];
    this.#field.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} at */
  #take(at) {
    const prompt = this.#shown[at];
    this.#close();
    if (prompt) this.#owner.onTake(prompt.text);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // 229: Safari reports the Enter that ends a composition after its end.
    if (!this.#isOpen || event.target !== this.#field || event.isComposing || event.keyCode === 229 || event.shiftKey) return;
    if (!this.#did(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} key @returns {boolean} was it for the list? */
  #did(key) {
    if (key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (key === "Enter" || key === "Tab") this.#take(this.#chosen);
    else if (key === "Escape") {
      this.#isDismissed = true;
      this.#close();
    } else return false;
    return true;
  }

  /** @param {EventTarget | null} target */
  #clicked(target) {
    const option = target instanceof Element ? target.closest("[role=option]") : null;
    if (option) this.#take([...this.#list.children].indexOf(option));
  }
}

/** @param {Prompt[]} some @param {Prompt[]} others */
function isSame(some, others) {
  return some.length === others.length && some.every((prompt, at) => prompt === others[at]);
}

/** @param {Prompt} prompt */
function optionOf({ id, name, text, is_shared: isShared }) {
  const option = Object.assign(document.createElement("div"), { className: "offer__prompt", id: `prompt-${id}`, role: "option" });
  option.append(part("offer__name", name), ...(isShared ? [" ", part("offer__shared", SHARED)] : []), part("offer__text", text.slice(0, TEXT_CHARS)));
  return option;
}

/** @param {string} className @param {string} textContent */
function part(className, textContent) {
  return Object.assign(document.createElement("span"), { className, textContent, dir: "auto" });
}
