"""Hints of other processes by the database."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from chat.live.exchange import Note
from chat.live.hints import stored as module
from chat.live.hints.history import History
from chat.live.hints.stored import StoredHints
from chat.models import ProcessNote
from chat.models.threads import in_database, write_in_database

pytestmark = pytest.mark.django_db(transaction=True)

HINT: Note = ("hint", "1", "list", str(uuid.uuid4()), "", "")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WRITE_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(module, name, 0.01)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.0)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(within_time())


async def is_true(look: Callable[[], bool]) -> None:
    while not look():
        await asyncio.sleep(0.01)


class Process:
    def __init__(self) -> None:
        self.hints, self.heard, self.is_wanted = StoredHints(), list[Note](), True
        self.hints.open()
        self.hints.saw_others()

    def listen(self) -> bool:
        return self.hints.listen(self.heard.append, lambda: self.is_wanted)


def told(process: str, *notes: Note) -> None:
    ProcessNote.objects.tell(process, notes)


def test_what_others_tell_is_heard_once() -> None:
    async def test() -> None:
        here = Process()
        here.listen()
        await write_in_database(told, "there", HINT)
        await is_true(lambda: bool(here.heard))
        await write_in_database(told, "there", ("hint", "2"))
        await is_true(lambda: len(here.heard) == 2)
        assert here.heard == [HINT, ("hint", "2")]
        here.is_wanted = False
        await is_true(lambda: here.listen())

    run(test)


def test_it_tells_in_one_go_what_has_come_together_and_does_not_hear_itself() -> None:
    async def test() -> None:
        here = Process()
        here.listen()
        for number in (1, 2, 1):
            await asyncio.to_thread(here.hints.tell, ("hint", str(number)))
        await is_true(lambda: here.hints._writing is not None and here.hints._writing.done())
        rows = await in_database(lambda: list(ProcessNote.objects.values_list("words", flat=True)))
        assert sorted(map(tuple, rows)) in ([("hint", "1"), ("hint", "2")], [("hint", "1")] * 2 + [("hint", "2")])
        assert here.heard == []
        here.is_wanted = False

    run(test)


def test_who_has_not_listened_for_a_while_says_that_something_may_be_missed() -> None:
    async def test() -> None:
        here = Process()
        assert here.listen() is False, "It has just begun"
        assert here.listen() is False, "It listens"
        here.is_wanted = False
        await is_true(lambda: here.hints._reading is not None and here.hints._reading.done())
        here.is_wanted = True
        assert here.listen() is True
        here.is_wanted = False

    run(test)


def test_where_there_is_nobody_else_nothing_is_told() -> None:
    async def test() -> None:
        alone, here = StoredHints(), Process()
        alone.open()
        alone.tell(HINT)
        assert alone._writing is None
        here.hints.tell(HINT)
        await is_true(lambda: here.hints._writing is not None and here.hints._writing.done())
        assert await in_database(ProcessNote.objects.count) == 1

    run(test)


def test_without_an_event_loop_nothing_is_told() -> None:
    StoredHints().tell(HINT)  # as of a command
    assert not ProcessNote.objects.exists()


def test_what_is_old_is_neither_heard_nor_kept() -> None:
    told("there", HINT)
    ProcessNote.objects.update(written_at=Now() - timedelta(seconds=11))
    assert ProcessNote.objects.recent("here") == {}
    ProcessNote.objects.update(written_at=Now() - timedelta(seconds=61))
    told("there", ("hint", "2"))
    assert [note.words for note in ProcessNote.objects.all()] == [["hint", "2"]]


def test_whoever_asks_after_a_gap_has_missed_something() -> None:
    history = History()
    history.note(1)
    before = history.position
    assert not history.has_missed(1, before)
    history.lose()
    assert history.has_missed(1, before)
    assert history.has_missed(2, before)
    assert not history.has_missed(2, history.position)
