import { ModelText } from "../markdown/model_text.js";
import { gettext, interpolate } from "../lib/i18n.js";

const THINKING = gettext("Thinking…");
const REASONING = gettext("Reasoning");
const BRIEFLY = gettext("Thought for less than a second");
const SECONDS = gettext("Thought for %(seconds)s s");
const MINUTES = gettext("Thought for %(minutes)s min %(seconds)s s");

/**
 * A message's reasoning: its text, folded as the reader left it, and how long it took.
 *
 * Times are in milliseconds, NaN where unknown: `data-ms` of the generations that have ended, as the server measured
 * them; `data-seen` of the one that is running, and `data-since` when its reasoning went on, as this page saw them.
 * With `data-past` something else came after it: what it goes on with is another paragraph.
 * What the page saw stands until the end, which brings what the server measured.
 */
export class Reasoning {
  #element;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** @param {string} text */
  append(text) {
    const { dataset } = this.#element;
    this.#element.hidden = false;
    if (!("thinking" in dataset)) {
      dataset["thinking"] = "";
      dataset["since"] = String(performance.now());
      this.#title = THINKING;
    }
    this.#modelText.append("past" in dataset ? `\n\n${text}` : text);
    delete dataset["past"];
  }

  /** Something else follows. */
  pause() {
    const { dataset } = this.#element;
    if (!this.#element.hidden && !("past" in dataset)) dataset["past"] = "";
    if (!("thinking" in dataset)) return;
    const seen = Number(dataset["seen"] ?? 0) + performance.now() - Number(dataset["since"]);
    dataset["seen"] = String(seen);
    this.#stop();
    this.#title = thoughtFor(Number(dataset["ms"]) + seen);
  }

  /** What comes may have waited for this page, which no longer knows when it was written. */
  miss() {
    if ("thinking" in this.#element.dataset) this.#element.dataset["seen"] = "NaN";
  }

  /** The generation has ended. @param {number | null} ms how long it reasoned */
  end(ms) {
    const { dataset } = this.#element;
    const total = ms === null ? NaN : Number(dataset["ms"]) + ms;
    this.#stop();
    delete dataset["seen"];
    dataset["ms"] = String(total);
    if (this.#element.hidden) return;
    this.#title = thoughtFor(total);
    this.#modelText.settle();
  }

  /** All of it follows again. */
  clear() {
    this.#stop();
    this.#element.hidden = true;
    this.#element.dataset["seen"] = "NaN";
    delete this.#element.dataset["past"];
    this.#modelText.clear();
  }

  #stop() {
    delete this.#element.dataset["thinking"];
    delete this.#element.dataset["since"];
  }

  /** @param {string} title */
  set #title(title) {
    const summary = /** @type {HTMLElement} */ (this.#element.querySelector("summary"));
    summary.textContent = title;
  }

  get #modelText() {
    return new ModelText(/** @type {HTMLElement} */ (this.#element.querySelector(".message__thoughts")));
  }
}

/** As the filter `reasoning_title` says it. @param {number} ms */
function thoughtFor(ms) {
  if (Number.isNaN(ms)) return REASONING;
  if (ms < 1000) return BRIEFLY;
  const seconds = Math.floor((ms + 500) / 1000);
  return seconds < 60 ? interpolate(SECONDS, { seconds }) : interpolate(MINUTES, { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
}
