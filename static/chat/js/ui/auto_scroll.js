/** How far from the end a reader still counts as being there. */
const NEAR_PX = 64;

/**
 * Keeps the end of the thread in view while the reader is there, and only then.
 *
 * The reader leaves by scrolling up and is back on reaching the end. That content grew below is no reason to leave:
 * so only the direction of a movement counts, not the distance alone.
 */
export class AutoScroll {
  #jump;
  #place;
  #view = /** @type {HTMLElement} */ (document.scrollingElement);
  #isAtEnd = false;
  /** Is the reader at what the page has below the chat? */
  #isBelow = false;
  #lastTop = 0;

  /** @param {HTMLElement} thread @param {HTMLElement} jump the button that leads to the end */
  constructor(thread, jump) {
    this.#jump = jump;
    this.#place = /** @type {HTMLElement} */ (thread.parentElement);
    jump.addEventListener("click", () => this.toEnd());
    document.addEventListener("scroll", () => this.#moved(), { passive: true });
    const grown = new ResizeObserver(() => this.#grown());
    grown.observe(thread);
    grown.observe(document.documentElement);
    // The keyboard of a phone takes the lower half of the screen. Who has just scrolled up is told of only after this.
    addEventListener("resize", () => this.#view.scrollTop >= this.#lastTop && this.#grown());
  }

  /** Goes to the end and stays there. */
  toEnd() {
    this.#isAtEnd = true;
    this.#isBelow = false;
    this.#grown();
  }

  /** Stays where the reader is: `element` goes back to this place on the screen. @param {Element} element @param {number} top in px */
  stay(element, top) {
    this.#view.scrollTop += element.getBoundingClientRect().top - top;
    this.adopt();
  }

  /** Takes the place where the browser has put the reader, after a reload or a step back, as it is. */
  adopt() {
    this.#lastTop = this.#view.scrollTop;
    this.#isAtEnd = this.#distance < NEAR_PX;
    this.#isBelow = this.#distance < -1;
    this.#show();
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  /** How far down, in px. Below the thread and the composer there may be more of the page that the chat stands in. */
  get #end() {
    return Math.ceil(this.#view.scrollTop + this.#place.getBoundingClientRect().bottom) - this.#view.clientHeight;
  }

  get #distance() {
    return this.#end - this.#view.scrollTop;
  }

  #moved() {
    const top = this.#view.scrollTop;
    this.#isBelow = this.#distance < -1;
    if (this.#distance < NEAR_PX) this.#isAtEnd = true;
    else if (top < this.#lastTop) this.#isAtEnd = false;
    this.#lastTop = top;
    this.#show();
  }

  #grown() {
    if (this.#isAtEnd && !this.#isBelow) this.#view.scrollTop = this.#end;
    this.#lastTop = this.#view.scrollTop;
    this.#show();
  }

  #show() {
    this.#jump.hidden = this.#isAtEnd || this.#distance < NEAR_PX;
  }
}
