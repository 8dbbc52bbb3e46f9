"""A backup is taken while an answer is written, and restored on another machine by the commands of docs/deploy.md."""

import os
import re
import shlex
import sqlite3
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User

from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.databases import empty_database, url_of
from tests.support.faults import database
from tests.support.site import ROOT, Site, environment
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually

PAGE = (ROOT / "docs/deploy.md").read_text()
NOBODY = 65534


def commands(heading: str) -> list[str]:
    """The `manage.py` commands in this section of the page, as it has them, without who runs them."""
    section = PAGE.split(f"\n{heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^ *runuser .* manage\.py (.+)$", section, re.MULTILINE)


def run(database_url: str, folder: Path, command: str) -> str:
    """Of the site whose database this is; its backups are in `folder`."""
    shown = subprocess.run(["date", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
    written = command.replace("$(date +%F)", shown).replace("/var/backups/chatsite", str(folder))
    done = subprocess.run(
        [sys.executable, "manage.py", *shlex.split(written)],
        cwd=ROOT,
        env=environment(DATABASE_URL=database_url),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PASSWORD = "a long password 0123"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where root runs the commands, it is somebody else's."""
    for name in ("old", "new", "backups"):
        (tmp_path / name).mkdir()
        if os.geteuid() == 0:
            os.chown(tmp_path / name, NOBODY, NOBODY)
    return tmp_path


@pytest.fixture
def name(committed: None) -> str:
    """Somebody who logs in by password."""
    stored = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1000)
    return User.objects.create(username=f"user-{uuid.uuid4().hex[:12]}", password=stored).username


def log_in(site: Site, name: str) -> Client:
    client = Client(site.url)
    answer = client.post("/accounts/login/", form={"login": name, "password": PASSWORD}, Accept="text/html")
    assert answer.status == 302, answer.text
    (client.cookies["sessionid"],) = re.findall(r"sessionid=(\w+)", str(answer.headers))
    return client


class OneSite:
    """One process at a time."""

    def __init__(self, run_site: RunSite) -> None:
        self._run_site = run_site
        self._sites: list[Site] = []

    def start(self, database_url: str) -> Site:
        self._sites.append(self._run_site(own=True, DATABASE_URL=database_url))
        return self._sites[-1]

    def stop(self) -> None:
        self._sites[-1].terminate()

    def close(self) -> None:
        for site in self._sites:
            site.close()


@pytest.fixture
def one_site(run_site: RunSite) -> Iterator[OneSite]:
    one_site = OneSite(run_site)
    yield one_site
    one_site.close()


def value(file: Path, statement: str) -> Any:
    """The first one that this gives, of SQLite."""
    with closing(sqlite3.connect(file, timeout=30)) as database, database:
        row = database.execute(statement).fetchone()
    return row and row[0]


def test_what_was_backed_up_while_an_answer_was_written_is_restored_and_moved(
    one_site: OneSite, upstream: ScriptedUpstream, question: str, name: str, folder: Path, postgres: str
) -> None:
    backup, restore = commands("## Backups")[0], commands("## Restore on a new machine")[0]
    old, new, backups = (folder / place for place in ("old/db.sqlite3", "new/db.sqlite3", "backups"))
    with closing(sqlite3.connect(database())) as ours:
        ours.execute("VACUUM INTO ?", [str(old)])
    client, gate = log_in(one_site.start(f"sqlite:///{old}"), name), Gate()
    upstream.script(question, say("Stored. "), gate, answer("Later."))
    with client.ask(question) as stream:
        ids = stream.until_text("Stored. ").ids
        stored = "SELECT COUNT(*) FROM chat_messagepart WHERE text = 'Stored. '"
        eventually(lambda: value(old, stored) == 1, "It is stored")
        run(f"sqlite:///{old}", backups, backup)
        gate.open()
        assert stream.rest().text == "Stored. Later."
    one_site.stop()
    (file,) = backups.iterdir()
    assert "Restored " in run(f"sqlite:///{new}", backups, restore.replace("2026-11-29.backup", file.name))
    assert {path.stat().st_uid for path in (file, new)} == {new.parent.stat().st_uid}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (file, new)} == {0o600}
    value(new, "UPDATE chat_generation SET lease_until = '2020-01-01'")  # as 15 s later
    reply = log_in(one_site.start(f"sqlite:///{new}"), name).follow(ids["generation"]).rest()
    assert (reply.text, reply.end["status"]) == ("Stored. ", "interrupted")
    one_site.stop()
    move = commands("## PostgreSQL")[0]
    target = url_of(empty_database(postgres))
    assert "counted and summed up in both" in run(f"sqlite:///{new}", backups, f"{move.split()[0]} {target}")
    client = log_in(one_site.start(target), name)
    assert client.follow(ids["generation"]).rest().text == "Stored. "
    upstream.script(f"{question} Again", answer("Hello"))
    assert client.ask_whole(f"{question} Again", ids["conversation"], parent=ids["message"]).text == "Hello"
