"""What the system checks say of the browser's libraries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from chat.assets.checks import check_libraries
from chat.assets.library_files import MODULES

forget_finders = finders.get_finder.cache_clear  # type: ignore[attr-defined]


@pytest.fixture
def node_modules(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Where npm has brought all of them."""
    for name in MODULES.values():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("// nothing")
    settings.NODE_MODULES = tmp_path
    forget_finders()
    yield tmp_path
    forget_finders()


def test_nothing_is_missing(node_modules: Path) -> None:
    assert check_libraries(None) == []


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (["marked/lib/marked.esm.js"], "(marked)"),
        (
            ["katex/dist/katex.min.css", "@highlightjs/cdn-assets/es/highlight.min.js"],
            "(@highlightjs/cdn-assets, katex)",
        ),
        (MODULES.values(), "(@highlightjs/cdn-assets, dompurify, katex, marked, remend)"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_brings_it(
    node_modules: Path, missing: list[str], named: str
) -> None:
    for name in missing:
        (node_modules / name).unlink()
    (found,) = check_libraries(None)
    assert found.id == "chat.W009"
    assert named in found.msg
    assert "npm ci --omit=dev" in found.hint


def test_a_project_that_has_the_wheel_is_told_to_build_it_anew(node_modules: Path, settings: Any) -> None:
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
    settings.STATICFILES_DIRS = []
    forget_finders()
    (found,) = check_libraries(None)
    assert "Where the wheel of chatsite is built: npm ci" in found.hint
    assert "Beside manage.py" not in found.hint
