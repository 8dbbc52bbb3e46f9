"""Fixtures for tests of the app as others install it: the wheel, and an environment of its own that has it."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.app.shop import PASSWORD, Project, Shop
from tests.support.once import FOLDER, made_once
from tests.support.site import ROOT
from tests.support.upstream import ScriptedUpstream

UNREACHABLE = ("NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "NameResolutionError")
"""What pip says where it cannot fetch anything."""


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel of this checkout."""
    pytest.importorskip("hatchling", reason="hatchling is not installed: run `make test`, which installs it")
    return next(made_once(FOLDER / "wheel", build).glob("*.whl"))


def build(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="session")
def python(wheel: Path) -> Path:
    """The interpreter of a fresh environment that has the wheel, what it needs, and servers to choose from.

    What it needs and is here already is lent to it, compiled; pip fetches what is missing, as it does all elsewhere.
    """
    return made_once(FOLDER / "environment", lambda folder: install(folder, wheel)) / "bin/python"


def install(folder: Path, wheel: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=300)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for package in needed([*project["dependencies"], "daphne"]):
        lend(package, site_packages)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--retries", "1"]
    # What is not compiled here is compiled when it is first imported, and most of it never is.
    wanted = ["--no-compile", "-c", "constraints.txt", str(wheel), "daphne", "uvicorn", "hypercorn"]
    done = subprocess.run([*pip, *wanted], cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode and any(word in done.stdout + done.stderr for word in UNREACHABLE):
        pytest.skip("there is no network to install the wheel's requirements from")
    assert done.returncode == 0, done.stderr


def needed(requirements: Iterable[str]) -> list[Distribution]:
    """The packages that have to be there for these, and are here."""
    found: dict[tuple[str, str], Distribution] = {}

    def need(requirement: Requirement) -> None:
        for extra in {"", *requirement.extras} - {extra for name, extra in found if name == requirement.name}:
            with suppress(PackageNotFoundError):
                package = found[requirement.name, extra] = distribution(requirement.name)
                for each in map(Requirement, package.requires or []):
                    if not each.marker or each.marker.evaluate({"extra": extra}):
                        need(each)

    for requirement in map(Requirement, requirements):
        need(requirement)
    return list({package.name: package for package in found.values()}.values())


def lend(package: Distribution, site_packages: Path) -> None:
    """Links to its files: whoever uninstalls it there removes those alone."""
    for file in package.files or []:
        if ".." not in file.parts and (source := Path(str(package.locate_file(file)))).exists():
            link = site_packages / file
            os.makedirs(link.parent, exist_ok=True)
            link.symlink_to(source)


SET_UP = """
from datetime import date
from django.core.management import call_command
from shop.models import User
call_command("migrate", verbosity=0)
for number in range({count}):
    email, rest = f"{{number}}@example.com", {{"full_name": f"No. {{number}}", "born_on": date(1990, 1, 1)}}
    User.objects.create_user(email, {password!r}, **rest)
User.objects.create_superuser("boss@example.com", {password!r}, **rest)
call_command("collectstatic", interactive=False, verbosity=0)
"""
"""By one command, because each has to load everything first."""


@pytest.fixture(scope="session")
def empty_project(python: Path) -> Project:
    """A shop with customers, in which nothing has been asked; not to be run itself."""
    return Project(python, made_once(FOLDER / "shop", lambda folder: set_up(Project(python, folder))))


def set_up(project: Project) -> None:
    project.data.mkdir()
    project.manage("shell", "--verbosity=0", "--command", SET_UP.format(count=4, password=PASSWORD))
    project.manage("collectstatic", "--noinput", "--verbosity=0", DJANGO_SETTINGS_MODULE="strict")


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
