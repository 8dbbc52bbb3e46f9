"""The database is locked, away or full: streams go on, what was accepted is kept, and the site recovers by itself."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path

import pytest

from tests.conftest import RunSite
from tests.support.client import Answer, Client
from tests.support.client import question as body_of
from tests.support.faults import OwnDatabase, caught_up, locked, same_for_whoever_follows
from tests.support.site import Site
from tests.support.sse import Page
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually


@pytest.fixture
def own(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site whose database no other process uses, in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    own = OwnDatabase(run_site, folder)
    yield own
    own.site.close()


@pytest.fixture
def leaving(own: OwnDatabase, run_site: RunSite) -> Iterator[Site]:
    """Another process on the same database."""
    site = run_site(own=True, DATABASE_URL=f"sqlite:///{own.file}")
    yield site
    site.close()


def assert_kept(own: OwnDatabase, page: Page, status: str) -> None:
    """Replay equals reload, and the ending that was sent is the stored one."""
    assert page.start
    assert page.end
    assert page.end["status"] == status
    assert own.stored(page.start["generation"]) == (status, page.text)
    same_for_whoever_follows(own.client, page.start["generation"], page)


def assert_refused_for_now(reply: Answer) -> None:
    assert (reply.status, reply.code) == (503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0


# Locked

SECONDS = 10.0


@pytest.mark.alone
def test_locked_for_ten_seconds_streams_go_on_and_a_process_that_is_ended_is_gone(
    own: OwnDatabase, leaving: Site, upstream: ScriptedUpstream, question: str
) -> None:
    """Two tests in one, since each takes ten seconds: `leaving`, another process, gets SIGTERM meanwhile."""
    client, gate, last, other = own.client, Gate(), Gate(), Gate()
    before = client.ask_whole("Before")
    assert before.start
    words = [f"word{number} " for number in range(20)]
    gates = [Gate() for _ in words]
    upstream.script(question, [step for pair in zip(words, gates, strict=True) for step in (say(pair[0]), pair[1])])
    upstream.script(question + " Ending", say("Hello"), gate, answer(", world"))
    upstream.script(question + " Late", say("Late"), last, answer(", but well"))
    upstream.script(question + " Leaving", say("Stored. "), other, say("Not stored."), Gate())
    with (
        client.ask(question) as stream,
        client.ask(question + " Ending") as ending,
        client_at(leaving, client).ask(question + " Leaving") as left,
        ThreadPoolExecutor(2) as threads,
    ):
        ending.until_text("Hello")
        stream.until_text(words[0])
        left.until_text("Stored. ")
        eventually(lambda: own.stored(left.ids["generation"])[1] == "Stored. ", "The text is stored")
        with locked(own.file):
            began = time.monotonic()
            other.open()
            left.until_text("Not stored.")
            terminating = threads.submit(seconds_to_end, leaving)
            posting = threads.submit(client.ask, question + " Late")
            gate.open()
            ending.until_text(", world")
            for word, next_one in zip(words[1:], gates, strict=False):
                next_one.open()
                stream.until_text(word)  # at once, though nothing can be stored
            assert time.monotonic() - began < 5
            time.sleep(began + 3 - time.monotonic())  # a checkpoint, an ending and a question wait for the lock
            reading = time.monotonic()
            assert client.get("/", Accept="text/html").status == 200
            with client.follow(before.start["generation"]) as stored:
                assert stored.rest().text == "An answer."
            assert time.monotonic() - reading < 2, "Reading goes on"
            assert own.stored(ending.ids["generation"])[0] == "running"
            assert ending.page.end is None, "It was announced before it was stored"
            assert terminating.result(12) < 10
            left.until_lost()
            time.sleep(max(0.0, began + SECONDS - time.monotonic()))
        gates[-1].open()
        last.open()
        assert_kept(own, ending.rest(), "complete")
        assert_kept(own, stream.rest(), "truncated")
        with posting.result(10) as late:
            assert_kept(own, late.rest(), "complete")
    assert stream.page.text == "".join(words)
    assert (ending.page.text, late.page.text) == ("Hello, world", "Late, but well")
    assert len(upstream.asked(question + " Late")) == 1
    own.lapse(left.ids["generation"])
    leaving.start()  # which sweeps at once
    assert_kept(own, caught_up(client, left), "interrupted")
    assert left.page.text in ("Stored. ", "Stored. Not stored.")


def client_at(site: Site, client: Client) -> Client:
    """The same user at another process."""
    there = copy(client)
    there.port = site.port
    return there


def seconds_to_end(site: Site) -> float:
    began = time.monotonic()
    site.terminate()
    return time.monotonic() - began


def test_ended_while_the_database_is_locked_for_a_moment_it_stores_all(
    own: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    client = own.client
    upstream.script(question, say("All of this"), Gate())
    with client.ask(question) as stream, ThreadPoolExecutor(1) as threads:
        generation = stream.until_text("All of this").ids["generation"]
        with locked(own.file):
            ending = threads.submit(own.site.terminate)
            upstream.wait_asked(question).wait_closed()
            assert own.stored(generation)[0] == "running"
        ending.result(12)
    assert own.stored(generation) == ("interrupted", "All of this")


# Away


@pytest.fixture
def fresh(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site with more threads than it has had requests, so that some have no connection yet."""
    folder = tmp_path / "data"
    folder.mkdir()
    own = OwnDatabase(run_site, folder, CHAT_REQUEST_THREADS="12")
    yield own
    own.site.close()


