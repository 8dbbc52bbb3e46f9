import { copy } from "./tool_call.js";

const WEB = /^https?:\/\/([^/?#\\\x00-\x20\x7f]+)[^\\\x00-\x20\x7f]*$/i;
const OWN = /^\/(?![/\\])[^\\\x00-\x20\x7f]*$/;

/**
 * What an answer rests on, by number, as _sources.html has it.
 *
 * @typedef {import("../lib/tool_parts.js").Source} Source
 */
export class SourceList {
  #message;

  /** @param {Element} message its element */
  constructor(message) {
    this.#message = message;
  }

  /** @param {Source} source */
  add(source) {
    const element = this.#element ?? this.#begin();
    element.querySelector(".sources__list")?.append(itemOf(source));
  }

  /** As text, with the numbers by which the answer names them. @returns {string[]} */
  get lines() {
    return [...(this.#element?.querySelectorAll(".source") ?? [])].map((item) => {
      const link = item.querySelector("a");
      const where = link ? link.href : item.querySelector(".source__where")?.textContent;
      return [`[${item.getAttribute("value")}]`, item.querySelector(".source__title")?.textContent, where].filter(Boolean).join(" ");
    });
  }

  clear() {
    this.#element?.remove();
  }

  /** @returns {HTMLElement | null} */
  get #element() {
    return this.#message.querySelector(":scope > .message__sources");
  }

  #begin() {
    const element = copy("tool-sources");
    element.querySelector(".sources__list")?.replaceChildren();
    this.#message.querySelector(":scope > .message__ending")?.before(element);
    return element;
  }
}

/** @param {Source} source */
function itemOf({ number, title, url, object }) {
  const item = copy("tool-source");
  item.setAttribute("value", String(number));
  const address = WEB.test(url) || OWN.test(url) ? url : "";
  const named = titled(item, address, title || address);
  const where = object || (WEB.exec(url)?.[1] ?? "");
  const place = /** @type {HTMLElement} */ (item.querySelector(".source__where"));
  place.textContent = where;
  if (where) return item;
  place.remove();
  item.replaceChildren(named);
  return item;
}

/** @param {HTMLElement} item @param {string} address @param {string} title */
function titled(item, address, title) {
  const link = /** @type {HTMLAnchorElement} */ (item.querySelector(".source__title"));
  link.textContent = title;
  link.setAttribute("href", address);
  if (address) return link;
  const text = Object.assign(document.createElement("span"), { className: "source__title", dir: "auto", textContent: title });
  link.replaceWith(text);
  return text;
}
