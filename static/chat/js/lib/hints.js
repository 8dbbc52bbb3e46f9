import { BROWSER_TOOLS, EventConnection, valueOf } from "./event_connection.js";

/** A glance at another tab costs nothing. */
const HIDDEN_MS = 10_000;
/** How often the page asks while it has no stream. */
const ASK_MS = 30_000;
/** The pages of a server that restarts come back within this time, each at another moment. */
const SPREAD_MS = 10_000;
const LONGEST_MS = 60_000;
/** So often it is tried in vain before the page asks in between. */
const PATIENT = 2;
const NOT_LOGGED_IN = 401;
/** Not to be had by this user. */
const FOREVER = [403, 404];
const LOGGED_OUT = "logged_out";

/**
 * What the site tells a page that is looked at: that something has changed, not how. Pure of the DOM.
 *
 * A page holds a stream while it is shown. Hidden for a while it gives it up, and asks once when it is shown again; the
 * position says whether anything was told in between. Where there is no stream to be had, because the site cannot
 * stream or others of this browser have theirs, it asks now and then.
 *
 * @typedef {{conversation?: string, message?: string, generation?: string | null}} News without a conversation: any of them
 *
 * @typedef {object} Owner
 * @property {(conversation?: string) => void} onList the list has changed, or one entry of it
 * @property {(news: News) => void} onConversation an answer is being written
 * @property {(version: string) => void} onVersion which the site is of
 *
 * @typedef {import("./event_connection.js").Tools} Tools
 * @typedef {import("./event_connection.js").Failure} Failure
 */
export class Hints {
  #url;
  #position;
  #owner;
  #tools;
  #isShown = false;
  /** Has it said something, and not ended since? */
  #isOpen = false;
  /** Is all to be asked for once it is known whether there is a stream? */
  #isDue = false;
  #failures = 0;
  /** Has the login been asked for anew? */
  #isAskedAnew = false;
  /** What the site wants, that has ended the stream: "closed", or the code of a `gone`. */
  #last = "";
  /** @type {EventConnection | null} */
  #connection = null;
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #hiding = null;

  /**
   * @param {string} url
   * @param {string} position that the page has been rendered at
   * @param {Owner} owner
   * @param {Partial<Tools>} [tools] others than the browser's own
   */
  constructor(url, position, owner, tools = {}) {
    this.#url = url;
    this.#position = position;
    this.#owner = owner;
    this.#tools = { ...BROWSER_TOOLS, ...tools };
  }

  /** Is whatever changes told just now? Else who knows of a change has to ask. */
  get isOpen() {
    return this.#isOpen;
  }

  begin() {
    this.#isShown = true;
    this.#connect();
  }

  /** The page is looked at again. */
  show() {
    this.#tools.clearTimeout(this.#hiding);
    this.#isShown = true;
    this.#failures = 0;
    this.#isAskedAnew = false;
    if (this.#connection) return this.#owner.onList();
    this.#isDue = true;
    this.#connect();
  }

  hide() {
    this.#tools.clearTimeout(this.#hiding);
    this.#hiding = this.#tools.setTimeout(() => this.letGo(), HIDDEN_MS);
  }

  /** At once, as of a page that is left. */
  letGo() {
    this.#isShown = false;
    this.#isOpen = false;
    this.#tools.clearTimeout(this.#timer);
    this.#connection?.letGo();
    this.#connection = null;
  }

  /** The network is back: what is open may be dead without a word. */
  refresh() {
    if (!this.#isShown) return;
    this.letGo();
    this.#isShown = true;
    this.#connect();
  }

  #connect() {
    this.#tools.clearTimeout(this.#timer);
    this.#last = "";
    const connection = (this.#connection = new EventConnection(this.#tools, { onEvent: (event) => this.#receive(event) }));
    const headers = { Accept: "text/event-stream", "Last-Event-ID": this.#position };
    void connection.open(this.#url, { headers, cache: "no-store" }).then((failure) => {
      if (failure && connection === this.#connection) this.#ended(failure);
    });
  }

  /** @param {import("./sse.js").ServerSentEvent} event */
  #receive({ event, data, lastEventId }) {
    const value = valueOf(data);
    if (!value) return this.#connection?.breakOff();
    if (event === "version") this.#begun(value.version);
    else if (event === "list") this.#owner.onList(value.conversation);
    else if (event === "conversation") this.#owner.onConversation(value);
    else if (event === "closed") this.#last = event;
    else if (event === "gone") this.#last = value.code;
    if (lastEventId) this.#position = lastEventId;
  }

  /** @param {string} version */
  #begun(version) {
    this.#isOpen = true;
    this.#failures = 0;
    this.#owner.onVersion(version);
    if (this.#isDue) this.#ask();
  }

  /** All that the page shows. */
  #ask() {
    this.#isDue = false;
    this.#owner.onList();
    this.#owner.onConversation({});
  }

  /** @param {Failure} failure */
  #ended({ status, code, waitMs }) {
    this.#connection = null;
    this.#isOpen = false;
    this.#failures += 1;
    const isReplaced = this.#last === LOGGED_OUT && !this.#isAskedAnew;
    if (isReplaced) {
      this.#isAskedAnew = true;
      return this.#connect();
    }
    if (FOREVER.includes(status) || (this.#last && this.#last !== "closed")) return;
    // What swallows streams may let requests through.
    if (this.#isDue || this.#failures > PATIENT) this.#ask();
    if (this.#last || code === "cannot_stream") return this.#askNowAndThen();
    this.#timer = this.#tools.setTimeout(() => this.#connect(), status === NOT_LOGGED_IN ? ASK_MS : Math.max(this.#delay(), waitMs));
  }

  /** Until it is shown again. */
  #askNowAndThen() {
    this.#timer = this.#tools.setTimeout(() => {
      this.#ask();
      this.#askNowAndThen();
    }, ASK_MS);
  }

  #delay() {
    return this.#tools.random() * Math.min(SPREAD_MS * 2 ** Math.max(0, this.#failures - 1), LONGEST_MS);
  }
}
