/** How often an open page says that it is: often enough for the minute after which what was left is erased. */
const PRESENCE_MS = 20_000;

/**
 * A temporary conversation: the site is told when its page is left, and as long as it is open that it is. The page that
 * a reload brings is loaded before this one says that it is left; and there may be another tab.
 */
export class Temporary {
  #element;
  #site;
  #hasBegun = false;

  /** @param {HTMLElement | null} element what says so on the page; null on that of an ordinary conversation @param {import("../api/requests.js").Site} site */
  constructor(element, site) {
    this.#element = element;
    this.#site = site;
  }

  get isSo() {
    return this.#element !== null;
  }

  /** What a question must say that may make the conversation. @returns {{temporary?: true}} */
  get mark() {
    return this.isSo ? { temporary: true } : {};
  }

  /** The conversation exists. @param {string} conversation */
  begin(conversation) {
    const form = this.#element?.querySelector("form");
    if (!form || this.#hasBegun) return;
    this.#hasBegun = true;
    form.action = this.#site.keepingUrl(conversation);
    form.hidden = false;
    addEventListener("pagehide", () => this.#site.leave(conversation));
    // Whoever goes back to it sees it as it was, though it may be gone.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    setInterval(() => void this.#site.conversation(conversation), PRESENCE_MS);
  }
}
