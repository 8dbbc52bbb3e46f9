const CHANNEL = "chatsite-list";
const PAUSE_MS = 4_000;

/**
 * When the list of conversations may have changed: every few seconds, when another tab says so, and when this one is
 * shown again. A hidden tab does not ask.
 */
export class ListUpdates {
  #channel = new BroadcastChannel(CHANNEL);
  #timer = 0;
  #onDue;

  /** @param {() => void} onDue */
  constructor(onDue) {
    this.#onDue = onDue;
    this.begin();
    this.#channel.onmessage = () => this.#due();
    document.addEventListener("visibilitychange", () => this.#due());
  }

  /** This tab has changed it. */
  tell() {
    this.#channel.postMessage("");
    this.#due();
  }

  /** It is to be had, perhaps again. */
  begin() {
    this.#timer ||= setInterval(() => this.#due(), PAUSE_MS);
  }

  /** It is not to be had, until somebody logs in. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #due() {
    if (!document.hidden) this.#onDue();
  }
}
