/** How often an open page says that it is: often enough for the minute after which what was left is erased. */
const PRESENCE_MS = 20_000;

/**
 * A temporary conversation: the site is told when its page is left, and as long as it is open that it is. The page that
 * a reload brings is loaded before this one says that it is left; and there may be another tab.
 */
export class TemporaryConversation {
  #element;
  #requests;

  /** @param {HTMLElement | null} element what says so on the page; null on that of an ordinary conversation @param {import("../api/requests.js").Requests} requests */
  constructor(element, requests) {
    this.#element = element;
    this.#requests = requests;
  }

  get isTemporary() {
    return this.#element !== null;
  }

  /** What a question must say that may make the conversation. @returns {{temporary?: true}} */
  get questionFields() {
    return this.isTemporary ? { temporary: true } : {};
  }

  /** The conversation exists. Once. @param {string} conversation */
  begin(conversation) {
    const form = this.#element?.querySelector("form");
    if (!form) return;
    form.action = this.#requests.keepingUrl(conversation);
    form.hidden = false;
    addEventListener("pagehide", () => this.#requests.leaveConversation(conversation));
    // Whoever goes back to it sees it as it was, though it may be gone.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    setInterval(() => void this.#requests.fetchConversation(conversation), PRESENCE_MS);
  }
}
