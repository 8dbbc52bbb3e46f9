"""What becomes of our modules when static files are collected."""

import re

import pytest

from chat.assets.js_modules import imported_first
from chat.assets.storage import COMMENT
from tests.support.site import ROOT

MODULES = sorted((ROOT / "static/chat/js").rglob("*.js"))


def without_documentation(module: str) -> str:
    return re.sub(COMMENT, "", module, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    "comment",
    [
        "/** One line. */\n",
        "  /** In a class. @param {string} text */\n",
        "/**\n * Several lines.\n *\n * @typedef {import('./a.js').A} A\n */\n",
        "  /** Its end has space behind it. */ \n",
    ],
)
def test_documentation_is_left_out(comment: str) -> None:
    assert without_documentation(f"const a = 1;\n{comment}const b = 2;\n") == "const a = 1;\nconst b = 2;\n"


@pytest.mark.parametrize(
    "code",
    [
        "  /** @type {HTMLElement} */ (element).hidden = true;\n",
        "/** @type {HTMLElement} */ (a).b = /** @type {HTMLElement} */ (c);\n",
        "/** @type {A} */ (a).b();\nf(/** @type {B} */\n  c);\n",
        "const a = 1; /** Behind code. */\n",
        'const url = "https://example.org/**";\n',
        "// Why, not what.\n",
        "/* Not documentation. */\n",
    ],
)
def test_all_else_stays(code: str) -> None:
    assert without_documentation(code) == code


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(ROOT / "static/chat/js").as_posix())
def test_no_line_of_code_goes_with_it(module: str) -> None:
    """What goes of our modules begins as a comment does, or goes on as one."""
    source = module.read_text()  # type: ignore[attr-defined]
    gone = [line.strip() for comment in re.finditer(COMMENT, source) for line in comment[0].splitlines()]
    assert all(line.startswith(("/**", "*")) for line in gone)


def test_what_is_imported_comes_first() -> None:
    sources = {
        "a/page.js": 'import { b } from "./b.js";\nimport { c } from "../c.js";\n',
        "a/b.js": 'export { c } from "../c.js";\n',
        "c.js": 'import { marked } from "marked";\n',
    }
    assert imported_first(sources) == ["c.js", "a/b.js", "a/page.js"]
    sources["c.js"] = 'import "./a/page.js";\n'
    assert imported_first(sources) == list(sources), "whatever goes round in circles is collected all the same"
