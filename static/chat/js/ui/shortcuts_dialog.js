const KEY = "chatsite.shortcut-key";
const OFF = "off";

/** The sheet of keyboard shortcuts: opened by its button and by `?`. The browser closes it. */
export class ShortcutsDialog {
  #sheet;
  #switch;

  /** @param {HTMLDialogElement} sheet */
  constructor(sheet) {
    this.#sheet = sheet;
    this.#switch = /** @type {HTMLInputElement} */ (sheet.querySelector("input"));
    this.#take();
  }

  open() {
    if (!this.#sheet.open) this.#sheet.showModal();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!this.#switch.checked || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTyping()) return;
    event.preventDefault();
    this.open();
  }

  /** A key alone may be pressed unmeant, as by who speaks to the computer (WCAG 2.1.4): it can be turned off. */
  #take() {
    this.#mark(!isOff());
    /** @type {HTMLElement} */ (this.#switch.closest("label")).hidden = false;
    this.#switch.addEventListener("change", () => {
      keep(this.#switch.checked);
      this.#mark(this.#switch.checked);
    });
  }

  /** It is kept: nothing that a reload would take away. @param {boolean} isOn */
  #mark(isOn) {
    this.#switch.checked = this.#switch.defaultChecked = isOn;
  }

}

function isOff() {
  try {
    return localStorage.getItem(KEY) === OFF;
  } catch {
    return false;
  }
}

/** @param {boolean} isOn */
function keep(isOn) {
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, OFF);
  } catch {
    // The browser keeps nothing for this site: then it holds for this page.
  }
}

function isTyping() {
  const field = document.activeElement;
  return field instanceof HTMLElement && (field.isContentEditable || field.matches("input, textarea, select"));
}
