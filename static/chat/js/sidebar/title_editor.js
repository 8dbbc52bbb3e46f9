import { isBlank } from "../lib/is_blank.js";

/** A conversation's title as a field in its place in the list: Enter saves, Esc cancels. */
export class TitleEditor {
  #item;
  #form;
  #field;
  #save;

  /** @param {HTMLElement} item @param {(title: string) => Promise<boolean>} save is it stored? */
  constructor(item, save) {
    this.#item = item;
    this.#save = save;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("rename"));
    item.append(template.content.cloneNode(true));
    item.toggleAttribute("data-renaming", true);
    this.#form = /** @type {HTMLFormElement} */ (item.lastElementChild);
    this.#field = /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("title"));
    this.#field.value = this.#title;
    this.#form.addEventListener("submit", (event) => void this.#submitted(event));
    this.#form.addEventListener("keydown", (event) => this.#pressed(event));
    this.#field.focus();
    this.#field.select();
  }

  get #title() {
    return this.#item.querySelector("a[data-id]")?.textContent ?? "";
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    // Elsewhere it stops an answer, or closes the drawer.
    event.stopPropagation();
    event.preventDefault();
    this.#close();
  }

  /** @param {SubmitEvent} event */
  async #submitted(event) {
    event.preventDefault();
    event.stopPropagation();
    const title = this.#field.value.trim().replace(/\s+/g, " ");
    if (isBlank(title) || title === this.#title || (await this.#save(title))) this.#close();
  }

  #close() {
    this.#form.remove();
    this.#item.removeAttribute("data-renaming");
    /** @type {HTMLElement | null} */ (this.#item.querySelector(".sidebar__menu"))?.focus();
  }
}
