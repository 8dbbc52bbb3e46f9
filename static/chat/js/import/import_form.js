import { askBeforeLeaving } from "../ui/ask_before_leaving.js";
import { gettext } from "../lib/i18n.js";

const LOOKING = gettext("One moment…");
const FAILED = gettext("The file could not be sent. Check your connection, and that the file is not too large.");

/** Sends the file and shows what the answering page says of it, so that the file stays chosen for the second time. */
export class ImportForm {
  #form;
  #isSending = false;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    form.addEventListener("submit", (event) => this.#submitted(event));
    form.addEventListener("change", () => this.#forget());
    askBeforeLeaving(() => this.#isSending);
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    if (!this.#button.disabled) void this.#send();
  }

  async #send() {
    const body = new FormData(this.#form);
    this.#button.disabled = true;
    this.#findings.textContent = LOOKING;
    this.#isSending = true;
    const response = await fetch(this.#form.action, { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
    this.#isSending = false;
    if (response?.redirected) return location.assign(response.url);
    const html = await response?.text().catch(() => "");
    this.#button.disabled = false;
    this.#show(html);
  }

  /** @param {string} [html] a page like this one, or one that says why not */
  #show(html = "") {
    const page = new DOMParser().parseFromString(html, "text/html");
    const form = page.getElementById("import");
    if (!form) return this.#fail(page.querySelector(".sheet__sentence")?.textContent);
    this.#findings.replaceChildren(.../** @type {HTMLElement} */ (form.querySelector("#findings")).children);
    this.#button.textContent = /** @type {HTMLElement} */ (form.querySelector("button")).textContent;
    this.#button.focus();
  }

  /** @param {string | null} [sentence] */
  #fail(sentence) {
    const textContent = sentence || FAILED;
    const line = Object.assign(document.createElement("p"), { className: "notice notice--error", textContent });
    this.#findings.replaceChildren(line);
  }

  /** Another file has been chosen. */
  #forget() {
    this.#findings.replaceChildren();
    this.#button.textContent = gettext("Look into the file");
  }

  get #findings() {
    return /** @type {HTMLElement} */ (this.#form.querySelector("#findings"));
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.#form.querySelector('button[type="submit"]'));
  }
}
