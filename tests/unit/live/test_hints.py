"""Hints: who is told what, once, in bounded memory, from any thread; and nobody waits for a stream of them."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from chat.live import hints
from chat.live.access import Access, Gone
from chat.live.hints import HintStream, follow_hints
from chat.live.hints import history as history_module
from chat.live.hints import registry as module
from chat.live.hints.history import History
from chat.live.hints.pending import CONVERSATION, LIST, MOST, Hint, Pending
from chat.live.hints.registry import OF_SESSION, OF_USER, registry
from tests.support.sse import Frame, FrameReader

pytestmark = pytest.mark.django_db  # readers in threads look at their connections before they are asked anything

PATIENCE = 30.0
DAY = "86400000"


class Reader:
    """A page that reads a stream of hints in this process."""

    def __init__(self, user: int, session: str = "", since: str | None = None) -> None:
        access = Access(user, "", "", SessionStore, session or str(uuid.uuid4()))
        self.stream = HintStream(access)
        since = hints.now() if since is None else since
        self.frames: AsyncIterator[bytes] = follow_hints(self.stream, "v1", since)
        self._reader = FrameReader()
        self._waiting: list[Frame] = []

    async def next(self) -> Frame:
        while not self._waiting:
            self._waiting = self._reader.feed(await anext(self.frames))
        return self._waiting.pop(0)

    async def opened(self) -> "Reader":
        assert 1_000 <= int((await self.next()).retry or 0) <= 10_000
        assert (await self.next()).event == "version"
        return self

    async def events(self, count: int) -> list[tuple[str | None, Any]]:
        return [(frame.event, frame.data) for frame in [await self.next() for _ in range(count)]]

    async def ends(self) -> bool:
        with pytest.raises(StopAsyncIteration):
            await self.next()
        return True

    async def close(self) -> None:
        await self.frames.aclose()  # type: ignore[attr-defined]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(PATIENCE):
            await test()
        registry._sent_at.clear()
        registry._of.clear()

    asyncio.run(within_time())


def user() -> int:
    """One that no other test has."""
    return uuid.uuid4().int >> 70


# What is pending


def test_each_thing_is_told_once_and_of_many_that_any_may_have_changed() -> None:
    pending, ids = Pending(), [uuid.uuid4() for _ in range(MOST + 1)]
    for pk in ids[:2] * 500:
        pending.add(Hint(LIST, pk))
    pending.add(Hint(CONVERSATION, ids[0], ids[1], ids[2]))
    pending.add(Hint(CONVERSATION, ids[0], ids[1], ids[3]))
    assert pending
    assert pending.take() == [Hint(LIST, ids[0]), Hint(LIST, ids[1]), Hint(CONVERSATION, ids[0], ids[1], ids[3])]
    assert not pending
    for pk in ids:
        pending.add(Hint(LIST, pk))
    pending.add(Hint(LIST, ids[0]))
    assert pending.take() == [Hint(LIST)]


def test_it_has_ids_and_no_words() -> None:
    pk = uuid.uuid4()
    assert Hint(LIST).data == {}
    assert Hint(LIST, pk).data == {"conversation": str(pk)}
    assert Hint(CONVERSATION, pk, pk, pk).data.keys() == {"conversation", "message", "generation"}


# Where a reader is


def test_a_position_says_whether_anything_was_missed() -> None:
    history = History()
    before = history.position
    assert not history.has_missed(1, before)
    after = history.note(1)
    assert history.has_missed(1, before)
    assert not history.has_missed(1, after)
    assert not history.has_missed(2, before), "It was told to somebody else"


def test_of_a_position_that_it_does_not_know_nobody_can_say() -> None:
    history = History()
    history.note(1)
    name = history._name
    of_this = [f"{name}-{count}" for count in ("", "x", "2", "²", "1-1", "9" * 99)]
    for position in ("", "-", "x", "-1", "0-0", name, *of_this):
        assert history.has_missed(2, position), position


def test_a_process_that_was_forked_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    before = history.position
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert history.has_missed(1, before)
    assert not history.has_missed(1, history.position)


def test_of_users_that_it_has_forgotten_it_says_too_much_rather_than_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "MOST_USERS", 2)
    history = History()
    before = history.position
    told = [history.note(number) for number in (1, 2, 3)]
    assert len(history._last) == 2
    assert history.has_missed(1, before)
    assert history.has_missed(4, before), "It cannot know"
    assert not history.has_missed(1, told[0])


# Who is told


def test_only_its_owner_is_told_on_every_stream_and_from_any_thread() -> None:
    async def test() -> None:
        me, other = user(), user()
        mine = [await Reader(me).opened() for _ in range(2)]
        theirs = await Reader(other).opened()
        pk = uuid.uuid4()
        threading.Thread(target=registry.tell, args=(me, Hint(LIST, pk))).start()
        for reader in mine:
            assert await reader.events(1) == [(LIST, {"conversation": str(pk)})]
        registry.tell(other, Hint(LIST))
        assert await theirs.events(1) == [(LIST, {})]

    run(test)


def test_who_reads_slowly_gets_one_of_a_thousand_and_a_position_after_them() -> None:
    async def test() -> None:
        me, pk = user(), uuid.uuid4()
        reader = await Reader(me).opened()
        for _ in range(1_000):
            registry.tell(me, Hint(LIST, pk))
        registry.tell(me, Hint(CONVERSATION, pk, pk, pk))
        first, last = await reader.next(), await reader.next()
        assert (first.event, last.event) == (LIST, CONVERSATION)
        assert (first.id, last.id) == (None, hints.now()), "Cut between the two it has not had both"
        await reader.close()
        again = await Reader(me, since=last.id).opened()
        registry.tell(me, Hint(LIST))
        assert await again.events(1) == [(LIST, {})]

    run(test)


def test_who_comes_back_is_told_to_ask_only_if_something_was_missed() -> None:
    async def test() -> None:
        me = user()
        before = hints.now()
        registry.tell(user(), Hint(LIST))
        reader = await Reader(me, since=before).opened()
        await reader.close()
        registry.tell(me, Hint(LIST, uuid.uuid4()))
        for since in (before, "of-another-process-5"):
            back = await Reader(me, since=since).opened()
            assert await back.events(2) == [(LIST, {}), (CONVERSATION, {})]
            await back.close()

    run(test)


@pytest.mark.django_db(transaction=True)
def test_it_is_told_once_it_is_committed_and_not_at_all_if_it_is_not() -> None:
    me = user()
    before = hints.now()
    with transaction.atomic():
        hints.list_changed(me)
        assert hints.now() == before
    assert registry._history.has_missed(me, before)
    after = hints.now()
    with transaction.atomic():
        hints.entry_changed(me, uuid.uuid4())
        transaction.set_rollback(True)
    assert hints.now() == after


# How many, how long


def test_a_fourth_of_a_session_closes_the_oldest_and_says_so() -> None:
    async def test() -> None:
        me = user()
        readers = [await Reader(me, "s").opened() for _ in range(OF_SESSION)]
        elsewhere = await Reader(me, "another").opened()
        await Reader(me, "s").opened()
        assert (await readers[0].next()).event == "closed"
        assert (await readers[0].next()).retry == DAY
        assert await readers[0].ends()
        registry.tell(me, Hint(LIST))
        for reader in (*readers[1:], elsewhere):
            assert await reader.events(1) == [(LIST, {})]

    run(test)


def test_many_sessions_of_a_user_have_a_limit_too() -> None:
    async def test() -> None:
        me = user()
        readers = [await Reader(me).opened() for _ in range(OF_USER + 2)]
        for reader in readers[:2]:
            assert (await reader.next()).event == "closed"
        assert len(registry._of[me]) == OF_USER

    run(test)


def test_one_task_keeps_all_alive_and_ends_with_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.KEEP_ALIVE_SECONDS + module.PULSE_SECONDS <= 15
    monkeypatch.setattr(module, "KEEP_ALIVE_SECONDS", 0.02)
    monkeypatch.setattr(module, "PULSE_SECONDS", 0.01)

    async def test() -> None:
        readers = [await Reader(user()).opened() for _ in range(3)]
        tasks = len(asyncio.all_tasks())
        for _ in range(2):
            for reader in readers:
                assert (await reader.next()).comment == "keep-alive"
        assert len(asyncio.all_tasks()) == tasks
        for reader in readers:
            await reader.close()
        pulse = registry._pulse
        assert pulse
        await pulse
        assert not registry._of
        assert not registry._sent_at

    run(test)


@pytest.mark.parametrize("code", list(Gone))
def test_whose_right_is_gone_is_told_so(code: Gone) -> None:
    async def test() -> None:
        me = user()
        reader = await Reader(me).opened()
        registry.tell(me, Hint(LIST))
        reader.stream.access.end(code)
        frame = await reader.next()
        assert (frame.event, frame.data, frame.id) == ("gone", {"code": code}, None)
        if code != Gone.LOGGED_OUT:
            assert (await reader.next()).retry == DAY
        assert await reader.ends()
        assert me not in registry._of

    run(test)


def test_a_process_that_ends_lets_go_of_all_which_come_again_spread() -> None:
    async def test() -> None:
        readers = [await Reader(user()).opened() for _ in range(3)]
        hints.close()
        for reader in readers:
            assert 1 <= int((await reader.next()).retry or 0) <= 5_000
            assert await reader.ends()
        assert not registry._of

    run(test)
