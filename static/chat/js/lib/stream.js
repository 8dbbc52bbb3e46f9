import { BROWSER_TOOLS, EventConnection, valueOf } from "./event_connection.js";
import { TOOL_PARTS } from "./tool_parts.js";
import { failureOf } from "./failure.js";

/**
 * One reply, followed to its end over as many connections as that takes. Pure of the DOM.
 *
 * A reply is a log, and a position says how much of it we have. Whatever happens to a connection, the next one asks
 * for what comes after our position; so nothing is lost and nothing comes twice. Before `start` has told us which
 * generation is ours, the request itself is repeated: it bears the id of its message, and the server joins the two.
 *
 * A reader who has lost the right to it is told so by `gone`. That of a login may have been replaced, as by another tab
 * in which the password was changed: it is asked for at once with the cookies of now, and a 401 is the site's word.
 *
 * A connection is given up when the stream ends without `end`, when it breaks, and when it is silent for longer than
 * two keep-alives. Until the reply has begun, a refusal (4xx, or an overload) is final, which is for the user to decide,
 * and attempts are counted, but not those of a browser that is offline: it waits for the network, however long. What
 * has begun is followed for as long as the page is open; only what will never be ours again (403, 404, `gone`) ends
 * that. After a 401 it is asked for now and then, until its user has logged in.
 *
 * @typedef {{url: string, init: RequestInit}} Asking
 * @typedef {{conversation: string, message: string, parent: string, generation: string, model: string, provider: string, label?: string, title: string, left_out?: number, quota?: string}} Start
 * @typedef {{status: string, finish_reason: string, usage: object | null, reasoning_ms?: number | null, code: string, message: string}} Ending
 * @typedef {{code: string, message: string}} Gone
 * @typedef {import("./failure.js").Failure} Failure
 * @typedef {"connected" | "reconnecting" | "offline" | "expired"} Connection
 *
 * @typedef {object} Source
 * @property {Asking} [ask] the request that begins the reply; without it, `generation` is followed from `position`
 * @property {string} [generation]
 * @property {number} [position] that the reader has
 * @property {(generation: string) => string} eventsUrl
 *
 * @typedef {object} Reader what is told, in this order; at most one of onEnd and onFailure, once and last
 * @property {(start: Start) => void} onStart the first time alone
 * @property {(text: string) => void} onText
 * @property {(text: string) => void} onReasoning
 * @property {(kind: string, value: Record<string, unknown>, data: string) => void} [onToolPart] what a model did with tools (tool_parts.js): as it was read, and as it came
 * @property {(title: string) => void} onTitle
 * @property {(sentence: string) => void} onStorage it cannot be stored now, which the sentence says; empty: it can again
 * @property {() => void} onReset drop all text, reasoning and tools; it follows again
 * @property {(connection: Connection) => void} onConnection
 * @property {(ending: Ending) => void} onEnd
 * @property {(failure: Failure) => void} onFailure
 *
 * @typedef {import("./event_connection.js").Tools} Tools
 */

const DEFAULT_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;
/** Of the delay; so that the pages of a server that restarts do not come back all at once. */
const JITTER = 0.5;
const ASK_ATTEMPTS = 4;
/** Who is shown the page again is asked for at once. */
const LOGIN_RETRY_MS = 30_000;
const NOT_LOGGED_IN = 401;
/** What has begun is not to be had by this user any more. */
const FOREVER = [403, 404];

const KNOWN = new Set(["start", "text", "reasoning", ...TOOL_PARTS, "title", "storage", "reset", "end", "gone"]);
/** What a reply is made of. */
const PARTS = new Set(["text", "reasoning", ...TOOL_PARTS]);
const LOGGED_OUT = "logged_out";

export class ReplyStream {
  #source;
  #reader;
  #tools;
  #generation;
  #position;
  #retryMs = DEFAULT_RETRY_MS;
  #failures = 0;
  #hasStarted = false;
  #isOver = false;
  #isPaused = false;
  #isWithdrawn = false;
  /** Has the login been asked for anew, and brought nothing so far? */
  #isAskedAnew = false;
  /** @type {EventConnection | null} */
  #connection = null;
  #wake = () => {};

  /**
   * @param {Source} source
   * @param {Reader} reader
   * @param {Partial<Tools>} [tools] others than the browser's own
   */
  constructor(source, reader, tools = {}) {
    this.#source = source;
    this.#reader = reader;
    this.#tools = { ...BROWSER_TOOLS, ...tools };
    this.#generation = source.generation ?? "";
    this.#position = source.position ?? 0;
  }

  /** The generation that is followed; empty until `start` has said which. */
  get generation() {
    return this.#generation;
  }

  get position() {
    return this.#position;
  }

