"""The browser's libraries as static files: there with npm, and not needed without it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import RequestFactory

from chat.assets import libraries
from chat.assets.libraries import LibraryFinder
from chat.assets.library_files import MODULES
from tests.support.site import ROOT

PRODUCTION = """
from chatsite.settings import *
STATIC_ROOT = {root!r}
NODE_MODULES = {node_modules!r}
"""


forget_finders = finders.get_finder.cache_clear  # type: ignore[attr-defined]


@pytest.fixture
def node_modules(tmp_path: Path, settings: Any) -> Iterator[Path]:
    for name in ("marked/lib/marked.esm.js", "remend/dist/index.js", "katex/dist/fonts/KaTeX_Main.woff2", "evil/x.js"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text("// nothing")
    settings.NODE_MODULES = tmp_path
    forget_finders()
    yield tmp_path
    forget_finders()


def test_only_what_a_browser_asks_for_is_a_static_file(node_modules: Path) -> None:
    names = sorted(name for name, _ in LibraryFinder().list([]))
    assert names == ["katex/dist/fonts/KaTeX_Main.woff2", "marked/lib/marked.esm.js", "remend/dist/index.js"]


@pytest.mark.parametrize(
    "path", ["libraries/evil/x.js", "libraries/../x.js", "marked/lib/marked.esm.js", "libraries/"]
)
def test_nothing_else_is_found(node_modules: Path, path: str) -> None:
    assert LibraryFinder().find(path) == []
    assert LibraryFinder().find("libraries/marked/lib/marked.esm.js") == str(node_modules / "marked/lib/marked.esm.js")


def test_the_import_map_names_what_is_installed(node_modules: Path) -> None:
    assert libraries.addresses() == {
        "marked": "/static/libraries/marked/lib/marked.esm.js",
        "remend": "/static/libraries/remend/dist/index.js",
    }


def test_a_page_without_libraries_has_no_import_map_and_no_nonce(
    settings: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings.NODE_MODULES = tmp_path / "missing"  # type: ignore[attr-defined]
    forget_finders()
    request = RequestFactory().get("/")
    request.csp_nonce = "the-nonce"  # type: ignore[attr-defined]
    page = Template("{% load chat_libraries %}{% browser_libraries %}").render(Context({"request": request}))
    forget_finders()
    assert page.strip() == ""


def test_the_import_map_is_allowed_by_its_nonce(node_modules: Path) -> None:
    request = RequestFactory().get("/")
    request.csp_nonce = "the-nonce"  # type: ignore[attr-defined]
    page = Template("{% load chat_libraries %}{% browser_libraries %}").render(Context({"request": request}))
    script = page.split('<script type="importmap" nonce="the-nonce">')[1].split("</script>")[0]
    assert json.loads(script)["imports"] == libraries.addresses()
    assert page.count('rel="modulepreload"') == 2


def test_collected_static_files_have_what_npm_brought(static_files: Path) -> None:
    if not (ROOT / "node_modules/marked").exists():
        pytest.skip("the browser libraries are not installed")
    assert names_in(static_files) == set(MODULES.values())


def test_collecting_static_files_needs_no_npm(tmp_path: Path) -> None:
    (tmp_path / "collected_settings.py").write_text(
        PRODUCTION.format(root=str(tmp_path / "static"), node_modules=str(tmp_path / "missing"))
    )
    environment = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "collected_settings",
        "SECRET_KEY": "x" * 60,
        "DEBUG": "off",  # whatever a developer's .env says
    }
    command = [sys.executable, "-W", "error", "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    assert names_in(tmp_path / "static") == set()


def names_in(folder: Path) -> set[str]:
    """The libraries' modules that there are in static files, which are right in all else."""
    hashed = json.loads((folder / "staticfiles.json").read_text())["paths"]
    module = (folder / hashed["chat/js/markdown/markdown.js"]).read_text()
    assert 'import("marked")' in module
    assert f'"./{Path(hashed["chat/js/markdown/markdown_view.js"]).relative_to("chat/js/markdown")}"' in module
    assert "Renders the Markdown of a page." not in module
    return {file for file in MODULES.values() if f"libraries/{file}" in hashed}
