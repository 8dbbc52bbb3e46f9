import { gettext } from "../lib/i18n.js";
import { pageAddress } from "../ui/page_address.js";

const ASKED = "print";
const IN_PART = gettext("Only the messages on this page were printed.");

/**
 * A page of a long conversation has a part of it. It prints that, and then offers a page that begins with the first
 * message and prints itself. To be called once for a page that was asked to print itself, and after each print.
 *
 * @param {HTMLElement} thread
 * @param {(advice: import("../ui/failure_advice.js").Advice) => void} offer
 */
export function offerWholePrint(thread, offer) {
  if (new URLSearchParams(location.search).has(ASKED)) return printOnce();
  // What is further down than a page may have is a link away; another page from the beginning would not have it.
  if (!thread.querySelector(":scope > .earlier")) return;
  offer({ sentence: IN_PART, link: { text: gettext("Print all of it"), href: `${location.pathname}?${ASKED}` } });
}

function printOnce() {
  history.replaceState(null, "", pageAddress());
  if (document.readyState === "complete") print();
  else addEventListener("load", () => print(), { once: true });
}
