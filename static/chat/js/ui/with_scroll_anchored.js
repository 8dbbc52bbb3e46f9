import { ScrollAnchor } from "./scroll_anchor.js";

/**
 * Changes the page, and leaves what is being read where it is. Browsers do so by themselves, but not at the very top
 * of a page, and Safari not at all.
 *
 * @param {() => void} change
 */
export function withScrollAnchored(change) {
  const anchor = ScrollAnchor.current;
  change();
  anchor.restore();
}
