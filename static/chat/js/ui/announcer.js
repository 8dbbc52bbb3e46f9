import { gettext } from "../lib/i18n.js";

/** Whole blocks are read aloud until there is this much of them. Who wants more goes to the answer itself. */
const READ_CHARS = 1_500;
/** A screen reader has taken up what changed long before; who walks through the page should not find it twice. */
const HEARD_MS = 3_000;
const UNHEARD = ".code__bar, [aria-hidden='true'], annotation";

/** Speaks to those who do not see the page: that an answer is being written, and then the answer, not each letter. */
export class Announcer {
  #status;
  #voice;
  #clearing = 0;

  /** @param {HTMLElement} status for sentences @param {HTMLElement} voice for answers */
  constructor(status, voice) {
    this.#status = status;
    this.#voice = voice;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#status.textContent = sentence;
  }

  /** Reads an answer, or the beginning of a long one. @param {HTMLElement} message */
  read(message) {
    const texts = [...message.querySelectorAll(".message__body")];
    this.#voice.textContent = beginning(texts.flatMap(blocks));
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => this.#voice.replaceChildren(), HEARD_MS);
  }
}

/** @param {Element} body @returns {string[]} the texts of its paragraphs, lists and so on */
function blocks(body) {
  const whole = /** @type {Element} */ (body.cloneNode(true));
  for (const element of whole.querySelectorAll(UNHEARD)) element.remove();
  const parts = whole.matches(".markdown") ? Array.from(whole.querySelectorAll(":scope > div > *")) : [whole];
  return parts.map((part) => (part.textContent ?? "").trim());
}

/** @param {string[]} blocks */
function beginning(blocks) {
  let end = 0;
  for (let length = 0; end < blocks.length && length < READ_CHARS; end += 1) length += blocks[end]?.length ?? 0;
  const read = blocks.slice(0, end).map((block) => block.slice(0, 2 * READ_CHARS));
  return (end < blocks.length ? [...read, gettext("The rest is in the conversation.")] : read).join("\n");
}
