/** The list of conversations at the side. The server renders it; here it follows what happens on the page. */
export class ConversationList {
  #list;
  #template;

  /** @param {HTMLElement} list @param {HTMLTemplateElement} template of one item */
  constructor(list, template) {
    this.#list = list;
    this.#template = template;
  }

  /**
   * Puts a conversation first, as the one with the newest activity.
   * @param {string} id
   * @param {string} url
   * @param {string} title
   */
  putFirst(id, url, title) {
    const link = this.#find(id) ?? this.#make(id, url);
    link.textContent = title;
    const item = link.closest("li");
    if (item && item !== this.#list.firstElementChild) this.#list.prepend(item);
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    const link = this.#find(id);
    if (link) link.textContent = title;
  }

  /** @param {string} id @returns {HTMLAnchorElement | null} */
  #find(id) {
    return this.#list.querySelector(`a[data-id="${CSS.escape(id)}"]`);
  }

  /** @param {string} id @param {string} url */
  #make(id, url) {
    this.#list.append(this.#template.content.cloneNode(true));
    const link = /** @type {HTMLAnchorElement} */ (this.#list.lastElementChild?.querySelector("a"));
    link.href = url;
    link.dataset["id"] = id;
    link.setAttribute("aria-current", "page");
    return link;
  }
}
