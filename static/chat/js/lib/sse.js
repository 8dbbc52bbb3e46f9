/**
 * Server-sent events, read from pieces of a stream (WHATWG HTML, section 9.2.5 and 9.2.6).
 *
 * Pure: pieces in, events out; who fetches them and who reconnects is unknown here. The work is in proportion to
 * what was fed, however it was cut: a line that is not yet whole waits as a list of pieces that nothing looks at again.
 *
 * @typedef {{event: string, data: string, lastEventId: string}} ServerSentEvent
 *
 * @typedef {object} Listeners
 * @property {(event: ServerSentEvent) => void} [onEvent] each event that a blank line completes
 * @property {(comment: string) => void} [onComment] each line that begins with a colon, without it and one space
 * @property {(milliseconds: number) => void} [onRetry] each valid `retry` field
 */

const BYTE_ORDER_MARK = "\uFEFF";
const LINE_END = /\r\n|\n|\r/g;
const DIGITS = /^[0-9]+$/;

class Parser {
  #listeners;
  #decoder = newDecoder();
  #hasBegun = false;
  #afterCarriageReturn = false;
  /** @type {string[]} */
  #unfinishedLine = [];
  /** @type {string[]} */
  #data = [];
  #event = "";
  #idBuffer = "";
  #lastEventId = "";

  /** @param {Listeners} listeners */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /**
   * Takes the next piece of the stream and reports what it completes.
   * @param {Uint8Array | string} piece bytes may be cut anywhere, also within a character
   */
  feed(piece) {
    const text = typeof piece === "string" ? this.#decoder.decode() + piece : this.#decoder.decode(piece, { stream: true });
    if (text) this.#readLines(this.#withoutMarks(text));
  }

  /** The stream has ended: an event that no blank line has completed is dropped. What is fed next is a new stream. */
  end() {
    this.reset();
  }

  /** Forgets the stream, for a new connection. As in the standard, the last event id outlives it. */
  reset() {
    this.#decoder = newDecoder();
    this.#hasBegun = false;
    this.#afterCarriageReturn = false;
    this.#unfinishedLine = [];
    this.#data = [];
    this.#event = "";
    this.#idBuffer = this.#lastEventId;
  }

  /**
   * Without one byte order mark at the beginning of the stream, and without the LF of a CR LF that was cut in two.
   * @param {string} text
   */
  #withoutMarks(text) {
    let from = 0;
    if (!this.#hasBegun && text.startsWith(BYTE_ORDER_MARK)) from = 1;
    this.#hasBegun = true;
    if (this.#afterCarriageReturn && text[from] === "\n") from += 1;
    this.#afterCarriageReturn = text.endsWith("\r");
    return text.slice(from);
  }

  /** @param {string} text */
  #readLines(text) {
    let from = 0;
    for (const end of text.matchAll(LINE_END)) {
      this.#unfinishedLine.push(text.slice(from, end.index));
      from = end.index + end[0].length;
      const line = this.#unfinishedLine.join("");
      this.#unfinishedLine = [];
      this.#interpret(line);
    }
    if (from < text.length) this.#unfinishedLine.push(text.slice(from));
  }

  /** @param {string} line */
  #interpret(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === -1) return this.#field(line, "");
    const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (colon === 0) this.#listeners.onComment?.(value);
    else this.#field(line.slice(0, colon), value);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #field(name, value) {
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#idBuffer = value;
    else if (name === "retry" && DIGITS.test(value)) this.#listeners.onRetry?.(Number(value));
  }

  #dispatch() {
    const event = this.#event || "message";
    const data = this.#data;
    this.#event = "";
    this.#data = [];
    this.#lastEventId = this.#idBuffer;
    if (data.length) this.#listeners.onEvent?.({ event, data: data.join("\n"), lastEventId: this.#lastEventId });
  }
}

/** Invalid UTF-8 becomes U+FFFD, as the standard asks. The byte order mark is ours to remove: strings may bear one too. */
function newDecoder() {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

/**
 * @param {Listeners} listeners
 * @returns {Parser}
 */
export function createParser(listeners) {
  return new Parser(listeners);
}
