import { CsrfToken } from "./csrf_token.js";
import { failureOf } from "../lib/failure.js";
import { gettext } from "../lib/i18n.js";

/** What hangs must not keep others, or its reader, waiting for ever. */
const PATIENCE_MS = 30_000;
const NOT_STOPPED = gettext("The site could not be reached, so the answer goes on. Try to stop it again.");

/**
 * The requests of docs/protocol.md, as this page makes them.
 *
 * @typedef {import("../lib/failure.js").Failure} Failure
 * @typedef {import("../lib/stream.js").Asking} Asking
 * @typedef {{conversation: string, id: string, text: string, attachments: Attachment[], parent: string | null, leaf?: string | null, model?: string | undefined, settings?: Settings, tools_off?: string[], temporary?: true}} Question
 * @typedef {{system_prompt: string, temperature: number | null, max_tokens: number | null}} Settings
 * @typedef {{call: string, answer: "yes" | "no", reason?: string}} Decision on a call that waits for one
 * @typedef {{id: string, model?: string, decisions?: Decision[]}} GenerationRequest
 *
 * @typedef {{kind: "ask", question: Question}} Ask at the end of the thread
 * @typedef {{kind: "edit", message: string, question: Question}} Edit in place of a message, and of all below it
 * @typedef {{kind: "regenerate", message: string, request: GenerationRequest}} Regenerate in place of an answer, and of all below it
 * @typedef {{kind: "answer", message: string, request: GenerationRequest}} Answer to a question at the end of the thread that has none
 * @typedef {{kind: "continue", message: string, request: GenerationRequest, position: number}} Continue from where the page has it
 * @typedef {Ask | Edit | Regenerate | Answer | Continue} Turn what is asked of the model; each is answered by one generation
 *
 * @typedef {{id: string, title: string, titled_by: string, leaf: string | null, generation: string | null}} ConversationInfo
 * @typedef {{value: string, comment?: string}} Feedback
 *
 * @typedef {object} Attachment a file that the site keeps
 * @property {string} id
 * @property {"image" | "text" | "pdf" | "office"} kind
 * @property {string} name
 * @property {number} size in bytes
 * @property {number | null} width of an image, in pixels
 * @property {number | null} height
 * @property {number | null} pages of a PDF
 * @property {string} url
 * @property {string | null} thumbnail its address, of an image
 */
export class Requests {
  #addresses;
  #token;

  /** @param {Record<string, string>} addresses by their names at the site, with `{id}` where an id belongs */
  constructor(addresses) {
    this.#addresses = addresses;
    this.#token = new CsrfToken(this.#address("new"));
  }

  get newConversationUrl() {
    return this.#address("new");
  }

  /** Where the site tells of what changes. */
  get hintsUrl() {
    return this.#address("hints");
  }

  /** @param {string} id */
  conversationUrl(id) {
    return this.#address("conversation", id);
  }

  /** @param {string} generation */
  eventsUrl(generation) {
    return this.#address("events", generation);
  }

  /** The request that a turn is sent by. @param {Turn} turn @returns {Asking} */
  turn(turn) {
    if ("question" in turn) return this.#ask(turn.question);
    const { retry, continue: further } = this.messageUrls(turn.message);
    if (turn.kind !== "continue") return post(retry, turn.request);
    return post(further, turn.request, { "Last-Event-ID": String(turn.position) });
  }

  /** Where files are uploaded to. */
  get attachmentsUrl() {
    return this.#address("attachments");
  }

  /** A file that was uploaded is not to be sent. @param {string} attachment @returns {Promise<Failure | null>} */
  discardAttachment(attachment) {
    return this.#post(this.#address("attachment_deletion", attachment));
  }

  /** What the form posts to that makes an ordinary conversation of a temporary one. @param {string} id */
  keepingUrl(id) {
    return this.#address("keep", id);
  }

