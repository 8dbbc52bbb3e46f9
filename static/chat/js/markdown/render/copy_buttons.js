import { gettext } from "../../lib/i18n.js";

const COPIED = gettext("Copied");
const SHOWN_MS = 2_000;

/** The copy buttons of all code on the page, now and later. */
export function listenForCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".code__copy") : null;
    const code = button?.closest(".code")?.querySelector("code");
    if (button && code) void copy(code).then(() => confirm(button));
  });
}

/** @param {HTMLElement} code */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
  } catch {
    // Plain HTTP has no clipboard, or the user has refused it.
    getSelection()?.selectAllChildren(code);
    document.execCommand("copy");
  }
}

/** @param {Element} button */
function confirm(button) {
  if (button.textContent === COPIED) return;
  const words = button.textContent;
  button.textContent = COPIED;
  setTimeout(() => (button.textContent = words), SHOWN_MS);
}
