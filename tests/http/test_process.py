"""The site's process: it dies, and what it had accepted is kept; it lives, and what it holds is bounded."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from chat.models import Generation
from tests.conftest import ClientFor, RunSite
from tests.support.client import Stream
from tests.support.endings import ending
from tests.support.faults import lapse, wait_stored
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say


def prolong(generation: str) -> None:
    """The lease does not run out, however long the site takes to start."""
    Generation.objects.filter(pk=generation).update(lease_until="2100-01-01T00:00:00Z")


def apply(before: Stream, after: Stream) -> None:
    """To the page that `before` left behind, what `after` sends."""
    for frame in after:
        before.page.apply(frame)


# SIGKILL


def test_a_reply_whose_process_was_killed_is_interrupted(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(mortal), Gate()
    upstream.script(question, say("Stored. "), gate, say("Lost?"), Gate())
    with client.ask(question) as stream:
        ids = stream.until_text("Stored. ").ids
        wait_stored(ids["message"], "Stored. ")
        gate.open()
        stream.until_text("Lost?")
        mortal.kill()
        stream.until_lost()
    lapse(ids["generation"])
    mortal.start()
    whole = client.follow(ids["generation"]).rest()
    assert whole.text in ("Stored. ", "Stored. Lost?")
    assert ending(whole) == ("interrupted", "", "")
    with client.follow(ids["generation"], last_event_id=stream.page.position) as again:
        apply(stream, again)
    assert stream.page.text == whole.text, "What was shown but not stored is taken back by a reset"


def test_who_watches_learns_that_the_reply_was_interrupted(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    upstream.script(question, say("Stored. "), Gate())
    with client.ask(question) as stream:
        ids = stream.until_text("Stored. ").ids
        wait_stored(ids["message"], "Stored. ")
        mortal.kill()
        stream.until_lost()
    prolong(ids["generation"])
    mortal.start()
    with client.follow(ids["generation"], last_event_id=8) as again:
        again.until("start")
        assert Generation.objects.get(pk=ids["generation"]).status == "running"
        lapse(ids["generation"])
        assert (again.rest().end or {})["status"] == "interrupted"
    assert again.events == ["start", "end"]


def test_after_an_interruption_one_can_go_on(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    upstream.script(question, say("Half"), Gate())
    with client.ask(question) as stream:
        ids = stream.until_text("Half").ids
        wait_stored(ids["message"], "Half")
        mortal.kill()
        stream.until_lost()
    lapse(ids["generation"])
    mortal.start()
    assert client.follow(ids["generation"]).rest().text == "Half"
    assert client.regenerate(ids["message"]).rest().text == "An answer."
    assert client.continue_(ids["message"]).rest().text == "Half And more."


def test_what_was_stored_before_a_kill_is_there_after_it(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    upstream.script(question, answer("Kept for ever"))
    page = client.ask_whole(question)
    mortal.kill()
    mortal.start()
    assert page.start
    again = client.follow(page.start["generation"]).rest()
    assert (again.text, again.end) == ("Kept for ever", page.end)
    assert "Kept for ever" in client.get(f"/c/{page.start['conversation']}/", Accept="text/html").text


# SIGTERM


@pytest.mark.alone
def test_on_sigterm_all_text_is_stored_and_the_reply_interrupted(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    upstream.script(question, say("All of "), say("this"), Gate())
    with client.ask(question) as stream:
        generation = stream.until_text("this").ids["generation"]
        began = time.monotonic()
        mortal.terminate()
        assert time.monotonic() - began < 10
    stored = Generation.objects.get(pk=generation)
    assert (stored.status, stored.message.text) == ("interrupted", "All of this")
    mortal.start()
    page = client.follow(generation).rest()
    assert page.text == "All of this"
    assert ending(page)[0] == "interrupted"


def test_on_sigterm_open_streams_get_their_ending_and_are_closed_cleanly(
    mortal: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(mortal)
    upstream.script(question, say("All of this"), Gate())
    with client.ask(question) as asked, client.follow(asked.ids["generation"]) as followed:
        for stream in (asked, followed):
            stream.until_text("All of this")
        mortal.terminate()
        for stream in (asked, followed):
            page = stream.rest()  # which fails if the response is cut
            assert (page.text, ending(page)[0]) == ("All of this", "interrupted")


# What it holds


def held_by(site: Site) -> tuple[int, int]:
    """Threads, and open files of the database."""
    process = Path("/proc") / str(site.pid)
    files = []
    for link in (process / "fd").iterdir():
        try:
            files.append(str(link.readlink()))
        except OSError:  # closed in the meantime
            continue
    return len(list((process / "task").iterdir())), sum(".sqlite3" in file for file in files)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Threads and files are looked up in /proc.")
def test_many_open_streams_hold_no_more_threads_and_connections_than_few(
    run_site: RunSite, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    site = run_site(CHAT_STREAMS_PER_USER="0")
    client, gate = client_for(site), Gate()
    upstream.script(question, say("Hello"), gate, answer())
    with ExitStack() as open_streams:
        asked = open_streams.enter_context(client.ask(question))
        generation = asked.until_text("Hello").ids["generation"]

        def follow(count: int) -> None:
            for _ in range(count):
                open_streams.enter_context(client.follow(generation)).until_text("Hello")

        follow(20)
        few_threads, few_files = held_by(site)
        follow(130)
        threads, files = held_by(site)
        gate.open()
        asked.rest()
    assert (threads, files) <= (few_threads + 2, few_files + 6)
    assert threads <= 40
    assert files <= 20 * 3, "Each connection has the database, its log and its shared memory open"
