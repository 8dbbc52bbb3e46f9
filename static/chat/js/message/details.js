import { gettext } from "../lib/i18n.js";

const UNREACHABLE = gettext("The site could not be reached. Try again.");

/**
 * What is known of an answer, below its row of actions: taken from the page that the action links to, each time that
 * it is opened. So it says the same live as after a reload, and costs nothing until somebody asks.
 *
 * @typedef {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} Advise
 */
export class Details {
  #link;

  /** @param {HTMLAnchorElement} link the action */
  constructor(link) {
    this.#link = link;
  }

  get isOpen() {
    return this.#panel !== null;
  }

  /** @param {Advise} advise */
  toggle(advise) {
    // Safari does not put the focus on a link that is clicked, and Esc would be heard elsewhere.
    this.#link.focus({ preventScroll: true });
    if (this.isOpen) this.close();
    else this.#open(advise);
  }

  close() {
    const hadFocus = this.#panel?.contains(document.activeElement);
    this.#panel?.remove();
    this.#link.removeAttribute("aria-expanded");
    if (hadFocus) this.#link.focus({ preventScroll: true });
  }

  /** @param {Advise} advise */
  #open(advise) {
    const panel = Object.assign(document.createElement("div"), { className: "details", role: "group", ariaLabel: this.#link.ariaLabel });
    this.#link.setAttribute("aria-expanded", "true");
    this.#link.closest(".actions")?.after(panel);
    void this.#fill(panel, advise);
  }

  /** @param {HTMLElement} panel @param {Advise} advise */
  async #fill(panel, advise) {
    const module = await import("./details_content.js").catch(() => null);
    if (module) return module.fillDetails(panel, this.#link, advise);
    panel.append(Object.assign(document.createElement("p"), { className: "details__failure", role: "alert", textContent: UNREACHABLE }));
  }

  /** @returns {HTMLElement | null} */
  get #panel() {
    return this.#link.closest(".message")?.querySelector(":scope > .details") ?? null;
  }
}
