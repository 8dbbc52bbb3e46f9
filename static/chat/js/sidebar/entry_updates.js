import { gettext } from "../lib/i18n.js";

const NOT_FOUND = 404;
/** The key of a heading. */
const PINNED = "pinned";
const BEING_WRITTEN = gettext("An answer is being written.");

/** What becomes of one conversation, shown in the list without the list being asked for. */
export class EntryUpdates {
  #sidebar;
  #requests;

  /** @param {import("./sidebar.js").Sidebar} sidebar @param {import("../api/requests.js").Requests} requests */
  constructor(sidebar, requests) {
    this.#sidebar = sidebar;
    this.#requests = requests;
  }

  /** An answer is being written in a conversation, which is first in its group now. @param {string} id */
  wentOn(id) {
    this.#sidebar.change(async (list) => {
      const known = list.find(id);
      if (!known && !list.find(today())) return false;
      const item = known ?? (await this.#take(list, id));
      if (!item) return item === null;
      if (known) markAnswered(item);
      return placeFirst(list, item);
    });
  }

  /** It shows something else, or is gone. What is not listed here stays so. @param {string} id */
  changed(id) {
    this.#sidebar.change(async (list) => !list.find(id) || (await this.#take(list, id)) !== undefined);
  }

  /**
   * @param {import("./conversation_list.js").ConversationList} list
   * @param {string} id
   * @returns {Promise<HTMLElement | null | undefined>} its entry; null: it is gone; undefined: it cannot be had
   */
  async #take(list, id) {
    const page = await this.#requests.fetchEntry(id);
    if (page?.status !== NOT_FOUND) return page?.html ? list.take(page.html) : undefined;
    list.remove(id);
    return null;
  }
}

/** @param {HTMLElement} item */
function markAnswered(item) {
  if (item.hasAttribute("data-answering")) return;
  item.removeAttribute("data-waiting");
  item.querySelector(".sidebar__mark")?.remove();
  item.setAttribute("data-answering", "");
  const [mark, words] = [document.createElement("span"), document.createElement("span")];
  mark.className = "sidebar__mark";
  words.className = "visually-hidden";
  words.textContent = BEING_WRITTEN;
  mark.append(words);
  item.querySelector("a[data-id]")?.after(mark);
}

/** @param {import("./conversation_list.js").ConversationList} list @param {HTMLElement} item @returns {boolean} is there a place? */
function placeFirst(list, item) {
  const heading = list.find(item.hasAttribute("data-pinned") ? PINNED : today());
  if (heading) list.place(item, heading);
  return heading !== null;
}

/** The key of the heading of what is of today, where the reader is. */
function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((number) => String(number).padStart(2, "0")).join("-");
}
