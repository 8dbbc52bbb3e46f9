/**
 * Words in the reader's language: Django's JavaScript catalogue, which the page loads before its modules. Without it
 * (in Node.js, say) they stay English. `makemessages` finds the strings by these functions' names.
 *
 * @typedef {{gettext?: (text: string) => string, ngettext?: (one: string, many: string, count: number) => string}} Catalogue
 */
const catalogue = /** @type {Catalogue} */ (/** @type {unknown} */ (globalThis));

/** @param {string} text @returns {string} */
export function gettext(text) {
  return catalogue.gettext?.(text) ?? text;
}

/** @param {string} one @param {string} many @param {number} count @returns {string} with the place for the count still in it */
export function ngettext(one, many, count) {
  return catalogue.ngettext?.(one, many, count) ?? (count === 1 ? one : many);
}

/**
 * A sentence with its values. Its places have names, so that a translation may have them in another order.
 * @param {string} format with `%(name)s` for each value
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function interpolate(format, values) {
  return format.replace(/%\((\w+)\)s/g, (place, name) => String(values[name] ?? place));
}
