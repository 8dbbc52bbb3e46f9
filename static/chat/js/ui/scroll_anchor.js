/** What the reader looks at, and where it is: a message, which stands somewhere on the screen. */
export class ScrollAnchor {
  #message;
  #top;

  /** @param {Element | null | undefined} message @param {number} top of it, in pixels from the top of the screen */
  constructor(message, top) {
    this.#message = message;
    this.#top = top;
  }

  /** At the first message that begins on the screen; else at the one that fills it. */
  static get current() {
    const messages = [...document.querySelectorAll(".thread .message")];
    const at = messages.findIndex((message) => message.getBoundingClientRect().top >= 0);
    const next = messages[at];
    const isOnScreen = next && next.getBoundingClientRect().top < innerHeight;
    const message = isOnScreen ? next : (messages.at(at < 0 ? -1 : at - 1) ?? next);
    return new ScrollAnchor(message, message?.getBoundingClientRect().top ?? 0);
  }

  /** Puts the message there again, if it is on the page still. */
  restore() {
    const moved = this.#message?.isConnected ? this.#message.getBoundingClientRect().top - this.#top : 0;
    if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
  }

  toJSON() {
    return { id: this.#message?.id ?? "", top: this.#top };
  }
}
