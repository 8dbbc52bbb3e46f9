/**
 * The browser asks whether the page may go, as long as that would lose something.
 *
 * @param {() => boolean} isLosing
 * @param {AbortSignal} [signal] nothing is to be lost any more
 */
export function askBeforeLeaving(isLosing, signal) {
  const ask = (/** @type {Event} */ event) => isLosing() && event.preventDefault();
  addEventListener("beforeunload", ask, signal ? { signal } : {});
}
