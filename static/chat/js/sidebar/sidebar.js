import { ConversationList } from "./conversation_list.js";
import { EntryMenu } from "./entry_menu.js";
import { failureAdvice } from "../ui/failure_advice.js";

const AHEAD = "200px";
const AGAIN_MS = 5_000;
const NOT_MODIFIED = 304;

/**
 * The list of conversations at the side: what can be done with each, the way to older ones, and what is new in it.
 *
 * @typedef {import("../lib/failure.js").Failure} Failure
 *
 * @typedef {object} Owner
 * @property {(id: string, title: string) => void} onRenamed it is called something else, here or elsewhere
 * @property {(id: string) => void} onDeleted the conversation on show is
 * @property {(version: string) => void} onVersion which the site is of now
 * @property {() => boolean} isTold does this page hear of what changes, also of what it does itself?
 * @property {(failure: Failure) => import("../ui/failure_advice.js").Advice} advise
 */
export class Sidebar {
  #element;
  #notices;
  #list;
  #requests;
  #owner;
  #current;
  #atEnd;
  /** What the first page is that is shown. */
  #tag = "";
  /** One request after the other. @type {Promise<void>} */
  #asking = Promise.resolve();
  #isDue = false;
  /** Was something asked for in vain? Older ones are asked for again once the list itself is to be had. */
  #hasFailed = false;
  #again = 0;

