import { ReplyStream } from "../lib/stream.js";
import { gettext } from "../lib/i18n.js";
import { loadTools } from "../message/message_tools.js";

/** So that a glance at another tab does not cost a connection. */
const HIDDEN_MS = 2_000;
const BROKEN = gettext("Something went wrong on this page. The answer goes on without it.");

/**
 * An answer while it is being written: a message that grows by a stream.
 *
 * A hidden tab keeps its stream to its end, by which it says that the answer is there; where connections are few it may
 * have to let go of it, and catches up when it is shown.
 *
 * @typedef {import("../lib/stream.js").Asking} Asking
 * @typedef {import("../lib/stream.js").Start} Start
 * @typedef {import("../lib/stream.js").Ending} Ending
 * @typedef {import("../lib/stream.js").Failure} Failure
 * @typedef {import("../message/message_view.js").MessageView} MessageView
 *
 * @typedef {object} Owner at most one of onEnd, onRefused and onLost, once and last
 * @property {(start: Start) => void} onStart
 * @property {(title: string) => void} onTitle
 * @property {(ending: Ending) => void} onEnd
 * @property {(failure: Failure) => void} onRefused nothing was begun
 * @property {() => void} onExpired it goes on here once its reader has logged in
 * @property {(failure: Failure) => void} onLost it goes on at the server, but not here
 */
export class LiveAnswer {
  #view;
  #requests;
  #state;
  #owner;
  #listening = new AbortController();
  #hiding = 0;
  /** Others may have the connection that it keeps. */
  #release = () => {};
  /** @type {import("../lib/stream.js").Connection | ""} */
  #connection = "";
  /** @type {ReplyStream | null} */
  #stream = null;
  /** What came while what shows tools is on its way; null: nothing is. @type {(() => void)[] | null} */
  #waiting = null;

  /**
   * @param {MessageView} view
   * @param {import("../api/requests.js").Requests} requests
   * @param {import("./state.js").ConversationState} state
   * @param {Owner} owner
   */
  constructor(view, requests, state, owner) {
    this.#view = view;
    this.#requests = requests;
    this.#state = state;
    this.#owner = owner;
  }

  /** Sends the request that it answers. @param {Asking} ask */
  ask(ask) {
    this.#run({ ask });
  }

  /** Goes on with what the server has rendered. */
  follow() {
    this.#run({ generation: this.#view.generation });
  }

  /** It is to be stopped before the site has said what answers it: it is not sent again, or taken back if nothing is on its way. */
  withdraw() {
    this.#stream?.withdraw();
  }

  /** Nobody looks any more. It goes on at the server. */
  leave() {
    this.#listening.abort();
    this.#stream?.close();
  }

  /** @param {{ask?: Asking, generation?: string}} whence */
  #run(whence) {
    const [view, requests] = [this.#view, this.#requests];
    const source = { ...whence, position: view.position, eventsUrl: (/** @type {string} */ id) => requests.eventsUrl(id) };
    this.#stream = new ReplyStream(source, {
      onStart: (start) => this.#owner.onStart(start),
      onText: (text) => this.#inOrder(() => view.append(text)),
      onReasoning: (text) => this.#inOrder(() => view.appendReasoning(text)),
      onToolPart: (kind, value, data) => this.#withTools(() => view.addToolPart(kind, value, data)),
      onTitle: (title) => this.#owner.onTitle(title),
      onStorage: (sentence) => (view.storage = sentence),
      onReset: () => this.#inOrder(() => view.clear()),
      onConnection: (connection) => this.#connected(connection),
      onEnd: (ending) => this.#inOrder(() => this.#ended(ending)),
      onFailure: (failure) => this.#inOrder(() => this.#failed(failure)),
    }, { fetch: (url, init) => requests.fetch(url, init, () => this.#stream?.mayAsk ?? true) });
    this.#listen();
    if (view.hasTools) this.#withTools(() => {});
    this.#stream.run().catch((error) => this.#broke(error));
  }

  /** Now, or after what waits. @param {() => void} show */
  #inOrder(show) {
    if (this.#waiting) this.#waiting.push(show);
    else show();
  }

  /** As `#inOrder`, once what shows tools is there. @param {() => void} show */
  #withTools(show) {
    const loading = this.#waiting ? null : loadTools();
    if (loading) {
      this.#waiting = [];
      loading.then(() => this.#catchUp()).catch((error) => this.#broke(error));
    }
    this.#inOrder(show);
  }

  #catchUp() {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const show of waiting) show();
  }

  /** @param {import("../lib/stream.js").Connection} connection */
  #connected(connection) {
    const before = this.#connection;
    this.#connection = connection;
    // Asked for again and again, and said once.
    if (connection === "expired") return before === connection ? undefined : this.#owner.onExpired();
    this.#view.connection = connection === "offline" && this.#state.isSending ? "unsent" : connection;
  }

  /** @param {Ending} ending */
  #ended(ending) {
    this.#listening.abort();
    this.#view.position = this.#stream?.position ?? 0;
    this.#view.end(ending);
    this.#owner.onEnd(ending);
  }

  /** @param {Failure} failure */
  #failed(failure) {
    this.#listening.abort();
    // Whoever has stopped it need not be told that it did not go out.
    const isExpected = this.#state.name === "stopping" && !failure.status;
    if (this.#state.isSending) this.#owner.onRefused(isExpected ? { ...failure, message: "" } : failure);
    else if (this.#state.isAnswering) this.#owner.onLost(failure);
  }

  /** @param {unknown} error a fault of this page */
  #broke(error) {
    this.#giveUp(BROKEN);
    throw error;
  }

  /** @param {string} message */
  #giveUp(message) {
    this.#waiting = null;
    this.#stream?.close();
    this.#failed({ status: 0, code: "page", message, isFinal: true, waitMs: 0 });
  }

  #listen() {
    const { signal } = this.#listening;
    document.addEventListener("visibilitychange", () => this.#shownOrHidden(), { signal });
    addEventListener("pagehide", () => this.#stream?.pause(), { signal });
    addEventListener("pageshow", () => this.#shownOrHidden(), { signal });
    addEventListener("online", () => this.#stream?.refresh(), { signal });
    signal.addEventListener("abort", () => this.#stopHiding());
    if (document.hidden) void this.#hide();
  }

  #shownOrHidden() {
    this.#stopHiding();
    if (document.hidden) this.#hiding = setTimeout(() => void this.#hide(), HIDDEN_MS);
    else this.#stream?.resume();
  }

  async #hide() {
    const module = await import("../ui/keep_while_hidden.js").catch(() => null);
    if (!document.hidden || this.#listening.signal.aborted) return;
    if (module) this.#release = module.keepWhileHidden(() => this.#stream?.pause());
    else this.#stream?.pause();
  }

  #stopHiding() {
    clearTimeout(this.#hiding);
    this.#release();
  }
}
