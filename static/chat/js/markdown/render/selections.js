/** Whoever copies has selected before: what makes Markdown of a selection is loaded with the first one. */
export function listenForSelections() {
  const load = () => {
    if (getSelection()?.isCollapsed ?? true) return;
    document.removeEventListener("selectionchange", load);
    import("./copied_selection.js").then(
      ({ listenForCopies }) => listenForCopies(),
      () => document.addEventListener("selectionchange", load),
    );
  };
  document.addEventListener("selectionchange", load);
}
