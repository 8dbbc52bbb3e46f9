import { ScrollAnchor } from "./scroll_anchor.js";

const KEY = "chatsite-place";

/**
 * Where the reader was, for a reload or a step back. The browser itself knows only how far down that was, which says
 * little when the page begins with another message.
 */
export class ScrollRestoration {
  /** @param {() => boolean} isAtEnd who is there needs none: the end moves */
  constructor(isAtEnd) {
    addEventListener("pagehide", () => this.#write(isAtEnd() ? null : { path: location.pathname, ...ScrollAnchor.current.toJSON() }));
  }

  /** The message's element id and its top, once; null if there is none for this page. @returns {{id: string, top: number} | null} */
  take() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
      sessionStorage.removeItem(KEY);
      return found?.path === location.pathname && found.id ? found : null;
    } catch {
      return null;
    }
  }

  /** @param {object | null} place */
  #write(place) {
    try {
      if (place) sessionStorage.setItem(KEY, JSON.stringify(place));
      else sessionStorage.removeItem(KEY);
    } catch {
      // The browser keeps nothing for this site: then it is only how far down.
    }
  }
}
