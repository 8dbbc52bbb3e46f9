/** Is there anything on the page that a reload would take away: a comment, a title, settings? */
export function isBeingWritten() {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("textarea, input:not([type=hidden], [type=file])"));
  // What is being decided here may have been decided elsewhere.
  return [...fields].some((field) => isChanged(field) && !field.closest(".decision"));
}

/** Not where nobody can have written, as the boxes of a list of tasks in an answer. @param {HTMLInputElement} field */
function isChanged({ type, disabled, readOnly, checked, defaultChecked, value, defaultValue }) {
  if (disabled || readOnly) return false;
  return ["checkbox", "radio"].includes(type) ? checked !== defaultChecked : value !== defaultValue;
}
