"""The app in somebody else's project, whose users have UUIDs as keys and e-mail addresses as names."""

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Postgres, programs
from tests.support.site import ROOT, environment

PROOF = "tests.support.foreign.proof.confirm"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A server."""
    if not (binaries := programs()):
        pytest.skip("there is no PostgreSQL server on this machine: install the package postgresql")
    with Postgres(binaries) as server:
        yield server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'foreign.sqlite3'}"
    server, name = request.getfixturevalue("postgres_url"), f"foreign_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"


def run(database: str, *command: str, **variables: str) -> str:
    """What a command of the project says."""
    known = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONUNBUFFERED"}
    inherited = {name: value for name, value in environment().items() if name in known}
    settings = {"DJANGO_SETTINGS_MODULE": "tests.support.foreign.settings", "DATABASE_URL": database}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=inherited | settings | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("user", ["Person", "Tenant"])
def test_it_answers_and_erases_without_the_admin(database: str, user: str) -> None:
    """Tenants are known by a text, with all that a statement may stumble over."""
    assert "all of it" in run(database, "tests.support.foreign.drive", FOREIGN_USER=f"foreign.{user}")


def test_it_answers_and_erases_with_the_admin(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'foreign.sqlite3'}"
    assert "all of it" in run(database, "tests.support.foreign.drive", FOREIGN_ADMIN="yes", CHAT_CONFIRM=PROOF)


@pytest.mark.parametrize("variables", [{}, {"FOREIGN_ADMIN": "yes"}], ids=["without admin", "with admin"])
def test_there_is_nothing_to_migrate_and_two_things_to_say(tmp_path: Path, variables: dict[str, str]) -> None:
    database = f"sqlite:///{tmp_path / 'foreign.sqlite3'}"
    assert "No changes detected" in run(database, "django", "makemigrations", "--check", "--dry-run", **variables)
    model = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    said = run(database, "django", "check", **variables, **model)
    assert sorted(re.findall(r"chat\.\w\d+", said)) == ["chat.W002", "chat.W009"], (
        "nothing says ASGI, nor has libraries"
    )
