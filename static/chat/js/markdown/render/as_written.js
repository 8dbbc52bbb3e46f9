import { gettext } from "../../lib/i18n.js";

const NOTICE = gettext("Shown as it was written: this part is too long or too complex to be laid out.");

/**
 * Says of an element that it shows its text as it was written. The sentence is its name, which the style sheet puts
 * above it: so it is no part of what is selected and copied.
 * @param {Element} element
 */
export function markAsWritten(element) {
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", NOTICE);
}

/**
 * A unit as it was written, in what it would have been: an item, a cell of a table.
 * @param {Pick<import("../parse/split_units.js").Unit, "source" | "place">} unit
 */
export function asWritten({ source, place }) {
  const fragment = document.createDocumentFragment();
  const paragraph = Object.assign(document.createElement("p"), { className: "flood", textContent: source });
  markAsWritten(paragraph);
  if (place === "item") fragment.append(nested(["ul", "li"], paragraph));
  else if (place === "row") fragment.append(nested(["table", "tbody", "tr", "td"], paragraph));
  else if (place === "head") fragment.append(nested(["div", "table", "thead", "tr", "th"], paragraph));
  else fragment.append(paragraph);
  for (const cell of fragment.querySelectorAll("td, th")) cell.setAttribute("colspan", "100");
  fragment.firstElementChild?.classList.toggle("table", place === "head");
  return fragment;
}

/** @param {string[]} names from the outermost @param {Element} element */
function nested(names, element) {
  return names.reduceRight((inner, name) => {
    const outer = document.createElement(name);
    outer.append(inner);
    return outer;
  }, element);
}
