import { ALLOWED_ELEMENTS } from "../parse/allowed_elements.js";
import { CONTROLS, FORMULAS, texOf } from "./copied_formula.js";

const KEPT = new Set(["href", "start", "align", "colspan", "rowspan"]);
/** What is no element of its own in a word processor. */
const UNWRAPPED = new Set(["div", "span", "details", "summary"]);

/**
 * A part of a page as a word processor likes it: elements that carry meaning, and nothing else.
 * @param {DocumentFragment} selected @returns {string}
 */
export function cleanHtml(selected) {
  const root = document.createElement("div");
  root.append(selected.cloneNode(true));
  for (const mark of root.querySelectorAll("[data-footnote-mark]")) mark.replaceChildren(mark.getAttribute("data-footnote-mark") ?? "");
  for (const mark of root.querySelectorAll("button.citation")) mark.replaceWith(mark.textContent ?? "");
  for (const control of root.querySelectorAll(CONTROLS)) control.remove();
  for (const formula of root.querySelectorAll(FORMULAS)) formula.replaceWith(texOf(formula));
  for (const box of root.querySelectorAll("input")) box.replaceWith(box.hasAttribute("checked") ? "☑" : "☐");
  for (const pre of root.querySelectorAll("pre")) pre.replaceChildren(pre.textContent ?? "");
  for (const element of root.querySelectorAll("*")) clean(element);
  return root.innerHTML;
}

/** @param {Element} element */
function clean(element) {
  for (const { name } of [...element.attributes]) if (!KEPT.has(name)) element.removeAttribute(name);
  const name = element.nodeName.toLowerCase();
  if (UNWRAPPED.has(name) || !ALLOWED_ELEMENTS.has(name)) element.replaceWith(...element.childNodes);
}
