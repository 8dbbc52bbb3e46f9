import { createParser } from "./sse.js";
import { failureOf } from "./failure.js";

const SILENCE_MS = 30_000;
/** Short, so that a laptop that wakes up notices soon how long it has heard nothing. */
const SILENCE_CHECK_MS = 2_000;
const LET_GO = "let go";

/** What the browser has, or a test in its place. @type {Tools} */
export const BROWSER_TOOLS = {
  fetch: (url, init) => fetch(url, init),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
};

/**
 * One connection to an event stream, from its request to whatever ends it. It is given up when it breaks, and when it is
 * silent for longer than a keep-alive takes. Pure of the DOM.
 *
 * @typedef {import("./failure.js").Failure} Failure
 *
 * @typedef {object} Tools
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @property {(callback: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now milliseconds
 * @property {() => number} random from 0 to 1
 * @property {() => boolean} isOnline false: surely not
 */
export class EventConnection {
  #tools;
  #listeners;
  #controller = new AbortController();
  #heardAt = 0;

  /** @param {Tools} tools @param {import("./sse.js").Listeners} listeners who hear nothing more once it is let go of */
  constructor(tools, { onEvent, ...listeners }) {
    this.#tools = tools;
    this.#listeners = { ...listeners, onEvent: (/** @type {import("./sse.js").ServerSentEvent} */ event) => this.isOver || onEvent?.(event) };
  }

  get isOver() {
    return this.#controller.signal.aborted;
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @param {boolean} [isAsking] does this request begin something?
   * @returns {Promise<Failure | null>} what ended it; null: let go on purpose
   */
  async open(url, init, isAsking = false) {
    const { signal } = this.#controller;
    const stopWatching = this.#watchForSilence();
    try {
      const response = await this.#tools.fetch(url, { ...init, signal }).catch(() => null);
      const failure = (await failureOf(response, isAsking)) ?? (await this.#read(response));
      return signal.reason === LET_GO ? null : failure;
    } finally {
      stopWatching();
    }
  }

  letGo() {
    this.#controller.abort(LET_GO);
  }

  /** What came of it cannot be right. */
  breakOff() {
    this.#controller.abort("garbled");
  }

  /** @param {Response | null} response */
  async #read(response) {
    const parser = createParser(this.#listeners);
    const body = response?.body?.getReader();
    for (let piece = await next(body); piece; piece = await next(body)) {
      this.#heardAt = this.#tools.now();
      parser.feed(piece);
    }
    return failureOf(null, false);
  }

  /** @returns {() => void} call it when the connection is over */
  #watchForSilence() {
    const { setTimeout, clearTimeout, now } = this.#tools;
    this.#heardAt = now();
    const check = () => {
      // The absolute value: a clock that was set back must not keep a dead connection for an hour.
      if (Math.abs(now() - this.#heardAt) > SILENCE_MS) this.#controller.abort("silent");
      timer = setTimeout(check, SILENCE_CHECK_MS);
    };
    let timer = setTimeout(check, SILENCE_CHECK_MS);
    return () => clearTimeout(timer);
  }
}

/** The data of an event; null: not what the protocol allows. @param {string} data */
export function valueOf(data) {
  try {
    const value = JSON.parse(data);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** The next piece; null at the end of the stream, however it ends. @param {ReadableStreamDefaultReader<Uint8Array>} [body] */
async function next(body) {
  try {
    return (await body?.read())?.value ?? null;
  } catch {
    return null;
  }
}
