"""A reader that does not read costs a bounded memory, holds up nobody, and can go on where it was."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.endings import ending
from tests.support.site import Site
from tests.support.upstream import Gate, Raw, ScriptedUpstream, answer, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.alone

READERS = 20
PIECE = "0123456789" * 100
PIECES = 500
ROUNDS = 16
MEGABYTE = 2**20
CUT = "A reader took nothing for 2 s and was cut off"


@pytest.fixture
def impatient(run_site: RunSite, committed: None) -> Iterator[Site]:
    """A site that waits two seconds for a reader, and whose answers may have any length."""
    site = run_site(own=True, CHAT_READER_SECONDS="2", CHAT_OUTPUT_CHARS="0", CHAT_STREAMS_PER_USER="0")
    yield site
    site.close()


def half_a_megabyte() -> Raw:
    return Raw(say(PIECE).data * PIECES)


def memory(site: Site, field: str) -> int:
    """Bytes: VmRSS, what the process holds now, or VmHWM, what it ever held."""
    lines = Path(f"/proc/{site.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="The memory of a process is looked up in /proc.")
def test_readers_that_do_not_read_cost_little_hold_up_nobody_and_lose_nothing(
    impatient: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gates = client_for(impatient), [Gate() for _ in range(ROUNDS)]
    slow = Client(impatient.url, client.user, receive_buffer=4096)
    rounds = [step for number, gate in enumerate(gates) for step in (gate, half_a_megabyte(), say(f"<{number}>"))]
    upstream.script(question, say("Hello."), rounds, finish(), done())
    with ExitStack() as open_streams:
        asked = open_streams.enter_context(client.ask(question))
        generation = asked.until_text("Hello.").ids["generation"]
        streams = [open_streams.enter_context(slow.follow(generation)).until_text("Hello.") for _ in range(READERS)]
        before = memory(impatient, "VmRSS")
        for number, gate in enumerate(gates):
            gate.open()
            asked.until_text(f"<{number}>")
        whole = asked.rest()
        assert whole.text == "Hello." + "".join(f"{PIECE * PIECES}<{number}>" for number in range(ROUNDS))
        grown = memory(impatient, "VmHWM") - before
        assert grown < READERS * len(whole.text) / 2, f"It grew by {grown / MEGABYTE:.0f} MB"
        assert client.ask_whole("Am I served?").text == "An answer."
        eventually(lambda: impatient.log.count(CUT) == READERS, "All readers are cut off", 10)
        for stream in streams[:3]:
            stream.until_lost()
            assert len(stream.page.text) < len(whole.text)
            with client.follow(generation, last_event_id=stream.page.position) as again:
                for frame in again:
                    stream.page.apply(frame)
            assert (stream.page.text, ending(stream.page)) == (whole.text, ("complete", "stop", ""))


def get(path: str, session: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={session}\r\n\r\n".encode()


@contextmanager
def unread(site: Site) -> Iterator[socket.socket]:
    """A connection of which nothing is read."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", site.port))
        yield connection


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="The memory of a process is looked up in /proc.")
def test_who_sends_request_after_request_and_takes_nothing_costs_little_and_is_cut_off(
    impatient: Site, client_for: ClientFor
) -> None:
    client = client_for(impatient)
    assert client.get("/").status == 200
    with unread(impatient) as pages, unread(impatient) as files:
        before = memory(impatient, "VmRSS")
        pages.sendall(get("/", client.cookies["sessionid"]) * 1500)
        files.sendall(get("/static/admin/js/vendor/xregexp/xregexp.js") * 40)
        eventually(lambda: impatient.log.count(CUT) == 2, "Both are cut off", 20)
        grown = memory(impatient, "VmHWM") - before
        assert grown < 12 * MEGABYTE, f"It grew by {grown / MEGABYTE:.0f} MB"
        assert client.get("/").status == 200


def test_a_reader_that_reads_slowly_is_waited_for(
    impatient: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    slow = Client(impatient.url, client_for(impatient).user, receive_buffer=4096)
    upstream.script(question, answer(PIECE * 1000))
    assert slow.ask_whole(question).text == PIECE * 1000
    assert "cut off" not in impatient.log
