import { gettext, interpolate } from "../lib/i18n.js";

/**
 * What is said of a text that is longer than the site takes; empty if it is not.
 *
 * @param {string} text
 * @param {number} limit in characters; 0: there is none
 * @returns {string}
 */
export function lengthObjection(text, limit) {
  const count = limit ? Array.from(text).length : 0;
  if (count <= limit) return "";
  const format = new Intl.NumberFormat(document.documentElement.lang);
  const sentence = gettext("This message has %(count)s characters; %(limit)s are allowed. Shorten it.");
  return interpolate(sentence, { count: format.format(count), limit: format.format(limit) });
}
