/** The drawer with the conversations closes when the focus leaves it: nobody types into what it covers. @param {HTMLElement} drawer */
export function closeOnLeaving(drawer) {
  drawer.addEventListener("focusout", ({ relatedTarget }) => {
    const isLeft = relatedTarget instanceof Node && !drawer.contains(relatedTarget);
    if (isLeft && drawer.matches(":popover-open")) drawer.hidePopover();
  });
}
