/** Between a mark and what is said of it, in pixels. */
const GAP = 6;

/** What `[1]` in an answer stands for, beside the mark that the pointer or the focus is on: on all of the page. Esc hides it. */
export function listenForCitations() {
  const preview = Object.assign(document.createElement("div"), { className: "preview", id: "source-preview", popover: "manual" });
  preview.setAttribute("role", "tooltip");
  document.querySelector(".chat")?.append(preview);
  /** @type {Element | null} */
  let shown = null;

  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    if (preview.matches(":popover-open")) preview.hidePopover();
  };
  /** @param {Element} mark */
  const show = (mark) => {
    const source = sourceOf(mark);
    if (!source || mark === shown) return;
    hide();
    shown = mark;
    fill(preview, source);
    mark.setAttribute("aria-describedby", preview.id);
    preview.showPopover();
    place(preview, mark);
  };
  for (const event of ["focusin", "pointerover"]) {
    document.addEventListener(event, ({ target }) => {
      const mark = target instanceof Element ? target.closest(".citation") : null;
      if (mark) show(mark);
      // It stays while the pointer is on it, and while its mark has the focus.
      else if (event === "pointerover" && !shown?.matches(":focus-visible") && !(target instanceof Element && target.closest(".preview"))) hide();
    });
  }
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    event.stopPropagation();
    hide();
  }, { capture: true });
  document.addEventListener("click", ({ target }) => {
    const mark = target instanceof Element ? target.closest("button.citation") : null;
    if (mark) sourceOf(mark)?.focus();
  });
}

/** Its entry in the list below the answer. @param {Element} mark @returns {HTMLElement | null} */
function sourceOf(mark) {
  const number = /** @type {HTMLElement} */ (mark).dataset["source"] ?? "";
  return mark.closest(".message")?.querySelector(`.source[value="${CSS.escape(number)}"]`) ?? null;
}

/** @param {HTMLElement} preview @param {HTMLElement} source */
function fill(preview, source) {
  const where = source.querySelector(".source__where")?.textContent ?? "";
  const line = Object.assign(document.createElement("span"), { className: "preview__where", dir: "auto", textContent: where });
  preview.replaceChildren(source.querySelector(".source__title")?.textContent ?? "", ...(where ? [line] : []));
}

/** Above the mark, or below where there is no room; within the window. @param {HTMLElement} preview @param {Element} mark */
function place(preview, mark) {
  const [at, { width, height }] = [mark.getBoundingClientRect(), preview.getBoundingClientRect()];
  const left = Math.max(GAP, Math.min(at.left, innerWidth - width - GAP));
  const top = at.top - height - GAP > 0 ? at.top - height - GAP : at.bottom + GAP;
  Object.assign(preview.style, { left: `${left}px`, top: `${top}px` });
}
