/**
 * What helps: a link below a sentence that says what went wrong.
 *
 * @typedef {{text: string, href: string}} Remedy
 *
 * @param {Remedy} [remedy]
 * @returns {(string | Node)[]} what to put behind the sentence
 */
export function linkTo(remedy) {
  if (!remedy) return [];
  return [" ", Object.assign(document.createElement("a"), { textContent: remedy.text, href: remedy.href })];
}
