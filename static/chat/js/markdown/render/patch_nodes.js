/** What is set where it overflows (see scrollable_regions.js). */
const OF_A_REGION = ["tabindex", "role", "aria-label"];

/**
 * Makes the nodes of a block into others, and leaves alone what is the same: so a selection, the place to which
 * long code is scrolled and an open `<details>` survive what is written below them.
 *
 * @param {ParentNode & Node} parent
 * @param {Node[]} old children of `parent`, one after another
 * @param {Node[]} fresh
 * @param {Node | null} before where they stand
 * @returns {Node[]} those that are now there
 */
export function patchNodes(parent, old, fresh, before) {
  const result = fresh.map((node, at) => {
    const there = old[at];
    if (there && isGrown(there, node)) return there;
    if (there) parent.replaceChild(node, there);
    else parent.insertBefore(node, before);
    return node;
  });
  for (const node of old.slice(fresh.length)) parent.removeChild(node);
  return result;
}

/** Is it now the same as the fresh one? @param {Node} old @param {Node} fresh */
function isGrown(old, fresh) {
  if (old.isEqualNode(fresh)) return true;
  if (old instanceof Text && fresh instanceof Text) {
    growText(old, fresh.data);
    return true;
  }
  if (!(old instanceof HTMLElement && fresh instanceof HTMLElement) || !isSameShell(old, fresh)) return false;
  patchNodes(old, [...old.childNodes], [...fresh.childNodes], null);
  return true;
}

/** @param {Text} text @param {string} data */
function growText(text, data) {
  if (data.startsWith(text.data)) text.appendData(data.slice(text.length));
  else text.data = data;
}

/** @param {Element} old @param {Element} fresh */
function isSameShell(old, fresh) {
  return bare(old).isEqualNode(bare(fresh));
}

/** Without its children, and without what its reader or its place on the screen have made of it. @param {Element} element */
function bare(element) {
  const shell = /** @type {Element} */ (element.cloneNode(false));
  if (shell.nodeName === "DETAILS") shell.removeAttribute("open");
  if (shell.hasAttribute("tabindex")) for (const name of OF_A_REGION) shell.removeAttribute(name);
  return shell;
}
