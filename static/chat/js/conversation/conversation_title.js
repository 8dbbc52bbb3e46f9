import { markedTitle, titleDirection } from "../lib/text_direction.js";

/** The title of the page's conversation, wherever the page shows it. */
export class ConversationTitle {
  #heading;
  #list;

  /**
   * @param {HTMLElement} heading
   * @param {import("../sidebar/sidebar.js").Sidebar} list
   */
  constructor(heading, list) {
    this.#heading = heading;
    this.#list = list;
  }

  /** @param {string} conversation @param {string} title */
  show(conversation, title) {
    // What the page's frame says beside it stays.
    document.title = document.title.replace(markedTitle(this.#heading.textContent), () => markedTitle(title));
    this.#heading.textContent = title;
    this.#heading.dir = titleDirection(title);
    this.#list.rename(conversation, title);
  }
}
