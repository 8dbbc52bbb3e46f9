import { gettext } from "../lib/i18n.js";

const COPIED = gettext("Copied");
const SHOWN_MS = 2_000;

/** A link in the list, whose address can be copied where there are scripts. */
export class ShareLink {
  #address;
  #button;

  /** @param {Element} item */
  constructor(item) {
    this.#address = /** @type {HTMLInputElement} */ (item.querySelector(".links__address"));
    this.#button = /** @type {HTMLButtonElement} */ (item.querySelector(".links__copy"));
    this.#button.hidden = false;
    this.#button.addEventListener("click", () => void this.#copy());
    this.#address.addEventListener("focus", () => this.#address.select());
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#address.value);
    } catch {
      // Plain HTTP has no clipboard, or the user has refused it.
      this.#address.select();
      document.execCommand("copy");
    }
    this.#confirm();
  }

  #confirm() {
    if (this.#button.textContent === COPIED) return;
    const words = this.#button.textContent;
    this.#button.textContent = COPIED;
    setTimeout(() => (this.#button.textContent = words), SHOWN_MS);
  }
}
