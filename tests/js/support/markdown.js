/** Markdown rendered in a document: at once, and as it arrives in pieces. */
import { window } from "./dom.js";

const { Markdown } = await import("../../../static/chat/js/markdown/markdown.js");

export const markdown = await Markdown.load();

/** @returns a view in the page, and its element */
export function open() {
  const element = document.body.appendChild(document.createElement("div"));
  return { element, view: markdown.view(element) };
}

/** The element that shows the whole text, its colours and formulas included. */
export async function whole(text) {
  const { element, view } = open();
  view.set(text);
  await view.ready;
  element.remove();
  return element;
}

/** The same, by pieces: one length for all, or a function that says the next one's. */
export async function streamed(text, length, watch = () => {}) {
  const { element, view } = open();
  for (let at = 0; at < text.length; ) {
    const end = at + (typeof length === "function" ? length() : length);
    view.append(text.slice(at, end));
    watch(element, text.slice(0, end));
    at = end;
  }
  view.finish();
  await view.ready;
  element.remove();
  return element;
}

export { window };
