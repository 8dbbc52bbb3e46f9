import { ModelText } from "../markdown/model_text.js";
import { failureAdvice } from "../ui/failure_advice.js";
import { failureOf } from "../lib/failure.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { withScrollAnchored } from "../ui/with_scroll_anchored.js";

/** Earlier messages are asked for before the reader reaches the top. */
const AHEAD = "800px 0px 0px 0px";
const PATIENCE_MS = 30_000;
const MESSAGE = /^message-([0-9a-f-]{36})$/;
const NOT_FOUND = 404;
const TOO_LONG = 413;

/**
 * What is above the part of a conversation that is on the page. It comes when the reader scrolls near to it, presses
 * the button or follows a link to a message in it.
 *
 * All that is known of it is in the thread's first element (_section.html): where it comes from, and that there is some.
 *
 * @typedef {object} Owner
 * @property {(failure: import("../lib/failure.js").Failure) => import("../ui/failure_advice.js").Advice} advise
 * @property {(sentence: string) => void} announce for those who do not see the page
 */
export class EarlierMessages {
  #thread;
  #owner;
  /** @type {HTMLElement | null} */
  #place = null;
  /** @type {Promise<unknown> | null} */
  #loading = null;
  #near = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: AHEAD });

  /** @param {import("./thread.js").Thread} thread @param {Owner} owner */
  constructor(thread, owner) {
    this.#thread = thread;
    this.#owner = owner;
  }

  /** To be called once the reader is where they begin to read: at the top it would load at once. */
  begin() {
    this.#watch();
    new MutationObserver(() => this.#watch()).observe(this.#thread.element, { childList: true });
  }

  /** Goes to the message that the page's address names. */
  async follow() {
    const message = await this.find(location.hash.slice(1));
    message?.scrollIntoView({ behavior: "instant" });
    message?.focus({ preventScroll: true });
  }

  /** A message's element, wherever it is in the branch; null if it is not. @param {string} elementId */
  async find(elementId) {
    const [, id] = MESSAGE.exec(elementId) ?? [];
    if (!id) return null;
    await this.#loading;
    if (!document.getElementById(elementId)) await this.#load(id);
    return document.getElementById(elementId);
  }

  /** Takes up the place above the messages, unless it is the one that is known. */
  #watch() {
    const place = /** @type {HTMLElement | null} */ (this.#thread.element.querySelector(":scope > .earlier"));
    if (place === this.#place) return;
    this.#near.disconnect();
    this.#place = place;
    if (!place) return;
    const link = /** @type {HTMLElement} */ (place.querySelector(".earlier__link"));
    const { className, textContent } = link;
    const button = Object.assign(document.createElement("button"), { type: "button", className, textContent });
    button.addEventListener("click", () => void this.#load());
    link.replaceWith(button);
    this.#near.observe(place);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    if (entries.at(-1)?.isIntersecting) void this.#load();
  }

  /** The next ones, or all from a certain one on; one request at a time. @param {string} [from] */
  #load(from) {
    return (this.#loading ??= this.#ask(from).finally(() => (this.#loading = null)));
  }

  /** @param {string} [from] */
  async #ask(from) {
    const place = this.#place;
    if (!place) return;
    this.#tell(place, "");
    place.setAttribute("aria-busy", "true");
    const url = `${place.dataset["url"]}${from ? `?from=${from}` : ""}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    const html = response?.ok ? await response.text().catch(() => null) : null;
    place.removeAttribute("aria-busy");
    if (place !== this.#place) return;
    if (html !== null) this.#add(place, html);
    // Too far away for this page: one that begins there.
    else if (from && response?.status === TOO_LONG) location.replace(`${location.pathname}?from=${from}#message-${from}`);
    else if (!from || response?.status !== NOT_FOUND) await this.#failed(place, response);
  }

  /** The place stays, and with it who has put the focus there; only what leads further changes. @param {HTMLElement} place @param {string} html */
  #add(place, html) {
    const section = new DOMParser().parseFromString(html, "text/html").body;
    this.#thread.complete(section);
    const messages = [...section.querySelectorAll(":scope > .message")];
    const next = /** @type {HTMLElement | null} */ (section.querySelector(":scope > .earlier"));
    const hadFocus = place.contains(document.activeElement);
    withScrollAnchored(() => {
      place.after(...messages);
      if (!next) place.remove();
    });
    ModelText.renderWhenNear(...messages);
    place.dataset["url"] = next?.dataset["url"] ?? "";
    if (!next && hadFocus) /** @type {HTMLElement} */ (messages[0])?.focus({ preventScroll: true });
    this.#owner.announce(interpolate(ngettext("%(count)s earlier message is shown.", "%(count)s earlier messages are shown.", messages.length), { count: messages.length }));
    this.#near.unobserve(place);
    if (next) this.#near.observe(place);
  }

  /** Not tried again until the reader asks: what scrolling began would go on and on. @param {HTMLElement} place @param {Response | null} response */
  async #failed(place, response) {
    const failure = await failureOf(response, false);
    if (!failure) return;
    this.#near.unobserve(place);
    const { sentence, link } = this.#owner.advise(failure);
    this.#tell(place, ...failureAdvice(sentence, link));
  }

  /** @param {HTMLElement} place @param {string} sentence what went wrong; empty: nothing @param {...(string | Node)} more */
  #tell(place, sentence, ...more) {
    const failure = /** @type {HTMLElement} */ (place.querySelector(".earlier__failure"));
    failure.replaceChildren(sentence, ...more);
    failure.hidden = !sentence;
    const button = /** @type {HTMLElement} */ (place.querySelector(".earlier__link"));
    button.textContent = sentence ? gettext("Try again") : gettext("Show earlier messages");
  }
}
