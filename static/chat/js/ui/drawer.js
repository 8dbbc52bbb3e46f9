/**
 * The drawer with the conversations closes when the focus leaves it, for nobody types into what it covers, and when the
 * page becomes so wide that it is a column, as on a tablet that is turned.
 *
 * @param {HTMLElement} drawer
 * @param {HTMLElement | null} opener the button that opens it, where it is a drawer
 */
export function closeDrawer(drawer, opener) {
  drawer.addEventListener("focusout", ({ relatedTarget }) => {
    const isLeft = relatedTarget instanceof Node && !drawer.contains(relatedTarget);
    if (isLeft && drawer.matches(":popover-open")) drawer.hidePopover();
  });
  addEventListener("resize", () => {
    const isColumn = opener && getComputedStyle(opener).display === "none";
    if (!isColumn || !drawer.matches(":popover-open")) return;
    const focused = document.activeElement;
    drawer.hidePopover();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  });
}
