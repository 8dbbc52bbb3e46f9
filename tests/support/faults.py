"""What tests of faults share: databases that are in trouble, processes whose memory is watched, and what must hold."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection

from chat.models import Generation, Message
from tests.conftest import RunSite
from tests.support.client import Client, Stream
from tests.support.endings import ending
from tests.support.site import Site
from tests.support.sse import Page
from tests.support.waiting import eventually


def lapse(generation: str) -> None:
    """The lease runs out: as 15 s later."""
    Generation.objects.filter(pk=generation).update(lease_until="2020-01-01T00:00:00Z")


def wait_stored(message: str, text: str) -> None:
    """Return once a checkpoint has stored `text`; there is one about every second."""
    eventually(lambda: Message.objects.get(pk=message).text == text, f"{text!r} is stored")


# What must hold


def replayed(client: Client, stream: Stream) -> tuple[str, str, str]:
    """How a reply ended (status, finish reason, code), after a look at what must hold under every fault.

    There was one `end`; what the page holds is what is stored; whoever follows it now, from anywhere, gets the same.
    """
    page = stream.rest()
    assert stream.events.count("end") == 1
    assert page.start
    same_for_whoever_follows(client, page.start["generation"], page)
    return ending(page)


def same_for_whoever_follows(client: Client, generation: str, page: Page) -> None:
    for position in sorted({0, page.position // 2, page.position}):
        held = Page(position=position)
        with client.follow(generation, last_event_id=position) as again:
            again.page = held
            again.rest()
        assert again.events.count("end") == 1
        assert held.end == page.end
        assert "".join(text for _, text in page.parts)[position:] == "".join(text for _, text in held.parts)


def caught_up(client: Client, stream: Stream) -> Page:
    """The page that `stream` left behind, after it has reconnected from where it was."""
    page = stream.page
    assert page.start
    with client.follow(page.start["generation"], last_event_id=page.position) as again:
        for frame in again:
            page.apply(frame)
    assert again.events.count("end") == 1
    return page


# Databases


def database() -> Path:
    """The file that the tests and their sites share."""
    return Path(connection.settings_dict["NAME"])


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody else holds the database's write lock, as a long transaction would."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a disk of four megabytes."""
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("A small disk cannot be mounted here: that takes root.")
    try:
        yield small
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def fill(file: Path) -> None:
    """Take the last byte of the disk that `file` is on."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 4096):
            pass


class OwnDatabase:
    """A site of its own, whose database nobody else uses, and a client of it."""

    def __init__(self, run_site: RunSite, folder: Path, **changes: str) -> None:
        self.file = folder / "site.sqlite3"
        self.client = Client("http://127.0.0.1:0", User.objects.create(username=f"owner of {folder}", password="!"))
        with closing(sqlite3.connect(database())) as ours:
            ours.execute("VACUUM INTO ?", [str(self.file)])  # without the free pages that earlier tests left
        self.site: Site = run_site(own=True, DATABASE_URL=f"sqlite:///{self.file}", **changes)
        self.client.port = self.site.port

    def stored(self, generation: str) -> tuple[str, str]:
        """Status and text of a reply, as they stand in the file."""
        return self.one(
            "SELECT status, (SELECT coalesce(group_concat(text, ''), '') FROM chat_messagepart AS part"
            " WHERE part.message_id = generation.message_id AND kind = 'text')"
            " FROM chat_generation AS generation WHERE id = ?",
            generation.replace("-", ""),
        )

    def one(self, query: str, *parameters: object) -> tuple:
        with closing(sqlite3.connect(self.file, timeout=30)) as reader:
            return reader.execute(query, parameters).fetchone()

    def lapse(self, generation: str) -> None:
        """The lease runs out: as 15 s later."""
        with closing(sqlite3.connect(self.file, timeout=30)) as writer, writer:
            query = "UPDATE chat_generation SET lease_until = '2020-01-01' WHERE id = ?"
            writer.execute(query, [generation.replace("-", "")])


def transactions(file: Path) -> int:
    """How many transactions have been written to a SQLite database while it was open.

    The counter iChange in the header of the WAL's index (sqlite.org/walformat.html, section 2.1), read by another
    process: SQLite's locks end when the process that holds them closes any descriptor of the file.
    """
    header = subprocess.run(["head", "-c", "12", f"{file}-shm"], check=True, capture_output=True, timeout=10).stdout
    return int.from_bytes(header[8:12], "little")


# Processes


def children(site: Site) -> list[int]:
    """The ids of the processes that the site has started and that still run."""
    tasks = Path(f"/proc/{site.pid}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def written(site: Site) -> int:
    """Bytes that the process has written to files so far: its database and its log. (Sockets do not count.)"""
    return _number(Path(f"/proc/{site.pid}/io"), "wchar")


@contextmanager
def grows_less_than(site: Site, megabytes: int) -> Iterator[None]:
    """The process's resident memory never exceeds what it is now by more than this."""
    process = Path(f"/proc/{site.pid}")
    (process / "clear_refs").write_text("5")  # the peak begins anew: proc(5)
    before = _number(process / "status", "VmRSS")
    yield
    grown = (_number(process / "status", "VmHWM") - before) // 1024
    assert grown < megabytes, f"The site grew by {grown} MB; {megabytes} MB are allowed"


def _number(file: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", file.read_text(), re.MULTILINE)
    assert found
    return int(found[1])