def test_while_the_database_is_away_it_says_so_and_when_it_is_back_all_is_there(
    fresh: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    """As when a volume is gone for a while. (To move SQLite's file alone, without its log, is to destroy it.)"""
    client, gate = fresh.client, Gate()
    upstream.script(question, say("Hello"), gate, answer(", world"))
    before = client.ask_whole("Before")
    folder, elsewhere = fresh.file.parent, fresh.file.parent.with_name("elsewhere")
    sent = [(f"/c/{uuid.uuid4()}/messages/", body_of("Meanwhile")) for _ in range(6)]
    with client.ask(question) as stream:
        stream.until_text("Hello")
        folder.rename(elsewhere)
        try:
            refused = [reply for path, body in sent if (reply := client.refusal(path, body))]
            pages = [client.get("/", Accept="text/html") for _ in range(3)]
            gate.open()
            stream.until_text(", world")
        finally:
            elsewhere.rename(folder)
        page = stream.rest()
    for reply in refused:
        assert_refused_for_now(reply)
    for shown in pages:
        assert shown.status in (200, 503)  # a connection that is open still reads
        assert shown.headers["Content-Type"].startswith("text/html")
        assert shown.status == 200 or "Your text is kept" in shown.text
    assert page.text == "Hello, world"
    assert_kept(fresh, page, "complete")
    assert_kept(fresh, before, "complete")
    for path, body in sent:  # again, with the same id: accepted or not, it is there once
        with client.stream("POST", path, body) as again:
            assert_kept(fresh, again.rest(), "complete")


def test_without_its_database_the_site_says_so_to_people_and_to_scripts(
    run_site: RunSite, committed: None, tmp_path: Path
) -> None:
    site = run_site(own=True, DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/db.sqlite3")
    client = Client(site.url)
    client.cookies["sessionid"] = "somebodys"
    shown = client.get("/", Accept="text/html")
    assert (shown.status, shown.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "cannot reach its database" in shown.text
    assert_refused_for_now(client.post(f"/c/{uuid.uuid4()}/messages/", body_of("Hello?")))
    site.close()


# Full


@pytest.fixture
def small(run_site: RunSite, committed: None, tmp_path: Path) -> Iterator[OwnDatabase]:
    """A site whose database lies on a disk of three megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("A small disk cannot be mounted here: that takes root.")
    own = None
    try:
        own = OwnDatabase(run_site, folder)
        yield own
    finally:
        if own:
            own.site.close()
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Take the last byte of the disk that `file` is on."""
    with file.open("wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            return


def test_with_the_disk_full_text_is_kept_and_stored_once_there_is_room(
    small: OwnDatabase, upstream: ScriptedUpstream, question: str
) -> None:
    client, middle, gate = small.client, Gate(), Gate()
    long = "A long answer. " * 10_000
    upstream.script(question, say("Hello. "), middle, say(long), gate, answer("The end."))
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    filler = small.file.with_name("filler")
    with client.ask(question) as stream:
        generation = stream.until_text("Hello. ").ids["generation"]
        eventually(lambda: small.stored(generation)[1] == "Hello. ", "The text is stored")
        fill(filler)
        middle.open()
        stream.until_text(long)
        eventually(lambda: "A checkpoint failed" in small.site.log, "A checkpoint fails")
        gate.open()
        stream.until_text("The end.")
        eventually(lambda: "could not be stored; trying again" in small.site.log, "The end cannot be stored")
        assert small.stored(generation)[0] == "running"
        refused = client.post(f"/c/{conversation}/messages/", body_of("Meanwhile " + long[:90_000], id=asked))
        assert_refused_for_now(refused)
        filler.unlink()
        page = stream.rest()
    assert page.text == "Hello. " + long + "The end."
    assert_kept(small, page, "complete")
    assert client.ask_whole("Meanwhile", conversation, id=asked).text == "An answer."
