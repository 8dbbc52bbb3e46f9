"""axe-core, which npm brings: what on a page some people could not see, hear, reach or understand."""

from collections.abc import Sequence
from typing import Any, Literal

from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import PHONE, WIDE
from tests.support.site import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
Look = tuple[Literal["light", "dark"], ViewportSize]
LOOKS: list[Look] = [
    ("light", WIDE),
    ("light", PHONE),
    ("dark", WIDE),
    ("dark", PHONE),
]
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""What may be found in the dark and not in the light: colours alone differ there (tests/unit/test_styles.py)."""
RUN = """async ([root, only]) => {
    // Colours on their way from one look to the other are in neither.
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.all(fades.map((fade) => fade.finished));
    const all = { rules: { "target-size": { enabled: true } } };
    const which = only.length ? { runOnly: { type: "rule", values: only } } : all;
    const { violations } = await axe.run(root, { ...which, resultTypes: ["violations"] });
    return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => [
        `${impact} ${id} at ${node.target.join(" ")}`,
        node.failureSummary,
    ]));
}"""


def faults(page: Page, root: str = "html", only: Sequence[str] = ()) -> list[Any]:
    """What axe finds in the page as it is now: every impact, from minor to critical. By all rules, or only these."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())  # a script element would be against the page's policy
    return page.evaluate(RUN, [root, only])


# What follows from a new size, such as which regions scroll, is found after the frame that has it was laid out.
LAID_OUT = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


def faults_in_all_looks(page: Page, root: str = "html") -> dict[str, list[Any]]:
    """Light and dark, wide and on a phone: where something is wrong, what."""
    found = {}
    for scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # So high that nothing lies half beneath the bar or the composer, where it would be too small a target.
        page.set_viewport_size({"width": size["width"], "height": 4_000})
        page.evaluate(LAID_OUT)
        found[f"{scheme}, {size['width']} px"] = faults(page, root, OF_COLOURS if scheme == "dark" else [])
    return {look: those for look, those in found.items() if those}
