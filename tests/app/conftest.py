"""Fixtures for tests of the app as others install it: the wheel, and an environment of its own that has it."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.shop import PASSWORD, Project, Shop
from tests.support.site import ROOT
from tests.support.upstream import ScriptedUpstream

UNREACHABLE = ("NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "NameResolutionError")
"""What pip says where it cannot fetch anything."""


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that the workers of a run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session")
def wheel(shared_folder: Path) -> Path:
    """The wheel of this checkout."""
    folder = shared_folder / "wheel"
    made_once(folder, lambda: build(folder))
    return next(folder.glob("*.whl"))


def build(folder: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed: run `make test`, which installs it")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="session")
def python(shared_folder: Path, wheel: Path) -> Path:
    """The interpreter of a fresh environment that has the wheel, what it needs, and servers to choose from."""
    folder = shared_folder / "environment"
    problem = made_once(folder, lambda: install(folder, wheel))
    if problem:
        pytest.skip(problem)
    return folder / "bin/python"


def install(folder: Path, wheel: Path) -> str:
    """Why not, where it is not for the wheel."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=300)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--retries", "1"]
    # What is not compiled here is compiled when it is first imported, and most of it never is.
    wanted = ["--no-compile", "-c", "constraints.txt", str(wheel), "daphne", "uvicorn", "hypercorn"]
    done = subprocess.run([*pip, *wanted], cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode and any(word in done.stdout + done.stderr for word in UNREACHABLE):
        return "there is no network to install the wheel's requirements from"
    assert done.returncode == 0, done.stderr
    return ""


def made_once(folder: Path, make: Callable[[], str | None]) -> str:
    """Call `make` in the first worker that comes here; what it said, or did not, is told to all."""
    said = folder.with_suffix(".txt")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            said.write_text(make() or "")
        return said.read_text()


CUSTOMERS = """
from datetime import date
from shop.models import User
for number in range({count}):
    email, rest = f"{{number}}@example.com", {{"full_name": f"No. {{number}}", "born_on": date(1990, 1, 1)}}
    User.objects.create_user(email, {password!r}, **rest)
User.objects.create_superuser("boss@example.com", {password!r}, **rest)
"""


@pytest.fixture(scope="session")
def empty_project(python: Path, shared_folder: Path) -> Project:
    """A shop with customers, in which nothing has been asked; not to be run itself."""
    project = Project(python, shared_folder / "shop")
    made_once(project.data, lambda: set_up(project))
    return project


def set_up(project: Project) -> None:
    project.data.mkdir()
    project.manage("migrate", "--verbosity=0")
    project.manage("shell", "--verbosity=0", "--command", CUSTOMERS.format(count=4, password=PASSWORD))
    for settings in ("shop.settings", "strict"):
        project.manage("collectstatic", "--noinput", "--verbosity=0", DJANGO_SETTINGS_MODULE=settings)


@pytest.fixture(scope="session")
def run_shop(
    empty_project: Project, upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Shop]]:
    """`run_shop("uvicorn", DEBUG="off")`: a shop under that server. Equal ones share one, which may be killed."""
    shops: dict[tuple[str, frozenset[tuple[str, str]]], Shop] = {}
    folder = tmp_path_factory.mktemp("shops")

    def run(server: str, **changes: str) -> Shop:
        key = server, frozenset(changes.items())
        if key not in shops:
            project = empty_project.copy(folder / str(len(shops)))
            shops[key] = Shop(project, server, OPENAI_BASE_URL=upstream.base_url, **changes)
            shops[key].start()
        return shops[key]

    yield run
    for shop in shops.values():
        shop.close()
