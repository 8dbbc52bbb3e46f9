import { markedTitle, titleDirection } from "../lib/text_direction.js";

/** The model names a conversation soon after its first answer. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000];

/** The title of the page's conversation, wherever the page shows it. */
export class ConversationTitle {
  #heading;
  #list;
  #requests;

  /**
   * @param {HTMLElement} heading
   * @param {import("../sidebar/sidebar.js").Sidebar} list
   * @param {import("../api/requests.js").Requests} requests
   */
  constructor(heading, list, requests) {
    this.#heading = heading;
    this.#list = list;
    this.#requests = requests;
  }

  /** @param {string} conversation @param {string} title */
  show(conversation, title) {
    // What the page's frame says beside it stays.
    document.title = document.title.replace(markedTitle(this.#heading.textContent), () => markedTitle(title));
    this.#heading.textContent = title;
    this.#heading.dir = titleDirection(title);
    this.#list.rename(conversation, title);
  }

  /** Waits a while for the model's title, and shows it. @param {string} conversation */
  async await(conversation) {
    for (const pause of PAUSES_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const titled = await this.#requests.fetchConversation(conversation);
      if (titled && titled.titled_by !== "words") return this.show(conversation, titled.title);
    }
  }
}
