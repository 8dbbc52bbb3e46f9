import { fitMenu } from "./fit_menu.js";

const OPEN = "details.actions__menu[open]";

/** The small menus in the rows of actions: one closes where somebody clicks elsewhere, leaves it or presses Esc. */
export class Menus {
  /** @param {HTMLElement} thread */
  constructor(thread) {
    thread.addEventListener("keydown", (event) => this.#pressed(event));
    thread.addEventListener("focusout", (event) => this.#left(event));
    // The event does not bubble.
    thread.addEventListener("toggle", ({ target }) => target instanceof HTMLElement && target.matches(OPEN) && fitMenu(listIn(target)), { capture: true });
    document.addEventListener("click", ({ target }) => this.#close(target));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const menu = event.target instanceof Element ? event.target.closest(OPEN) : null;
    if (event.key !== "Escape" || !menu) return;
    // Elsewhere it stops an answer.
    event.stopPropagation();
    event.preventDefault();
    this.#close(null);
    menu.querySelector("summary")?.focus();
  }

  /** @param {FocusEvent} event */
  #left({ relatedTarget }) {
    if (relatedTarget) this.#close(relatedTarget);
  }

  /** @param {EventTarget | null} target where the user is now */
  #close(target) {
    for (const menu of document.querySelectorAll(OPEN)) {
      if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
    }
  }
}

/** @param {HTMLElement} menu @returns {HTMLElement} */
function listIn(menu) {
  return /** @type {HTMLElement} */ (menu.querySelector(".actions__list"));
}
