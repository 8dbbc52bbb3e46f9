import { MessageView } from "../message/message_view.js";
import { completeMessage } from "../message/served_message.js";
import { loadTools } from "../message/message_tools.js";
import { listenToDecisions } from "../message/decisions.js";

/** The messages on show, from the first to the last. */
export class Thread {
  #addresses;

  /** @param {HTMLElement} element @param {(id: string) => import("../message/message_view.js").MessageUrls} addresses of a message */
  constructor(element, addresses) {
    this.element = element;
    this.#addresses = addresses;
  }

  /** Gives the messages that the server has rendered what else belongs to them. @param {ParentNode} served that holds them */
  complete(served) {
    const elements = /** @type {NodeListOf<HTMLElement>} */ (served.querySelectorAll(".message"));
    for (const element of elements) completeMessage(element, this.#addresses(new MessageView(element).id));
    if (served.querySelector(".round")) void loadTools()?.catch(() => {});
  }

  get views() {
    const elements = /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".message"));
    return Array.from(elements, (element) => new MessageView(element));
  }

  get ids() {
    return this.views.map((view) => view.id);
  }

  /** The last one's id, which the next question follows. */
  get leaf() {
    return this.#later?.dataset["leaf"] ?? this.ids.at(-1) ?? null;
  }

  /** The way to what is below the part of the conversation that is on the page, if that is not its end. */
  get #later() {
    return /** @type {HTMLElement | null} */ (this.element.querySelector(":scope > .later"));
  }

  /** The last question. */
  get question() {
    return this.views.findLast((view) => view.role === "user");
  }

  /** @param {string} id @returns {MessageView | undefined} */
  find(id) {
    return this.views.find((view) => view.id === id);
  }

  /** Tells the style sheet what the conversation is doing: what can be done with messages depends on it. @param {import("./state.js").ConversationState} state */
  show({ isIdle, isSending }) {
    if (isIdle) delete this.element.dataset["answering"];
    else this.element.dataset["answering"] = isSending ? "asking" : "running";
  }

  /** The answer that was being written when the server rendered it. */
  get running() {
    return this.views.find((view) => view.status === "running");
  }

  /** @param {...MessageView} views */
  append(...views) {
    this.element.append(...views.map((view) => view.element));
  }

  /** Takes a message and all below it off the page. @param {MessageView} view @returns {() => void} puts them back, at the end */
  cut({ element }) {
    const messages = Array.from(this.element.children);
    const removed = messages.slice(messages.indexOf(element));
    for (const each of removed) each.remove();
    return () => this.element.append(...removed);
  }

  /**
   * Takes the branch through a message over from the page as the server has it, in place of `old` and all below it;
   * from its beginning, if what the server shows begins only below that message.
   * @param {HTMLElement} served the thread of that page
   * @param {MessageView} old
   * @param {string} id
   */
  replace(served, old, id) {
    this.complete(served);
    const messages = Array.from(served.children);
    const index = messages.findIndex((element) => element.id === `message-${id}`);
    if (index < 0) return this.element.replaceChildren(...served.childNodes);
    this.cut(old);
    this.element.append(...messages.slice(index));
  }

  /** What waits for a yes. @returns {HTMLElement | null} */
  get pending() {
    return this.element.querySelector(":scope > [data-pending]:last-child > .decision");
  }

  /** As soon as somebody looks. It is the form that has the focus then: what is being typed must not decide anything. */
  focusPending() {
    if (!document.hidden) return this.pending?.focus();
    document.addEventListener("visibilitychange", () => this.focusPending(), { once: true });
  }

  /** @param {(view: MessageView, request: import("../api/requests.js").GenerationRequest) => void} onDecided @param {() => void} onUnreachable */
  listenToDecisions(onDecided, onUnreachable) {
    listenToDecisions(this.element, (message, request) => onDecided(new MessageView(message), request), onUnreachable);
  }

  /** @param {(view: MessageView, form: "retry" | "continue") => void} onAsked what is to become of an answer */
  listen(onAsked) {
    this.element.addEventListener("submit", (event) => {
      const form = /** @type {HTMLElement} */ (event.target);
      const element = form.closest(".message");
      if (!(element instanceof HTMLElement) || !form.matches(".message__continue, .message__retry")) return;
      event.preventDefault();
      onAsked(new MessageView(element), form.matches(".message__continue") ? "continue" : "retry");
    });
  }
}
