"""The upstream gives too much: it is kept whole, others are served meanwhile, and few writes store it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.faults import database, replayed, transactions, written
from tests.support.site import Site
from tests.support.upstream import Gate, Raw, ScriptedUpstream, done, finish, say

pytestmark = pytest.mark.alone

TOKENS = 100_000
REASONABLE = 2.0
"""Seconds that another request may take meanwhile, on a machine with other work to do."""


@pytest.fixture
def roomy(committed: None, run_site: RunSite) -> Site:
    """A site without limits for lengths."""
    return run_site(CHAT_OUTPUT_CHARS="0", CHAT_MESSAGES_PER_MINUTE="0", CHAT_LIVE_PER_USER="0")


def tokens(count: int, first: int = 0) -> Raw:
    return Raw(b"".join(say(f" w{number:05}").data for number in range(first, first + count)))


def words(count: int) -> str:
    return "".join(f" w{number:05}" for number in range(count))


@contextmanager
def others_are_served(client: Client) -> Iterator[None]:
    """Meanwhile another user loads pages and has questions answered, each in reasonable time."""
    took: list[float] = []
    stop = threading.Event()

    def look_and_ask() -> None:
        while not stop.is_set():
            began = time.monotonic()
            assert client.get("/", Accept="text/html").status == 200
            looked = time.monotonic()
            assert client.ask_whole("Am I served?").text == "An answer."
            took.extend((looked - began, time.monotonic() - looked))

    other = threading.Thread(target=look_and_ask)
    other.start()
    try:
        yield
    finally:
        stop.set()
        other.join(20)
    assert took, "Nobody else was served"
    assert max(took) < REASONABLE, f"Others waited {max(took):.1f} s"


def test_a_hundred_thousand_tokens_as_fast_as_they_come_are_all_kept_and_others_are_served(
    roomy: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(roomy)
    upstream.script(question, tokens(TOKENS), finish(), done())
    with others_are_served(client_for(roomy)), client.ask(question) as stream:
        assert stream.rest().text == words(TOKENS)
    assert replayed(client, stream) == ("complete", "stop", "")


def test_one_piece_of_five_megabytes_is_kept_and_others_are_served(
    roomy: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(roomy)
    piece = "5 MB 😀 " * 500_000
    assert len(piece.encode()) == 5_000_000
    upstream.script(question, say(piece), say("."), finish(), done())
    with others_are_served(client_for(roomy)), client.ask(question) as stream:
        assert stream.rest().text == piece + "."
    assert replayed(client, stream) == ("complete", "stop", "")


def test_writes_to_the_database_grow_with_seconds_and_not_with_tokens(
    roomy: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(roomy)
    few = _written_for(client, roomy, upstream, question + " Few?", 1_000)
    many = _written_for(client, roomy, upstream, question + " Many?", TOKENS)
    seconds = few.seconds + 1
    assert many.transactions <= few.transactions + 2, (few, many)
    assert few.transactions <= seconds + 2, (few, many)
    # All text once into the log (WAL) and once from there into the database, whole pages; and some for each second.
    assert many.bytes <= 2 * 2 * len(words(TOKENS)) + (seconds + 2) * 200_000, (few, many)


@dataclass(frozen=True)
class Written:
    transactions: int
    bytes: int
    seconds: float


def _written_for(client: Client, site: Site, upstream: ScriptedUpstream, question: str, count: int) -> Written:
    """What an answer of `count` tokens writes that comes over two and a half seconds."""
    gates = [Gate() for _ in range(3)]
    part = count // 4
    steps = [step for number, gate in enumerate(gates) for step in (tokens(part, number * part), gate)]
    upstream.script(question, steps, tokens(part, 3 * part), finish(), done())
    began = time.monotonic()
    before, bytes_before = transactions(database()), written(site)
    with client.ask(question) as stream:
        for second, gate in enumerate(gates, 1):
            gate.wait_reached()
            time.sleep(max(0.0, began + second * 0.8 - time.monotonic()))
            gate.open()
        assert stream.rest().text == words(count)
    seconds = time.monotonic() - began
    return Written(transactions(database()) - before, written(site) - bytes_before, seconds)
