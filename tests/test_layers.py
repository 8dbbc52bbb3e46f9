"""The rooms: what `lint-imports` keeps (pyproject.toml) would be found, and what it cannot say is said here."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(file for file in (ROOT / "chat").rglob("*.py") if "migrations" not in file.parts)
WITHOUT_DATABASE = ["chat/core", "chat/providers", "chat/live/exchange", "chat/attachments/inspection"]


def imports(file: Path) -> set[str]:
    """The full names that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports are not used here"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(names: str) -> dict[str, set[str]]:
    """Which modules import what begins like this, and what that is."""
    found = {file.relative_to(ROOT).as_posix(): imports(file) for file in MODULES}
    return {path: those for path, all_ in found.items() if (those := {name for name in all_ if re.match(names, name)})}


def test_some_rooms_never_see_the_database() -> None:
    found = importers(r"django\.db\b|chat\.models\b")
    assert any(path.startswith("chat/conversations/") for path in found)
    assert {path: asks for path, asks in found.items() if path.startswith(tuple(WITHOUT_DATABASE))} == {}


def test_only_the_pages_for_staff_know_djangos_admin() -> None:
    """A project need not have it (tests/http/test_foreign_project.py)."""
    found = importers(r"django\.contrib\.admin")
    assert found
    assert {path: asks for path, asks in found.items() if not path.startswith("chat/admin/")} == {}


@pytest.mark.parametrize("room", WITHOUT_DATABASE)
def test_those_rooms_are_there(room: str) -> None:
    assert any(file.relative_to(ROOT).as_posix().startswith(room) for file in MODULES)


def test_every_room_says_what_it_is_for() -> None:
    for package in (ROOT / "chat").rglob("__init__.py"):
        name = package.parent.relative_to(ROOT).as_posix()
        if not name.endswith(("migrations", "management/commands")):
            assert ast.get_docstring(ast.parse(package.read_text())), f"{name}/__init__.py says nothing"


VIOLATIONS = {
    "A room imports only the rooms below it": [
        ("chat.models.message", "from chat.generation.engine import engine"),
        ("chat.generation.engine", "from chat.views.streams import event_stream"),
        ("chat.core.reply", "from chat.live.exchange import LiveReply"),
        ("chat.conversations.messages", "def f():\n    from chat.generation.titles import give_title"),
    ],
    "There are no circles": [("chat.models.generation", "from chat.models.message import Message")],
    "The app knows nothing of the site": [("chat.forms.body", "from chatsite.accounts import LogIn")],
    "What is pure knows no Django, nor what reads files of strangers": [
        ("chat.core.reply", "from django.utils import timezone"),
        ("chat.errors", "import django"),
        ("chat.attachments.inspection.texts", "import django"),
    ],
    "Packages that one room alone knows": [
        ("chat.generation.engine", "import openai"),
        ("chat.views.messages", "from httpx2 import AsyncClient"),
        ("chatsite.accounts", "import xllamacpp"),
    ],
    "Redis is a bus, and live alone knows it": [("chat.generation.titles", "import redis")],
    "Readers of files that one room alone knows": [("chat.attachments.uploads", "from PIL import Image")],
    "Documents and the arguments of tools alone are pydantic's": [("chat.import_export.database", "import pydantic")],
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `lint-imports` says of the project with all these violations in it."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("chat", "chatsite"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for module, source in (violation for violations in VIOLATIONS.values() for violation in violations):
        with (copy / module.replace(".", "/")).with_suffix(".py").open("a") as file:
            file.write(f"\n{source}\n")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode
    return done.stdout


@pytest.mark.parametrize(
    ("contract", "module", "imported"),
    [
        (contract, module, re.findall(r"(?:from|import) (\w+)", source)[0])
        for contract, violations in VIOLATIONS.items()
        for module, source in violations
    ],
)
def test_a_violation_is_found(report: str, contract: str, module: str, imported: str) -> None:
    said = report.partition("Broken contracts")[2].partition(f"\n{contract}\n")[2]
    assert f"{contract} BROKEN" in report
    if contract == "There are no circles":
        assert f"No cycles are allowed in {module.rpartition('.')[0]}." in said
    else:
        assert f"{module} -> {imported}" in said
