import { gettext, interpolate } from "../../lib/i18n.js";

const MARK = /\[(\d{1,4})\]/;
const SOURCE = gettext("Source [%(number)s]: %(title)s");
/** What says itself what it is, or is no text of the model's. */
const APART = "a, button, code, pre, .maths, .flood, [data-footnote-mark]";

/**
 * What an answer rests on, by number, as the page lists it below the answer.
 *
 * @typedef {{title: string, where: string, address: string}} CitedSource an address is of the web or of the site; or empty
 * @typedef {Map<string, CitedSource>} CitedSources
 */

/** Those of the message that a text is of; there are none of most. @param {Element} text @returns {CitedSources | null} */
export function sourcesOf(text) {
  const list = text.parentElement?.querySelector(":scope > .message__sources");
  if (!list) return null;
  /** @type {CitedSources} */
  const sources = new Map();
  for (const item of list.querySelectorAll(".source")) {
    const number = item.getAttribute("value") ?? "";
    const link = item.querySelector(".source__title");
    const [title, where] = [link?.textContent ?? "", item.querySelector(".source__where")?.textContent ?? ""];
    if (!sources.has(number)) sources.set(number, { title, where, address: link?.getAttribute("href") ?? "" });
  }
  return sources;
}

/** `[1]` in what a model wrote leads to its source, where there is one of that number. @param {Node} root @param {CitedSources | null} sources */
export function cite(root, sources) {
  if (!sources || !MARK.test(root.textContent ?? "")) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (MARK.test(node.textContent ?? "") && !node.parentElement?.closest(APART)) texts.push(/** @type {Text} */ (node));
  }
  for (const text of texts) text.replaceWith(...pieces(text.data, sources));
}

/** @param {string} text @param {CitedSources} sources */
function pieces(text, sources) {
  return text.split(/(\[\d{1,4}\])/).filter(Boolean).map((piece) => {
    const number = String(Number(MARK.exec(piece)?.[1]));
    const source = sources.get(number);
    return source && piece === `[${number}]` ? citation(number, source) : piece;
  });
}

/** Who presses one that leads nowhere is shown the list (tools/source_preview.js). @param {string} number @param {CitedSource} source */
function citation(number, { title, where, address }) {
  const mark = document.createElement(address ? "a" : "button");
  mark.className = "citation";
  mark.textContent = `[${number}]`;
  mark.dataset["source"] = number;
  mark.setAttribute("aria-label", interpolate(SOURCE, { number, title: [title, where].filter(Boolean).join(", ") }));
  if (address) set(mark, { href: address, target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer" });
  else set(mark, { type: "button" });
  return mark;
}

/** @param {Element} element @param {Record<string, string>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
