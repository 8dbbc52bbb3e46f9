const OPEN = "details.actions__menu[open]";

/** The small menus in the rows of actions: one closes where somebody clicks elsewhere, leaves it or presses Esc. */
export class Menus {
  /** @param {HTMLElement} thread */
  constructor(thread) {
    thread.addEventListener("keydown", (event) => this.#pressed(event));
    thread.addEventListener("focusout", (event) => this.#left(event));
    // The event does not bubble.
    thread.addEventListener("toggle", ({ target }) => target instanceof HTMLElement && target.matches(OPEN) && fit(target), { capture: true });
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

/** Scrolls a menu that has opened onto the screen; what finds no room there, as at the top of the page, scrolls in it. @param {HTMLElement} menu */
function fit(menu) {
  const list = /** @type {HTMLElement} */ (menu.querySelector(".actions__list"));
  list.style.maxHeight = "";
  list.scrollIntoView({ block: "nearest" });
  const { top, height } = list.getBoundingClientRect();
  const hidden = (document.querySelector(".chat .bar")?.getBoundingClientRect().bottom ?? 0) - top;
  if (hidden > 0) list.style.maxHeight = `${height - hidden}px`;
}
