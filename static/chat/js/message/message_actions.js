import { Menus } from "../ui/menus.js";
import { MessageView } from "./message_view.js";
import { gettext } from "../lib/i18n.js";

const DONE_MS = 2_000;
const COPIED = gettext("Copied.");
const NOT_COPIED = gettext("The browser does not let this page copy. Select the text and copy it with the keyboard or the menu.");

/**
 * The rows of actions below the messages.
 *
 * @typedef {object} Owner
 * @property {(view: MessageView) => void} onEdit
 * @property {(view: MessageView, model: string | undefined) => void} onAgain
 * @property {(view: MessageView, step: number) => void} onStep to the previous of its alternatives (-1) or to the next
 * @property {import("./details.js").Advise} advise
 * @property {(sentence: string) => void} announce to those who do not see the page
 * @property {(sentence: string) => void} complain
 */
export class MessageActions {
  #owner;

  /** @param {HTMLElement} thread @param {Owner} owner */
  constructor(thread, owner) {
    this.#owner = owner;
    new Menus(thread);
    thread.addEventListener("click", (event) => this.#clicked(event));
    thread.addEventListener("submit", (event) => this.#submitted(event));
    thread.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    const view = viewOf(button);
    if (!(button instanceof HTMLElement) || !view) return;
    const { action } = button.dataset;
    if (action === "copy") return void this.#copy(view, button);
    // A link, which may be opened in another tab.
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (action === "edit") this.#owner.onEdit(view);
    else view.details.toggle((failure) => this.#owner.advise(failure));
  }

  /** Esc closes the details in which it is pressed; elsewhere it stops an answer. @param {KeyboardEvent} event */
  #pressed(event) {
    const part = event.target instanceof Element ? event.target.closest('.details, [data-action="details"]') : null;
    const details = viewOf(part)?.details;
    if (event.key !== "Escape" || !details?.isOpen) return;
    event.stopPropagation();
    event.preventDefault();
    details.close();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLElement} */ (event.target);
    const view = viewOf(form);
    if (!view || !form.matches(".siblings, .actions__again")) return;
    event.preventDefault();
    const submitter = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (form.matches(".siblings")) this.#owner.onStep(view, Number(submitter?.dataset["step"]));
    else this.#owner.onAgain(view, submitter?.value || undefined);
  }

  /** As it is stored: Markdown stays Markdown. @param {MessageView} view @param {HTMLElement} button */
  async #copy(view, button) {
    try {
      await navigator.clipboard.writeText(view.copied);
    } catch {
      // Plain HTTP has no clipboard, or the user has refused it.
      return this.#owner.complain(NOT_COPIED);
    }
    this.#owner.complain("");
    this.#owner.announce(COPIED);
    button.toggleAttribute("data-done", true);
    setTimeout(() => button.removeAttribute("data-done"), DONE_MS);
  }
}

/** @param {Element | null} part */
function viewOf(part) {
  const element = part?.closest(".message");
  return element instanceof HTMLElement ? new MessageView(element) : null;
}