  /** @param {HTMLElement} element @param {import("../api/requests.js").Requests} requests @param {string} current @param {Owner} owner */
  constructor(element, requests, current, owner) {
    this.#element = element;
    this.#notices = /** @type {HTMLElement} */ (element.querySelector("#list-notices"));
    const list = /** @type {HTMLElement} */ (element.querySelector("#conversation-list"));
    this.#list = new ConversationList(list, current, owner);
    this.#tag = list.dataset["tag"] ?? "";
    this.#current = current;
    this.#requests = requests;
    this.#owner = owner;
    this.#atEnd = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#loadMore(), {
      root: element,
      rootMargin: AHEAD,
    });
    this.#listen();
    this.#watchEnd();
  }

  /** The conversation on show has gone on. @param {string} id */
  wentOn(id) {
    this.#list.current = this.#current = id;
    if (!this.#owner.isTold()) this.#refresh();
  }

  /** What is listed may have changed, here or elsewhere. */
  changed() {
    this.#refresh();
  }

  /** Changes the list in part; the whole of it is asked for if that cannot be. @param {(list: ConversationList) => boolean | Promise<boolean>} change is it done? */
  change(change) {
    this.#queue(async () => {
      // The list that was asked for before is not what is shown.
      this.#tag = "";
      if (!(await change(this.#list))) this.#refresh();
    });
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    this.#list.rename(id, title);
  }

  #listen() {
    new EntryMenu(/** @type {HTMLElement} */ (this.#element.querySelector("#conversation-list")), {
      // So that the field is there at once when a title is to be changed: who has chosen that goes on typing.
      onOpen: () => void loadTitleEditor(),
      onChosen: (chosen, entry) => void this.#keep(chosen, entry),
    });
    this.#element.addEventListener("click", (event) => this.#clicked(event));
    this.#element.addEventListener("submit", (event) => this.#submitted(event));
    document.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest(".deleted__dismiss")) target.closest(".deleted")?.remove();
    });
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!target?.closest(".sidebar__more a")) return;
    event.preventDefault();
    this.#loadMore();
  }

  /** @param {HTMLButtonElement} chosen @param {HTMLElement} item */
  async #keep(chosen, item) {
    const id = item.dataset["key"] ?? "";
    const { name, value, dataset: { keep } } = chosen;
    if (keep === "rename") return this.#rename(id, item);
    if (keep === "delete") return this.#delete(id);
    if (!(await this.#do(id, "flags", { [name]: value === "true" }))) return;
    if (name === "archived") this.#list.remove(id);
  }

  /** @param {string} id @param {HTMLElement} item */
  async #rename(id, item) {
    const module = await loadTitleEditor();
    if (!module) return location.assign(`?rename=${id}`); // there are others at the site by now: its page can do it, too
    new module.TitleEditor(item, async (title) => {
      if (!(await this.#do(id, "title", { title }))) return false;
      this.#list.rename(id, title);
      return true;
    });
  }

  /** @param {string} id */
  async #delete(id) {
    if (!(await this.#do(id, "deletion"))) return;
    if (id === this.#current) return this.#owner.onDeleted(id);
    const focused = document.activeElement?.closest("[data-key]");
    this.#list.remove(id);
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("deleted"));
    this.#notices.append(template.content.cloneNode(true));
    const notice = /** @type {HTMLFormElement} */ (this.#notices.lastElementChild);
    notice.dataset["id"] = id;
    // Who has gone on to another one meanwhile, as to its menu, is left there.
    const isElsewhere = focused?.isConnected && focused.getAttribute("data-key") !== id;
    if (!isElsewhere) notice.querySelector("button")?.focus();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const notice = /** @type {HTMLElement} */ (event.target);
    const { id } = notice.dataset;
    if (!notice.matches(".deleted") || !id) return;
    event.preventDefault();
    void this.#restore(id, notice);
  }

  /** @param {string} id @param {HTMLElement} notice */
  async #restore(id, notice) {
    if (!(await this.#do(id, "restoration"))) return;
    notice.remove();
    await this.#asking;
    this.#list.focus(id);
  }

  /** Is it done? If not, it is said why. @param {string} id @param {"title" | "flags" | "deletion" | "restoration"} name @param {object} [body] */
  async #do(id, name, body) {
    const asked = this.#requests.updateConversation(id, name, body);
    // The page may hear of it before it is answered: what it then shows comes after.
    this.#queue(async () => void (await asked));
    const failure = await asked;
    this.#complain(failure);
    if (failure) return false;
    // The list is about to change here too: what the server had before is not what it shows, even if that comes back.
    this.#tag = "";
    this.#refresh();
    return true;
  }

  /** @param {Failure | null} failure */
  #complain(failure) {
    this.#notices.querySelector(".notice--error")?.remove();
    if (!failure) return;
    const { sentence, link } = this.#owner.advise(failure);
    const notice = document.createElement("p");
    notice.className = "notice notice--error";
    notice.append(...failureAdvice(sentence, link));
    this.#notices.append(notice);
  }

  /** Asks for the first page, once for all who want it before the request goes out. */
  #refresh() {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#queue(() => this.#showFirst());
  }

  /** What goes wrong in one request keeps none from the next. @param {() => Promise<void> | void} request */
  #queue(request) {
    this.#asking = this.#asking.then(request).catch((error) => {
      reportError(error);
      this.#failed();
    });
  }

  async #showFirst() {
    this.#isDue = false;
    const page = await this.#requests.fetchList("", this.#tag);
    if (!page || page.status >= 500) this.#failed();
    if (page?.version) this.#owner.onVersion(page.version);
    if (page?.html) {
      this.#list.show(page.html);
      this.#tag = page.tag;
    }
    // Not modified: then there is a site, and what failed before may be tried again.
    if (page?.html || (page?.status === NOT_MODIFIED && this.#hasFailed)) this.#watchEnd();
  }

  /** All is asked for once more, in a while. */
  #failed() {
    this.#hasFailed = true;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => document.hidden || this.#refresh(), AGAIN_MS * (1 + Math.random()));
  }

  #loadMore() {
    this.#atEnd.disconnect();
    this.#queue(async () => {
      const after = this.#list.more?.dataset["after"];
      if (!after) return;
      const page = await this.#requests.fetchList(`?after=${after}`, "");
      if (!page?.html) return this.#failed();
      this.#list.append(page.html);
      this.#watchEnd();
    });
  }

  #watchEnd() {
    this.#hasFailed = false;
    this.#atEnd.disconnect();
    if (this.#list.more) this.#atEnd.observe(this.#list.more);
  }
}

function loadTitleEditor() {
  return import("./title_editor.js").catch(() => null);
}
