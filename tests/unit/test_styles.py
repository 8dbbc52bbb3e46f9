"""The style sheets keep to their tokens, and docs/design.md tells the contrasts that they have."""

import re

import pytest

from tests.support.site import ROOT

FOLDER = ROOT / "static/chat/css"
TOKENS = (FOLDER / "base/tokens.css").read_text()
# The admin's colours and sizes are Django's, and its `--accent` is another.
OTHERS = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*.css")
    if path.name not in ("tokens.css", "admin.css")
)
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
LIGHT = dict(COLOUR.findall(TOKENS.partition("@media")[0]))
DARK = LIGHT | dict(COLOUR.findall(TOKENS.split("@media")[1]))
ROWS = re.findall(
    r"^\| `([\w-]+)` on `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \|$", (ROOT / "docs/design.md").read_text(), re.M
)


@pytest.mark.parametrize("name", OTHERS)
def test_colours_and_pixels_are_tokens(name: str) -> None:
    rules = re.sub(r"/\*.*?\*/", "", (FOLDER / name).read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*;)|\b(?:rgb|hsl)a?\(|\b\d+px\b", rules) == []


@pytest.mark.parametrize("name", OTHERS)
def test_every_token_that_is_used_exists(name: str) -> None:
    rules = (FOLDER / name).read_text()
    known = set(re.findall(r"(--[\w-]+):", TOKENS + rules)) | set(re.findall(r"@property (--[\w-]+)", TOKENS))
    assert set(re.findall(r"var\((--[\w-]+)", rules)) <= known


def test_the_contrasts_are_told() -> None:
    assert len(ROWS) > 10


@pytest.mark.parametrize(("ink", "ground", "light", "dark"), ROWS)
def test_a_contrast_is_as_told_and_enough(ink: str, ground: str, light: str, dark: str) -> None:
    enough = 3.0 if ink.startswith("line") else 4.5
    for told, colours in ((light, LIGHT), (dark, DARK)):
        ratio = contrast(colours[ink], colours[ground])
        assert f"{ratio:.1f}" == told
        assert ratio >= enough


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
