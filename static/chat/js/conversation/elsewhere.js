import { EntryUpdates } from "../sidebar/entry_updates.js";
import { Hints } from "../lib/hints.js";
import { gettext } from "../lib/i18n.js";

const WENT_ON = gettext("This conversation has gone on in another tab or on another device.");

/**
 * What is done elsewhere, in another tab or on another device, and shown here: the list, and the conversation on show.
 *
 * @typedef {import("../lib/hints.js").News} News
 *
 * @typedef {object} Page what it hears of, and what it is about
 * @property {import("../api/requests.js").Requests} requests
 * @property {import("./state.js").ConversationState} state
 * @property {import("./thread.js").Thread} thread
 * @property {import("../sidebar/sidebar.js").Sidebar} sidebar
 * @property {import("./conversation_title.js").ConversationTitle} title
 * @property {string} told the position at which the page was rendered
 * @property {boolean} isTemporary
 *
 * @typedef {object} Owner
 * @property {() => boolean} mayShow would nothing that is typed here be taken away?
 * @property {(served: HTMLElement, last: import("../message/message_view.js").MessageView) => void} onServed the thread goes on from its last message on as in that one
 * @property {(version: string) => void} onVersion which the site is of
 * @property {(advice: import("../ui/failure_advice.js").Advice) => void} complain
 */
export class Elsewhere {
  #page;
  #owner;
  #hints;
  #entries;
  /** An answer that was begun while this page was busy, perhaps by itself. @type {News | null} */
  #news = null;

  /** @param {Page} page @param {Owner} owner */
  constructor(page, owner) {
    this.#page = page;
    this.#owner = owner;
    this.#entries = new EntryUpdates(page.sidebar, page.requests);
    this.#hints = new Hints(page.requests.hintsUrl, page.told, {
      onList: (conversation) => (conversation ? this.#entries.changed(conversation) : page.sidebar.changed()),
      onConversation: (news) => this.#wentOn(news),
      onVersion: (version) => owner.onVersion(version),
    });
    this.#listen();
  }

  /** Is whatever changes told just now, also what this page does? */
  get isTold() {
    return this.#hints.isOpen;
  }

  /** What was begun while this page was busy has been shown otherwise. */
  forget() {
    this.#news = null;
  }

  /** The page is not busy any more. */
  look() {
    const { state } = this.#page;
    const news = this.#news;
    if (!news?.message || !state.isIdle) return;
    this.#news = null;
    if (!this.#isShown(news.message, news.generation)) void this.#show(news.message, { isCertain: true });
  }

  #listen() {
    const hints = this.#hints;
    document.addEventListener("visibilitychange", () => (document.hidden ? hints.hide() : hints.show()));
    addEventListener("pagehide", () => hints.letGo());
    addEventListener("pageshow", ({ persisted }) => persisted && hints.show());
    addEventListener("online", () => hints.refresh());
    if (!document.hidden) hints.begin();
  }

  /** @param {News} news */
  #wentOn(news) {
    const { state, isTemporary } = this.#page;
    if (!news.conversation) return void this.#lookAgain();
    const isHere = news.conversation === state.conversation;
    if (!isHere || !isTemporary) this.#entries.wentOn(news.conversation);
    if (!isHere) return;
    this.#news = news;
    this.look();
  }

  /** Nobody has told what has changed, if anything has. */
  async #lookAgain() {
    const { state, requests, title } = this.#page;
    const { conversation } = state;
    if (state.isNew || !state.isIdle) return;
    const now = await requests.fetchConversation(conversation);
    if (!now?.leaf || conversation !== state.conversation || !state.isIdle) return;
    if (now.title) title.show(conversation, now.title);
    // Another branch may have been chosen elsewhere, which is no news here.
    if (!this.#isShown(now.leaf, now.generation)) await this.#show(now.leaf, { isCertain: false });
  }

  /** @param {string} message @param {string | null} [generation] */
  #isShown(message, generation) {
    const element = document.getElementById(`message-${message}`);
    return element ? (element.dataset["generation"] ?? "") === (generation ?? "") : this.#page.thread.leaf === message;
  }

  /**
   * What came below what is on show. Neither what is typed here nor a branch of its own is taken away: then it is said.
   *
   * @param {string} message
   * @param {{isCertain: boolean}} how has it just been asked, wherever in the conversation?
   */
  async #show(message, { isCertain }) {
    const { state, requests, thread } = this.#page;
    const last = thread.views.at(-1);
    if (!last) return;
    const served = (await requests.fetchPage(state.conversation, last.id, message))?.getElementById("thread");
    if (!last.element.isConnected || !state.isIdle) return;
    const isBelow = [last.id, message].every((id) => served?.querySelector(`[id="message-${id}"]`));
    if (served && isBelow && this.#owner.mayShow()) this.#owner.onServed(served, last);
    else if (isBelow || isCertain) this.#owner.complain({ sentence: WENT_ON, link: { text: gettext("Show it"), href: location.pathname } });
  }
}
