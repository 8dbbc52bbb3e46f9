import { fitMenu } from "../ui/fit_menu.js";

const BUTTON = ".sidebar__menu";
const MENU = ".sidebar__actions";

/**
 * The menu of the list of conversations: one for all entries. It stands in the entry that it is open for, below its
 * button, and closes where somebody clicks elsewhere, leaves it, presses Esc or chooses from it.
 *
 * The button is a link to a page that offers the same; whoever wants that in another tab gets it.
 *
 * @typedef {object} Owner
 * @property {() => void} onOpen
 * @property {(chosen: HTMLButtonElement, entry: HTMLElement) => void} onChosen
 */
export class EntryMenu {
  #list;
  #owner;

  /** @param {HTMLElement} list @param {Owner} owner */
  constructor(list, owner) {
    this.#list = list;
    this.#owner = owner;
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("keydown", (event) => this.#pressed(event));
    list.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && this.#left(relatedTarget));
    document.addEventListener("click", ({ target }) => this.#left(target));
    new MutationObserver(() => this.#asButtons()).observe(list, { childList: true, subtree: true });
    this.#asButtons();
  }

  /** The links of all entries are buttons, to those who do not see them too. */
  #asButtons() {
    for (const link of this.#list.querySelectorAll(`${BUTTON}:not([role])`)) {
      Object.assign(link, { role: "button", ariaExpanded: "false", title: template().ariaLabel });
    }
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const [button, chosen] = [target?.closest(BUTTON), target?.closest(`${MENU} button`)];
    if (button instanceof HTMLElement) {
      event.preventDefault();
      this.#toggle(button);
    }
    if (chosen instanceof HTMLButtonElement) this.#choose(chosen);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    // Enter is a click on a link, too.
    if (event.key === " " && target.matches(BUTTON)) {
      event.preventDefault();
      if (!event.repeat) target.click();
    }
    if (event.key !== "Escape" || !this.#isAt(target)) return;
    // Elsewhere it stops an answer.
    event.stopPropagation();
    event.preventDefault();
    this.#close({ withFocus: true });
  }

  /** @param {EventTarget | null} target where the user is now */
  #left(target) {
    if (!this.#isAt(target)) this.#close();
  }

  /** @param {HTMLElement} button */
  #toggle(button) {
    const isOpen = this.#isAt(button);
    this.#close();
    // Safari does not put the focus on a link that is clicked.
    button.focus({ preventScroll: true });
    if (!isOpen) this.#open(button);
  }

  /** @param {HTMLElement} button */
  #open(button) {
    const isPinned = button.parentElement?.hasAttribute("data-pinned");
    const menu = /** @type {HTMLElement} */ (template().cloneNode(true));
    menu.querySelector(`[name="pinned"][value="${isPinned}"]`)?.remove();
    button.ariaExpanded = "true";
    button.after(menu);
    fitMenu(menu);
    this.#owner.onOpen();
  }

  /** @param {HTMLButtonElement} chosen */
  #choose(chosen) {
    const entry = /** @type {HTMLElement} */ (chosen.closest("li"));
    this.#close({ withFocus: true });
    this.#owner.onChosen(chosen, entry);
  }

  /** What is in a closed menu cannot keep the focus, so its button takes it. @param {{withFocus?: boolean}} [how] */
  #close({ withFocus = false } = {}) {
    const button = this.#button;
    if (!button) return;
    if (withFocus) button.focus();
    button.ariaExpanded = "false";
    this.#menu?.remove();
  }

  /** Is this the open menu, or its button? @param {EventTarget | null} target */
  #isAt(target) {
    return target instanceof Node && [this.#menu, this.#button].some((each) => each?.contains(target));
  }

  /** It went with its entry, if that has gone meanwhile. @returns {HTMLElement | null} */
  get #menu() {
    return this.#list.querySelector(MENU);
  }

  /** Of the open menu. */
  get #button() {
    return /** @type {HTMLElement | null} */ (this.#menu?.previousElementSibling ?? null);
  }
}

/** Of the menu, which the server has rendered once. */
function template() {
  const { content } = /** @type {HTMLTemplateElement} */ (document.getElementById("entry-menu"));
  return /** @type {HTMLElement} */ (content.firstElementChild);
}
