import { gettext, interpolate } from "../lib/i18n.js";

const LOOK_MS = 1000;
const LOOK_AGAIN_MS = 5000;
const PATIENCE_MS = 30_000;
const WORDS = gettext("Messages imported: %(stored)s of %(messages)s");

/** @typedef {{status: string, stored: number, messages: number}} Progress */

/** Shows how far an import is, and comes to the page that says how it has ended. */
export class ImportProgress {
  #element;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
    this.#lookIn(LOOK_MS);
  }

  /** @param {number} milliseconds */
  #lookIn(milliseconds) {
    setTimeout(() => void this.#look(), milliseconds);
  }

  async #look() {
    const response = await fetch(this.#data("url"), { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    if (!response || response.status >= 500) return this.#lookIn(LOOK_AGAIN_MS);
    const found = response.ok ? await response.json().catch(() => null) : null;
    // Also for who is logged out by now, or whose import is forgotten: the page says so.
    if (found?.status !== "running") return location.replace(this.#data("page"));
    this.#show(found);
    this.#lookIn(LOOK_MS);
  }

  /** @param {Progress} progress */
  #show({ stored, messages }) {
    const bar = /** @type {HTMLProgressElement} */ (this.#element.querySelector("progress"));
    const words = /** @type {HTMLElement} */ (this.#element.querySelector("p"));
    bar.max = messages;
    bar.value = stored;
    words.textContent = interpolate(WORDS, { stored, messages });
  }

  /** @param {string} name */
  #data(name) {
    return this.#element.dataset[name] ?? "";
  }
}
