import { gettext, interpolate } from "../../lib/i18n.js";

const FOOTNOTE = gettext("Footnote %(label)s");

/** @param {Element} note what is to be one */
export function decorateFootnote(note) {
  const label = Object.assign(document.createElement("span"), { className: "footnote__label", textContent: note.getAttribute("data-footnote") });
  const text = Object.assign(document.createElement("div"), { className: "footnote__text" });
  text.append(...note.childNodes);
  note.className = "footnote";
  note.replaceChildren(label, text);
}

/** @param {Element} mark */
export function decorateFootnoteMark(mark) {
  const label = mark.getAttribute("data-footnote-mark") ?? "";
  const button = Object.assign(document.createElement("button"), { className: "footnote__mark", type: "button", textContent: label });
  button.setAttribute("aria-label", interpolate(FOOTNOTE, { label }));
  mark.replaceChildren(button);
}

/** Marks lead to their footnotes: those of all of the page, now and later. */
export function listenForFootnotes() {
  document.addEventListener("click", ({ target }) => {
    const mark = target instanceof Element ? target.closest(".footnote__mark")?.parentElement : null;
    const label = mark?.getAttribute("data-footnote-mark") ?? "";
    const note = mark?.closest(".markdown")?.querySelector(`[data-footnote="${CSS.escape(label)}"]`);
    if (note instanceof HTMLElement) reveal(note);
  });
}

/** @param {HTMLElement} note */
function reveal(note) {
  note.tabIndex = -1;
  note.focus();
}
