"""What `pip install` brings into somebody else's project."""

import subprocess
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from chat.assets.library_files import FILES, LICENCES
from tests.support.site import ROOT

HAS_LIBRARIES = (ROOT / "node_modules/marked").exists()


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_has_every_module_of_the_app(names: set[str]) -> None:
    modules = {file.relative_to(ROOT).as_posix() for file in (ROOT / "chat").rglob("*.py")}
    assert modules == {name for name in names if name.endswith(".py")}
    assert "chat/migrations/0001_initial.py" in names
    assert "chat/py.typed" in names


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("templates/chat", "chat/templates/chat"),
        ("templates/admin/chat", "chat/templates/admin/chat"),
        ("static/chat", "chat/static/chat"),
        ("locale", "chat/locale"),
    ],
)
def test_has_what_stands_at_the_top_of_the_checkout(names: set[str], folder: str, place: str) -> None:
    files = [file for file in (ROOT / folder).rglob("*") if file.is_file() and not file.name.startswith(".")]
    assert files
    assert {f"{place}/{file.relative_to(ROOT / folder).as_posix()}" for file in files} == {
        name for name in names if name.startswith(f"{place}/")
    }


@pytest.mark.skipif(not HAS_LIBRARIES, reason="the browser libraries are not installed")
def test_has_the_browsers_libraries_and_their_licences(names: set[str]) -> None:
    node_modules = ROOT / "node_modules"
    for pattern in (*FILES, *LICENCES):
        files = list(node_modules.glob(pattern))
        assert files, pattern
        assert {f"chat/static/libraries/{file.relative_to(node_modules).as_posix()}" for file in files} <= names


def test_has_nothing_else(names: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in names} == {"chat", "chatsite"}
    assert not [name for name in names if name.startswith("chatsite/")]  # only its .dist-info
    assert not [name for name in names if "__pycache__" in name or "/." in name]


def test_asks_for_little(metadata: Message) -> None:
    requirements = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {line.split("<")[0].split(">")[0].split("[")[0] for line in requirements} == {
        "cachetools",
        "chardet",
        "django",
        "markdown-it-py",
        "openai",
        "pillow",
        "pydantic",
        "pypdf",
    }
    assert "django<7,>=5.2" in requirements


class Hook:
    """The build hook on a checkout of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("templates/chat/base.html", "static/chat/icon.svg", "chat/assets/library_files.py"):
            (root / name).parent.mkdir(parents=True)
            (root / name).write_bytes((ROOT / "chat/assets/library_files.py").read_bytes())

    def adds(self, version: str) -> set[str]:
        hatch_build = pytest.importorskip("hatch_build", reason="hatchling is not installed", exc_type=ImportError)
        data: dict[str, Any] = {"force_include": {}}
        hatch_build.AppFiles(str(self.root), {}, None, None, "", "wheel").initialize(version, data)
        return set(data["force_include"].values())


def test_is_built_without_npm_too(tmp_path: Path) -> None:
    assert Hook(tmp_path).adds("standard") == {"chat/templates/chat/base.html", "chat/static/chat/icon.svg"}


def test_an_editable_install_gets_nothing_added(tmp_path: Path) -> None:
    assert Hook(tmp_path).adds("editable") == set()


def test_is_imported_from_where_it_was_installed(python: Path, tmp_path: Path) -> None:
    command = [str(python), "-c", "import chat; print(chat.__file__)"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60)
    assert Path(done.stdout).is_relative_to(python.parent.parent)
