/** In characters of code. */
const SLICE = 40_000;

/**
 * How much is drawn before the page may do something else: an answer of a thousand formulas is drawn in many steps. What
 * is drawn does not depend on it, only when.
 */
export class Slice {
  #left = SLICE;
  #isRunning = false;

  /** @param {number} cost @returns {boolean} may it be drawn now? One thing may be, whatever it costs. */
  take(cost) {
    if (this.#left <= 0) return false;
    this.#left -= cost;
    if (!this.#isRunning) setTimeout(() => this.#renew());
    this.#isRunning = true;
    return true;
  }

  /** Resolves when the page has had its turn. @returns {Promise<void>} */
  next() {
    return new Promise((resolve) => setTimeout(resolve));
  }

  /** The page waits: it is about to be printed. */
  widen() {
    this.#left = Infinity;
  }

  #renew() {
    this.#left = SLICE;
    this.#isRunning = false;
  }
}
