import { cleanHtml } from "./clean_html.js";
import { markdownOf } from "./markdown_of.js";

const FIELDS = 'input, textarea, [contenteditable=""], [contenteditable="true"]';
/** What a part of it means nothing without. */
const AROUND = "ul, ol, table, thead, tbody, tr";

/** What is copied out of answers is their Markdown as plain text, and clean HTML: on all of the page, now and later. */
export function listenForCopies() {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData || isField(event.target)) return;
    const ranges = Array.from({ length: selection.rangeCount }, (_, at) => selection.getRangeAt(at));
    if (!ranges.some(touchesAnswer)) return;
    const parts = ranges.map(contentsOf);
    event.clipboardData.setData("text/plain", parts.map(markdownOf).join("\n"));
    event.clipboardData.setData("text/html", parts.map(cleanHtml).join("\n"));
    event.preventDefault();
  });
}

/** @param {EventTarget | null} target */
function isField(target) {
  return target instanceof Element && target.closest(FIELDS) !== null;
}

/** @param {Range} range */
function touchesAnswer(range) {
  const element = elementOf(range.commonAncestorContainer);
  if (element?.closest(".markdown")) return true;
  return [...(element?.querySelectorAll(".markdown") ?? [])].some((answer) => range.intersectsNode(answer));
}

/** A copy of what is selected: formulas as a whole, items and rows in their list and table. @param {Range} selected @returns {DocumentFragment} */
function contentsOf(selected) {
  const range = selected.cloneRange();
  const [first, last] = [range.startContainer, range.endContainer].map((node) => elementOf(node)?.closest(".maths"));
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const code = elementOf(range.commonAncestorContainer)?.closest("pre");
  return code ? verbatim(range) : wrapped(range);
}

/** A part of a block of code is its text. @param {Range} range */
function verbatim(range) {
  const fragment = document.createDocumentFragment();
  const text = Object.assign(document.createElement("pre"), { textContent: range.toString(), className: "selected" });
  fragment.append(text);
  return fragment;
}

/** @param {Range} range */
function wrapped(range) {
  const fragment = range.cloneContents();
  let around = elementOf(range.commonAncestorContainer);
  for (; around?.matches(AROUND); around = around.parentElement) {
    const shell = /** @type {Element} */ (around.cloneNode(false));
    if (around instanceof HTMLOListElement) shell.setAttribute("start", String(around.start + indexIn(around, range)));
    shell.append(...fragment.childNodes);
    fragment.append(shell);
  }
  return fragment;
}

/** @param {Element} list @param {Range} range */
function indexIn(list, range) {
  return Math.max(0, [...list.children].findIndex((item) => range.intersectsNode(item)));
}

/** @param {Node | null} node @returns {Element | null} */
function elementOf(node) {
  return node instanceof Element ? node : (node?.parentElement ?? null);
}
