/** The sheet of keyboard shortcuts: opened by its button and by `?`. The browser closes it. */
export class ShortcutsDialog {
  #sheet;

  /** @param {HTMLDialogElement} sheet @param {HTMLElement} button */
  constructor(sheet, button) {
    this.#sheet = sheet;
    button.addEventListener("click", () => this.#open());
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== "?" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTyping()) return;
    event.preventDefault();
    this.#open();
  }

  #open() {
    if (!this.#sheet.open) this.#sheet.showModal();
  }
}

function isTyping() {
  const field = document.activeElement;
  return field instanceof HTMLElement && (field.isContentEditable || field.matches("input, textarea, select"));
}
