/** Scrolls a menu that has opened onto the screen; what finds no room there, as at the top of the page, scrolls in it. @param {HTMLElement} list of its items */
export function fitMenu(list) {
  list.style.maxHeight = "";
  list.scrollIntoView({ block: "nearest" });
  const { top, height } = list.getBoundingClientRect();
  const hidden = (document.querySelector(".chat .bar")?.getBoundingClientRect().bottom ?? 0) - top;
  if (hidden > 0) list.style.maxHeight = `${height - hidden}px`;
}
