import { directionOfLetters } from "../../lib/text_direction.js";

const OWN_DIRECTION = "p, h1, h2, h3, h4, h5, h6, li, blockquote, table, summary";
const LISTS = "ul, ol";
/** What an item or a quotation begins with says its direction too, and says nothing to it if it has one of its own. */
const LEADS = "li > p:first-child, blockquote > p:first-child";
/** What browsers leave out, too, where they look for a direction, since it has one of its own. */
const SAYS_NOTHING = 'pre, [dir="ltr"]';

/**
 * Gives each block the direction of its own words. Code, formulas and addresses have theirs, and do not decide: what has
 * no other words goes the way of what it is in, a list that of its first item with words.
 * @param {ParentNode} root
 */
export function directBlocks(root) {
  for (const code of root.querySelectorAll(":not(pre) > code")) code.setAttribute("dir", "ltr");
  for (const element of root.querySelectorAll(OWN_DIRECTION)) {
    if (!element.matches(LEADS) && directionOf(element)) element.setAttribute("dir", "auto");
  }
  for (const list of root.querySelectorAll(LISTS)) setDirection(list, directionOf(list));
}

/** The direction of its first letter outside of code. @param {Node} node @returns {"ltr" | "rtl" | ""} */
export function directionOf(node) {
  if (node instanceof Text) return directionOfLetters(node.data);
  if (node instanceof Element && node.matches(SAYS_NOTHING)) return "";
  for (const child of node.childNodes) {
    const direction = directionOf(child);
    if (direction) return direction;
  }
  return "";
}

/** @param {Element} element @param {"ltr" | "rtl" | ""} direction */
export function setDirection(element, direction) {
  if (!direction) element.removeAttribute("dir");
  else if (element.getAttribute("dir") !== direction) element.setAttribute("dir", direction);
}
