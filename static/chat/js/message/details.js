import { failureAdvice } from "../ui/failure_advice.js";
import { failureOf } from "../lib/failure.js";
import { gettext } from "../lib/i18n.js";
import { scrollToReveal } from "../ui/scroll_to_reveal.js";

const PATIENCE_MS = 30_000;
const WAIT = gettext("One moment…");
const GONE = gettext("The details could not be read.");
const AGAIN = gettext("Try again");
/** An error as JSON, where a person would get a page. */
const HEADERS = { Accept: "text/html, application/json" };

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
    panel.textContent = WAIT;
    const request = fetch(this.#link.href, { headers: HEADERS, signal: AbortSignal.timeout(PATIENCE_MS) });
    const response = await request.catch(() => null);
    const details = await detailsIn(response);
    const failure = details ? null : await failureOf(response?.ok ? null : response, false);
    if (!panel.isConnected) return;
    if (details) panel.replaceChildren(...details.childNodes);
    else panel.replaceChildren(this.#failureLine(panel, failure ? advise(failure) : { sentence: GONE }, advise));
    scrollToReveal(panel);
  }

  /** @param {HTMLElement} panel @param {import("../ui/failure_advice.js").Advice} advice @param {Advise} advise */
  #failureLine(panel, { sentence, link }, advise) {
    const line = Object.assign(document.createElement("p"), { className: "details__failure", role: "alert" });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet", textContent: AGAIN });
    button.addEventListener("click", () => {
      this.#link.focus({ preventScroll: true });
      void this.#fill(panel, advise);
    });
    line.append(...failureAdvice(sentence, link), button);
    return line;
  }

  /** @returns {HTMLElement | null} */
  get #panel() {
    return this.#link.closest(".message")?.querySelector(":scope > .details") ?? null;
  }
}

/** @param {Response | null} response @returns {Promise<Element | null>} with its times as the reader's clock has them */
async function detailsIn(response) {
  const html = response?.ok ? await response.text().catch(() => "") : "";
  const details = new DOMParser().parseFromString(html, "text/html").querySelector(".details");
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });
  for (const time of details?.querySelectorAll("time") ?? []) time.textContent = format.format(new Date(time.dateTime));
  return details;
}