  /** The page of a temporary conversation is left; the request outlives it. @param {string} id */
  leaveConversation(id) {
    const body = new URLSearchParams({ csrfmiddlewaretoken: this.#token.value });
    navigator.sendBeacon(this.#address("leave", id), body);
  }

  /** What the forms of a message post to, and where its details are. @param {string} message */
  messageUrls(message) {
    return {
      retry: this.#address("regenerations", message),
      continue: this.#address("continuations", message),
      details: this.#address("details", message),
    };
  }

  /**
   * Asks to stop a generation; its ending arrives on its stream.
   * @param {string} generation
   * @returns {Promise<Failure | null>}
   */
  async cancelGeneration(generation) {
    const failure = await this.#post(this.#address("cancellation", generation));
    return failure && !failure.status ? { ...failure, message: NOT_STOPPED } : failure;
  }

  /** As `cancelGeneration`, by a request that outlives the page, which is about to be left. @param {string} id as above, or of the turn that asks for it */
  cancelOnLeaving(id) {
    const { url, init } = post(this.#address("cancellation", id), {}, { Accept: "application/json", "X-CSRFToken": this.#token.value });
    void fetch(url, { ...init, keepalive: true }).catch(() => {});
  }

  /** Puts the branch through a message on show, from now on. @param {string} message @returns {Promise<Failure | null>} */
  selectBranch(message) {
    return this.#post(this.#address("selection", message));
  }

  /** How a conversation's model is to answer, from now on. @param {string} conversation @param {Settings} settings @returns {Promise<Failure | null>} */
  saveSettings(conversation, settings) {
    return this.#post(this.#address("conversation_settings", conversation), settings);
  }

  /** Lets a conversation's model call a tool, or not, from its next answer on. @param {string} conversation @param {string} name @param {boolean} on @returns {Promise<Failure | null>} */
  turnTool(conversation, name, on) {
    return this.#post(this.#address("conversation_tools", conversation), { name, on });
  }

  /** Which tools a conversation's model may call, as the site has it now; null if it could not be learnt. @param {string} conversation @returns {Promise<{name: string, on: boolean}[] | null>} */
  async fetchTools(conversation) {
    try {
      const response = await fetch(this.#address("conversation_tools", conversation), { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? (await response.json()).tools : null;
    } catch {
      return null;
    }
  }

  /** Stores what its reader thinks of an answer. @param {string} message @param {Feedback} opinion @returns {Promise<Failure | null>} */
  saveFeedback(message, opinion) {
    return this.#post(this.#address("feedback", message), opinion);
  }

  /** Does something with a conversation as a whole. @param {string} id @param {"title" | "flags" | "deletion" | "restoration"} name of the address @param {object} [body] */
  updateConversation(id, name, body) {
    return this.#post(this.#address(name, id), body);
  }

  /**
   * A page of the list of conversations: its items, empty while they are those of `tag`; null if it cannot be had.
   * @param {string} query
   * @param {string} tag that an earlier one bore
   */
  async fetchList(query, tag) {
    const headers = { Accept: "text/html", ...(tag && { "If-None-Match": tag }) };
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(`${this.#address("conversations")}${query}`, { headers, cache: "no-store", signal });
      const html = response.ok ? await response.text() : "";
      const [tag, version] = ["ETag", "Chat-Version"].map((name) => response.headers.get(name) ?? "");
      return { status: response.status, html, tag: tag ?? "", version: version ?? "" };
    } catch {
      return null;
    }
  }

  /** One entry of the list as it stands on the page; null if it cannot be had. @param {string} id */
  async fetchEntry(id) {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(this.#address("entry", id), { headers: { Accept: "text/html" }, cache: "no-store", signal });
      return { status: response.status, html: response.ok ? await response.text() : "" };
    } catch {
      return null;
    }
  }

  /**
   * A conversation's page as the server has it now; null if it cannot be had.
   * @param {string} id
   * @param {string} from the message that it is to begin with
   * @param {string} [message] in whose branch; else in that of `from`
   * @returns {Promise<Document | null>}
   */
  async fetchPage(id, from, message = from) {
    try {
      const response = await fetch(`${this.conversationUrl(id)}?from=${from}&message=${message}`, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      return new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return null;
    }
  }

  /** @param {string} id @returns {Promise<ConversationInfo | null>} null if it could not be learnt */
  async fetchConversation(id) {
    try {
      const response = await fetch(this.conversationUrl(id), { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  /**
   * As the browser's own; a POST bears the token.
   * @param {string} url
   * @param {RequestInit} init
   * @param {() => boolean} [mayRepeat] is it still meant, where it has to be sent with a fresh token?
   * @returns {Promise<Response>}
   */
  async fetch(url, init, mayRepeat) {
    if (init.method !== "POST") return fetch(url, init);
    return this.withToken((token) => fetch(url, { ...init, headers: { ...init.headers, "X-CSRFToken": token } }), init.signal, mayRepeat);
  }

  /**
   * Sends what bears the token; if that is stale, again, once, with a fresh one.
   * @param {(token: string) => Promise<Response>} send
   * @param {AbortSignal | null} [signal]
   * @param {() => boolean} [mayRepeat]
   */
  async withToken(send, signal, mayRepeat = () => true) {
    const response = await send(this.#token.value);
    const isStale = response.status === 403 && (await failureOf(response.clone(), true))?.code === "csrf";
    return isStale && (await this.#token.renew(signal)) && mayRepeat() ? send(this.#token.value) : response;
  }

  /** @param {Question} question @returns {Asking} */
  #ask({ conversation, attachments, ...body }) {
    const ids = attachments.length ? { attachments: attachments.map(({ id }) => id) } : {};
    return post(this.#address("messages", conversation), { ...body, ...ids });
  }

  /** @param {string} name @param {string} [id] */
  #address(name, id = "") {
    return (this.#addresses[name] ?? "").replace("{id}", id);
  }

  /** @param {string} address @param {object} [body] @returns {Promise<Failure | null>} */
  async #post(address, body = {}) {
    const { url, init } = post(address, body, { Accept: "application/json" });
    const response = await this.fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
    return response?.ok ? null : failureOf(response, false);
  }
}

/** @param {string} url @param {object} body @param {Record<string, string>} [headers] @returns {Asking} */
function post(url, body, headers = {}) {
  return { url, init: { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) } };
}
