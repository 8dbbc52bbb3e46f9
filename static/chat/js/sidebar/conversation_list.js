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
    this.#owner.onRenamed(id, title);
  }

  /** Takes a conversation out; the focus, if it was in there, goes to the next one. @param {string} id */
  remove(id) {
    const item = this.#byKey(id);
    const next = linkIn(item?.nextElementSibling ?? null) ?? linkIn(item?.previousElementSibling ?? null);
    const hadFocus = item?.contains(document.activeElement);
    item?.remove();
    this.#dropEmptyHeadings();
    if (hadFocus) next?.focus();
  }

  /** @param {string} id */
  focus(id) {
    linkIn(this.#byKey(id))?.focus();
  }

  /**
   * Brings the first page up to date. What was loaded below it stays, and so do the focus, an open menu, a form.
   *
   * @param {string} html
   * @returns {boolean} is all of it shown? What somebody is about to use is left as it is.
   */
  show(html) {
    const served = itemsOf(html);
    const focused = document.activeElement;
    const rest = this.#below(served);
    const kept = new Set([...served.map(keyOf), ...rest.map(keyOf)]);
    for (const item of this.#items) if (!kept.has(keyOf(item))) item.remove();
    const isWhole = this.#place(rest.length ? served.filter((item) => keyOf(item) !== "more") : served);
    this.#dropEmptyHeadings();
    this.#mark();
    // An element that is moved loses it.
    const isLost = document.activeElement !== focused && focused?.isConnected;
    if (isLost && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return isWhole;
  }

  /** Adds the page that `more` leads to. @param {string} html */
  append(html) {
    this.more?.remove();
    for (const item of itemsOf(html)) if (!this.#byKey(keyOf(item))) this.#list.append(item);
    this.#mark();
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
    let isWhole = true;
    let next = this.#list.firstElementChild;
    for (const item of served) {
      const old = this.#byKey(keyOf(item));
      if (old) isWhole = patch(old, item, this.#owner) && isWhole;
      if (old && old === next) next = next.nextElementSibling;
      else this.#list.insertBefore(old ?? item, next);
    }
    return isWhole;
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

/** @param {HTMLElement} old @param {HTMLElement} served @param {Owner} owner @returns {boolean} is all of it taken over? */
function patch(old, served, owner) {
  const [link, title] = [linkIn(old), linkIn(served)?.textContent ?? ""];
  if (!link) return patchOther(old, served);
  if (link.textContent !== title) {
    link.textContent = title;
    owner.onRenamed(keyOf(old), title);
  }
  old.toggleAttribute("data-answering", served.hasAttribute("data-answering"));
  const [menu, now] = [old.querySelector("details"), served.querySelector("details")];
  if (!menu || !now || menu.innerHTML === now.innerHTML) return true;
  if (menu.open) return false;
  // The button stays: it may have the focus, as behind what was just done.
  const [button, buttonNow] = [menu, now].map((each) => /** @type {HTMLElement} */ (each.querySelector("summary")));
  /** @type {HTMLElement} */ (button).ariaLabel = /** @type {HTMLElement} */ (buttonNow).ariaLabel;
  menu.lastElementChild?.replaceWith(/** @type {Element} */ (now.lastElementChild));
  return true;
}

/** A heading, or the way to older ones. @param {HTMLElement} old @param {HTMLElement} served */
function patchOther(old, served) {
  if (old.matches(".sidebar__entry") || old.innerHTML === served.innerHTML) return true;
  Object.assign(old.dataset, served.dataset);
  old.replaceChildren(...served.childNodes);
  return true;
}