  /** Follows the reply to its end. Resolves when it has ended, failed for good or been closed. */
  async run() {
    while (!this.#isOver) {
      if (this.#isPaused && this.#generation) await this.#sleep();
      else await this.#attempt();
    }
  }

  /** Lets go of the connection, to catch up when resumed. A request that has not been answered yet is kept. */
  pause() {
    this.#isPaused = true;
    if (this.#generation) this.#connection?.letGo();
  }

  /** Goes on where it paused; also cuts a wait for the next attempt short. */
  resume() {
    this.#isPaused = false;
    this.#failures = 0;
    this.#wake();
  }

  /** Connects anew at once, e.g. when the network is back: the old connection may be dead without a word. */
  refresh() {
    this.#failures = 0;
    this.#connection?.letGo();
    this.#wake();
  }

  /** The request that begins the reply goes out no more: what is on its way decides, and a wait for the next attempt ends. */
  withdraw() {
    this.#isWithdrawn = true;
    this.#wake();
  }

  /** May the request that begins the reply go out once more? */
  get mayAsk() {
    return !this.#isWithdrawn;
  }

  /** Ends it without a word to the reader. The generation goes on at the server. */
  close() {
    this.#isOver = true;
    this.#connection?.letGo();
    this.#wake();
  }

  async #attempt() {
    const isTakenBack = this.#isWithdrawn && !this.#generation;
    const failure = await (isTakenBack ? failureOf(null, true) : this.#connect());
    if (this.#isOver || !failure) return;
    const isOffline = !failure.status && !this.#tools.isOnline();
    if (!isOffline) this.#failures += 1;
    if (this.#isFinal(failure)) {
      this.#isOver = true;
      this.#reader.onFailure(failure);
      return;
    }
    const isExpired = failure.status === NOT_LOGGED_IN;
    this.#reader.onConnection(isOffline ? "offline" : isExpired ? "expired" : "reconnecting");
    await this.#sleep(isOffline ? LONGEST_RETRY_MS : isExpired ? LOGIN_RETRY_MS : Math.max(this.#delay(), failure.waitMs));
  }

  /** @param {Failure} failure */
  #isFinal({ isFinal, status }) {
    if (this.#generation) return FOREVER.includes(status);
    return isFinal || this.#isWithdrawn || this.#failures >= ASK_ATTEMPTS;
  }

  /** One connection. @returns {Promise<Failure | null>} null: let go on purpose */
  #connect() {
    const connection = (this.#connection = new EventConnection(this.#tools, {
      onEvent: (event) => this.#receive(event),
      onRetry: (milliseconds) => (this.#retryMs = milliseconds),
    }));
    const { ask, eventsUrl } = this.#source;
    const isAsking = !this.#generation;
    const { url, init } = isAsking && ask ? ask : { url: eventsUrl(this.#generation), init: this.#following() };
    return connection.open(url, init, isAsking);
  }

  /** @returns {RequestInit} */
  #following() {
    return { headers: { Accept: "text/event-stream", "Last-Event-ID": String(this.#position) }, cache: "no-store" };
  }

  /** @param {import("./sse.js").ServerSentEvent} event */
  #receive({ event, data, lastEventId }) {
    if (this.#isOver) return;
    const value = KNOWN.has(event) ? valueOf(data) : {};
    // Cut or garbled on its way: what follows would leave a hole.
    if (!value) return this.#connection?.breakOff();
    if (event === "start") this.#started(value, Number(lastEventId));
    else if (event === "text") this.#reader.onText(value.text);
    else if (event === "reasoning") this.#reader.onReasoning(value.text);
    else if (TOOL_PARTS.has(event)) this.#reader.onToolPart?.(event, value, data);
    else if (event === "title") this.#reader.onTitle(value.title);
    else if (event === "storage") this.#reader.onStorage(value.status === "waiting" ? value.message : "");
    else if (event === "reset") this.#reset();
    else if (event === "end") this.#ended(value);
    else if (event === "gone") this.#lost(value);
    if (PARTS.has(event)) this.#isAskedAnew = false;
    if (lastEventId) this.#position = Number(lastEventId);
  }

  /**
   * @param {Start} start
   * @param {number} from the position that this connection goes on from
   */
  #started(start, from) {
    this.#failures = 0;
    this.#generation = start.generation;
    if (!this.#hasStarted) this.#reader.onStart(start);
    this.#hasStarted = true;
    if (from !== this.#position) this.#reset();
    this.#reader.onConnection("connected");
    if (this.#isPaused) this.#connection?.letGo();
  }

  #reset() {
    this.#position = 0;
    this.#reader.onReset();
  }

  /** @param {Ending} ending */
  #ended(ending) {
    this.#isOver = true;
    this.#connection?.letGo();
    this.#reader.onEnd(ending);
  }

  /** @param {Gone} gone */
  #lost({ code, message }) {
    this.#connection?.letGo();
    if (code === LOGGED_OUT && !this.#isAskedAnew) {
      this.#isAskedAnew = true;
      return;
    }
    this.#isOver = true;
    this.#reader.onFailure({ status: 0, code, message, isFinal: true, waitMs: 0 });
  }

  #delay() {
    const backedOff = Math.min(this.#retryMs * 2 ** (this.#failures - 1), LONGEST_RETRY_MS);
    return backedOff * (1 + JITTER * this.#tools.random());
  }

  /** @param {number} [milliseconds] without: until woken */
  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? null : this.#tools.setTimeout(() => resolve(null), milliseconds);
      this.#wake = () => {
        this.#tools.clearTimeout(timer);
        resolve(null);
      };
    });
  }
}
