import { titleDirection } from "../lib/text_direction.js";

/** What an entry's attributes say of it. */
const STATES = ["data-pinned", "data-answering"];

/**
 * The items of the list of conversations, as the server renders them: headings, conversations, and at the end the way
 * to older ones. Each bears a key, by which it stays the same element whatever else changes.
 *
 * @typedef {object} Owner
 * @property {(id: string, title: string) => void} onRenamed it is called something else, here or elsewhere
 */
export class ConversationList {
  #list;
  #owner;
  /** Of the conversation on show. */
  #current;

  /** @param {HTMLElement} list @param {string} current @param {Owner} owner */
  constructor(list, current, owner) {
    this.#list = list;
    this.#current = current;
    this.#owner = owner;
  }

  /** Where the older ones begin that are not here yet, and what leads there. */
  get more() {
    return this.#byKey("more");
  }

  /** @param {string} id */
  set current(id) {
    this.#current = id;
    this.#mark();
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    const link = linkIn(this.#byKey(id));
    if (!link || link.textContent === title) return;
    link.textContent = title;
    link.dir = titleDirection(title);
    this.#owner.onRenamed(id, title);
  }

  /** @param {string} key of a conversation, or of a heading */
  find(key) {
    return this.#byKey(key);
  }

  /** One conversation as the server has it; a new one has no place yet. @param {string} html its entry, below a heading */
  take(html) {
    const served = itemsOf(html).find((item) => linkIn(item));
    const old = served && this.#byKey(keyOf(served));
    if (old) patch(old, served, this.#owner);
    return old ?? served;
  }

  /** @param {HTMLElement} item @param {HTMLElement} heading right below which it comes */
  place(item, heading) {
    if (heading.nextElementSibling === item) return;
    this.#keepingFocus(() => heading.after(item));
    this.#dropEmptyHeadings();
    this.#mark();
  }

  /** Takes a conversation out; the focus, if it was in there, goes to the next one. @param {string} id */
  remove(id) {
    const item = this.#byKey(id);
    const entries = this.#items.filter(linkIn);
    const at = entries.findIndex((entry) => entry === item);
    const next = entries[at + 1] ?? entries[at - 1];
    const hadFocus = item?.contains(document.activeElement);
    item?.remove();
    this.#dropEmptyHeadings();
    if (hadFocus) linkIn(next ?? null)?.focus();
  }

  /** @param {string} id */
  focus(id) {
    linkIn(this.#byKey(id))?.focus();
  }

  /**
   * Brings the first page up to date. What was loaded below it stays, and so do the focus, an open menu, a form.
   *
   * @param {string} html
   */
  show(html) {
    const served = itemsOf(html);
    const rest = this.#below(served);
    const kept = new Set([...served.map(keyOf), ...rest.map(keyOf)]);
    for (const key of this.#items.map(keyOf)) if (!kept.has(key)) this.remove(key);
    this.#keepingFocus(() => this.#place(rest.length ? served.filter((item) => keyOf(item) !== "more") : served));
    this.#dropEmptyHeadings();
    this.#mark();
  }

  /** Adds the page that `more` leads to. @param {string} html */
  append(html) {
    this.more?.remove();
    for (const item of itemsOf(html)) if (!this.#byKey(keyOf(item))) this.#list.append(item);
    this.#mark();
  }

  /** An element that is moved loses it. @param {() => void} move */
  #keepingFocus(move) {
    const focused = document.activeElement;
    move();
    const isLost = document.activeElement !== focused && focused?.isConnected;
    if (isLost && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.#list.children]);
  }

  /** What stands below the last conversation of the first page. @param {HTMLElement[]} served */
  #below(served) {
    if (!served.some((item) => keyOf(item) === "more")) return [];
    const keys = new Set(served.map(keyOf));
    const last = served.findLast((item) => linkIn(item));
    const at = this.#items.findIndex((item) => last && keyOf(item) === keyOf(last));
    const below = at < 0 ? [] : this.#items.slice(at + 1).filter((item) => keyOf(item) === "more" || !keys.has(keyOf(item)));
    return below.some((item) => linkIn(item)) ? below : [];
  }

  /** Puts these first, in their order, and moves no more than it must. @param {HTMLElement[]} served */
  #place(served) {
    let next = this.#list.firstElementChild;
    for (const item of served) {
      const old = this.#byKey(keyOf(item));
      if (old) patch(old, item, this.#owner);
      if (old && old === next) next = next.nextElementSibling;
      else this.#list.insertBefore(old ?? item, next);
    }
  }

  #dropEmptyHeadings() {
    for (const item of this.#items) {
      if (item.matches(".sidebar__day") && !item.nextElementSibling?.matches(".sidebar__entry")) item.remove();
    }
  }

  #mark() {
    for (const link of this.#list.querySelectorAll("a[data-id]")) {
      if (link.getAttribute("data-id") === this.#current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** @param {string} key @returns {HTMLElement | null} */
  #byKey(key) {
    return this.#list.querySelector(`:scope > [data-key="${CSS.escape(key)}"]`);
  }
}

/** @param {string} html @returns {HTMLElement[]} */
function itemsOf(html) {
  return [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("li")];
}

/** @param {HTMLElement} item */
function keyOf(item) {
  return item.dataset["key"] ?? "";
}

/** @param {Element | null} item @returns {HTMLAnchorElement | null} to its conversation */
function linkIn(item) {
  return item?.querySelector("a[data-id]") ?? null;
}

/** @param {HTMLElement} item */
function menuIn(item) {
  return item.querySelector(".sidebar__menu");
}

/** @param {HTMLElement} item @returns that an answer is being written in it */
function markIn(item) {
  return item.querySelector(".sidebar__mark");
}

/** @param {HTMLElement} old @param {HTMLElement} served @param {Owner} owner */
function patch(old, served, owner) {
  const [link, title] = [linkIn(old), linkIn(served)?.textContent ?? ""];
  if (!link) return patchOther(old, served);
  if (link.textContent !== title) {
    link.textContent = title;
    link.dir = titleDirection(title);
    owner.onRenamed(keyOf(old), title);
  }
  for (const state of STATES) old.toggleAttribute(state, served.hasAttribute(state));
  // The button stays: it may have the focus, as behind what was just done, or be that of the open menu.
  const [button, now] = [menuIn(old), menuIn(served)];
  if (button && now) button.ariaLabel = now.ariaLabel;
  const [mark, markNow] = [markIn(old), markIn(served)];
  if (markNow && !mark) link.after(markNow);
  if (!markNow) mark?.remove();
}

/** A heading, or the way to older ones. @param {HTMLElement} old @param {HTMLElement} served */
function patchOther(old, served) {
  if (old.matches(".sidebar__entry") || old.innerHTML === served.innerHTML) return;
  Object.assign(old.dataset, served.dataset);
  old.replaceChildren(...served.childNodes);
}
