/** What of a page is no part of what it says. */
export const CONTROLS = "button, form, figcaption, template, script, style, svg, nav, dialog, .round, [hidden], .visually-hidden";
export const FORMULAS = ".maths, code[data-maths]";

/** A formula as it was written, with its dollars. @param {Element} formula */
export function texOf(formula) {
  const tex = (formula.querySelector("annotation") ?? formula).textContent?.trim() ?? "";
  return isDisplay(formula) ? `$$${tex}$$` : `$${tex}$`;
}

/** @param {Element} formula */
function isDisplay(formula) {
  return formula.matches('.maths--display, [data-maths="display"]');
}
