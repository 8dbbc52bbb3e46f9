/**
 * What is said of a failure: a sentence that says what went wrong, and behind it a link that helps.
 *
 * @typedef {{text: string, href: string}} AdviceLink
 * @typedef {{sentence: string, link?: AdviceLink | undefined}} Advice
 *
 * @param {string} sentence
 * @param {AdviceLink} [link]
 * @returns {[string, ...(string | Node)[]]} what to show
 */
export function failureAdvice(sentence, link) {
  if (!link) return [sentence];
  return [sentence, " ", Object.assign(document.createElement("a"), { textContent: link.text, href: link.href })];
}
