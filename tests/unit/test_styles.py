"""The style sheets keep to their tokens, and docs/design.md tells the contrasts that they have."""

import re
from collections.abc import Iterator

import pytest

from tests.support.site import ROOT

FOLDER = ROOT / "static/chat/css"
TOKENS = (FOLDER / "base/tokens.css").read_text()
# The admin's colours and sizes are Django's, and its `--accent` is another.
SHEETS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.css"))
OTHERS = [name for name in SHEETS if name not in ("base/tokens.css", "admin.css", "admin_usage.css")]
OURS = r"\.chat:not\(#_\)$|@(keyframes|property) -{0,2}chat-|:where\(\.chat\) \.katex "
ROOTS = {
    "base/tokens.css": r":where\(\.chat, \.chat-frame\)$|@property --chat-",
    "base/frame.css": r"\.chat-frame( |$)|:root$|@page$",
    "admin.css": r"\.chat:not\(#_\)$|\.app-chat$",
    "admin_usage.css": r"\.spending$",
}
COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
LIGHT = {name: light for name, light, _ in COLOUR.findall(TOKENS)}
DARK = {name: dark for name, _, dark in COLOUR.findall(TOKENS)}
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


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_leaks_into_the_page_around_the_chat(name: str) -> None:
    """Frame.css is of our own frame alone, admin.css of pages that are ours; animations and lengths have our name."""
    for selector in top_level(name):
        assert re.match(ROOTS.get(name, OURS), selector), selector


def test_light_and_dark_differ_in_colours_alone() -> None:
    """So that axe need not look for all else twice (tests/browser/axe.py)."""
    files = [file for folder in ("static/chat", "templates") for file in (ROOT / folder).rglob("*.*")]
    texts = [file.read_text() for file in files if file.suffix in (".css", ".js", ".html")]
    assert len(texts) > 200
    assert not [text for text in texts if "prefers-color-scheme" in text]
    assert {text for text in texts if "light-dark(" in text} == {TOKENS}
    for value in re.findall(r"light-dark\(.*", TOKENS):
        assert re.match(r"light-dark\((#[0-9a-f]{6}|rgb\([\d ./]+\)), (#[0-9a-f]{6}|rgb\([\d ./]+\))\);", value), value


PHYSICAL = re.compile(
    r"\b(?:margin|padding|border(?:-\w+)?)-(?:left|right)\b"
    r"|(?:float|clear|text-align): (?:left|right)"
    r"|^\s*(?:left|right):",
    re.M,
)
SHORTHAND = re.compile(r"\b(?:margin|padding|border-width|border-radius|inset): ([^;]+);")


@pytest.mark.parametrize("name", SHEETS)
def test_sides_are_those_of_the_writing(name: str) -> None:
    """Begin and end, not left and right: but for what is at an edge of the device."""
    assert sided((FOLDER / name).read_text()) == []


def test_a_side_would_be_found() -> None:
    sheet = "a { margin-left: 0; padding: 0 1px 0 calc(2 * (1px + 1px)); margin: 0 1px 0 1px; float: right }"
    assert sided(sheet) == ["margin-left", "float: right", "0 1px 0 calc(2 * (1px + 1px))"]


def sided(sheet: str) -> list[str]:
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    shorthands = [value for value in SHORTHAND.findall(rules) if "env(" not in value]
    return PHYSICAL.findall(rules) + [value for value in shorthands if len(set(_words(value)[1::2])) == 2]


def _words(value: str) -> list[str]:
    """Of a value with two sides or four; what stands in brackets is one."""
    words = re.findall(r"(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+", value)
    return words if len(words) == 4 else []


def test_a_leak_would_be_found() -> None:
    assert list(
        _rules(".chat:not(#_) { a { color: red } /* } */ } @media print { b { c: d } i {} } @page { e: f }")
    ) == [
        ".chat:not(#_)",
        "b",
        "i",
        "@page",
    ]


def test_the_contrasts_are_told() -> None:
    assert len(ROWS) > 10


@pytest.mark.parametrize(("ink", "ground", "light", "dark"), ROWS)
def test_a_contrast_is_as_told_and_enough(ink: str, ground: str, light: str, dark: str) -> None:
    enough = 3.0 if ink.startswith("line") else 4.5
    for told, colours in ((light, LIGHT), (dark, DARK)):
        ratio = contrast(colours[ink], colours[ground])
        assert f"{ratio:.1f}" == told
        assert ratio >= enough


def top_level(name: str) -> list[str]:
    """What the rules of a style sheet begin with, those within @media too, but not what stands within other rules."""
    return list(_rules((FOLDER / name).read_text()))


def _rules(text: str) -> Iterator[str]:
    depth, begin, media = 0, 0, 0
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for brace in re.finditer(r"[{}]", text):
        selector = text[begin : brace.start()].strip()
        if brace[0] == "}":
            depth, media = (depth - 1, media) if depth else (0, media - 1)
        elif depth == 0 and selector.startswith(("@media", "@supports")):
            media += 1
        else:
            if depth == 0:
                yield selector
            depth += 1
        begin = brace.end()
    assert depth == media == 0


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
