/** Scrolls so far that nothing of what has opened lies beneath the composer, and its beginning not beneath the bar. @param {Element} opened */
export function scrollToReveal(opened) {
  const { top, bottom } = opened.getBoundingClientRect();
  const begin = document.querySelector(".chat .bar")?.getBoundingClientRect().bottom ?? 0;
  const end = document.querySelector(".chat .dock")?.getBoundingClientRect().top ?? innerHeight;
  const way = Math.min(bottom - end, top - begin);
  if (way > 0) scrollBy(0, way);
}
