"""The contract of the exchange, one suite for every back end: a back end's class of tests adds `exchanges`."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.live.exchange import Exchange, LiveReply
from chat.live.exchange.live_reply import CROWD
from chat.live.exchange.memory import MemoryExchange
from chat.live.exchange.tick import BUSY, BUSY_FRAME_SECONDS, FRAME_SECONDS

PATIENCE = 30.0
ENDING: dict[str, object] = {"status": "complete"}


class Database:
    """What all processes read: what is stored of each reply, who writes it, and whether it is to be stopped.

    What was said when it was begun stands there until the end, as if there were no checkpoint.
    """

    def __init__(self) -> None:
        self.rows: dict[uuid.UUID, tuple[str, LiveReply, list[Part]]] = {}
        self.to_stop: set[uuid.UUID] = set()


class Process:
    """An exchange, and what the engine and followers of its process do with the database beside it."""

    def __init__(self, exchange: Exchange, database: Database) -> None:
        self.name = exchange.name
        self.exchange = exchange
        self._database = database

    async def publish(self, generation_id: uuid.UUID, live: LiveReply, stop: Callable[[], None]) -> None:
        def check() -> None:
            if generation_id in self._database.to_stop:
                stop()

        self._database.rows[generation_id] = self.name, live, live.reply.parts()
        await self.exchange.publish(generation_id, live, stop, check)

    async def withdraw(self, generation_id: uuid.UUID) -> None:
        await self.exchange.withdraw(generation_id)

    async def find(self, generation_id: uuid.UUID) -> LiveReply | None:
        """The live reply or a mirror; waited for where the database would be read meanwhile."""
        while True:
            live = await self.exchange.find(generation_id)
            if live and not live.is_over:
                return live
            if not (row := self._database.rows.get(generation_id)) or row[1].is_over:
                return None
            process, written, stored = row
            if mirror := self.exchange.mirror(generation_id, process, written.conversation_id, stored):
                return mirror
            await asyncio.sleep(0.02)

    def read(self, generation_id: uuid.UUID) -> tuple[Reply, dict[str, object] | None]:
        """The whole reply, and how it has ended."""
        _process, live, _stored = self._database.rows[generation_id]
        assert live.is_over
        return live.reply, live.ending

    async def stop(self, generation_id: uuid.UUID) -> bool:
        if await self.exchange.stop(generation_id):
            return True
        if not (row := self._database.rows.get(generation_id)):
            return False
        self._database.to_stop.add(generation_id)
        await self.exchange.stop(generation_id, row[0])
        return True

    async def retitle(self, conversation_id: uuid.UUID, title: str) -> None:
        rows = self._database.rows.values()
        others = {process for process, live, _ in rows if live.conversation_id == conversation_id} - {self.name}
        await self.exchange.retitle(conversation_id, title, others)


class ExchangeContract:
    """What holds for any back end. Two exchanges stand for two processes; a back end may give the same twice."""

    @asynccontextmanager
    async def exchanges(self) -> AsyncIterator[tuple[Exchange, Exchange]]:
        """The exchange of the process that runs a generation, and that of another which follows."""
        raise NotImplementedError
        yield

    @pytest.fixture
    def generation_id(self) -> uuid.UUID:
        return uuid.uuid4()

    def run(self, test: Callable[[Process, Process], Coroutine[Any, Any, None]]) -> None:
        async def within_time() -> None:
            database = Database()
            async with asyncio.timeout(PATIENCE), self.exchanges() as (here, there):
                await test(Process(here, database), Process(there, database))

        asyncio.run(within_time())

    def test_finds_what_was_published(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            await here.publish(generation_id, live_reply("Hello"), no_stop)
            found = await there.find(generation_id)
            assert found
            assert found.reply.parts() == [Part(TEXT, "Hello")]
            assert found.ending is None

        self.run(test)

    def test_finds_nothing_of_an_unknown_generation(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            await here.publish(uuid.uuid4(), live_reply(), no_stop)
            assert await there.find(generation_id) is None

        self.run(test)

    def test_finds_nothing_after_it_was_withdrawn(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply("Hello")
            await here.publish(generation_id, live, no_stop)
            live.end(ENDING)
            await here.withdraw(generation_id)
            await here.withdraw(generation_id)
            assert await there.find(generation_id) is None

        self.run(test)

    def test_a_follower_sees_every_append_and_then_the_ending(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply()
            await here.publish(generation_id, live, no_stop)
            following = asyncio.create_task(followed(there, generation_id))
            for number in range(50):
                live.append(REASONING if number % 10 == 0 else TEXT, f"{number} ")
                await asyncio.sleep(0)
            live.end(ENDING)
            await here.withdraw(generation_id)
            assert await following == (live.reply.parts(), ENDING)

        self.run(test)

    def test_a_follower_that_comes_late_sees_the_same(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply("Hello")
            await here.publish(generation_id, live, no_stop)
            early = asyncio.create_task(followed(there, generation_id))
            await asyncio.sleep(0)
            live.append(TEXT, ", world")
            late = asyncio.create_task(followed(there, generation_id))
            await asyncio.sleep(0)
            live.append(TEXT, "!")
            live.end(ENDING)
            assert await early == await late == ([Part(TEXT, "Hello, world!")], ENDING)

        self.run(test)

    def test_many_followers_are_told_of_the_same_news(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply()
            await here.publish(generation_id, live, no_stop)
            following = [asyncio.create_task(followed(there, generation_id)) for _ in range(20)]
            await asyncio.sleep(0)
            live.append(TEXT, "Hello")
            live.end(ENDING)
            assert await asyncio.gather(*following) == [([Part(TEXT, "Hello")], ENDING)] * 20

        self.run(test)

    def test_a_follower_that_goes_disturbs_no_other(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply()
            await here.publish(generation_id, live, no_stop)
            goes, stays = (asyncio.create_task(followed(there, generation_id)) for _ in range(2))
            await asyncio.sleep(0)
            goes.cancel()
            live.append(TEXT, "Hello")
            live.end(ENDING)
            assert await stays == ([Part(TEXT, "Hello")], ENDING)

        self.run(test)

    def test_stop_reaches_the_generation(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            stopped = asyncio.Event()
            await here.publish(generation_id, live_reply(), stopped.set)
            assert await there.stop(generation_id)
            await stopped.wait()

        self.run(test)

    def test_stop_of_an_unknown_generation_says_so(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            assert not await there.stop(generation_id)

        self.run(test)

    def test_a_new_title_reaches_who_follows_in_that_conversation(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live, other = live_reply(), live_reply()
            await here.publish(generation_id, live, no_stop)
            await here.publish(uuid.uuid4(), other, no_stop)
            found = await there.find(generation_id)
            assert found
            news = asyncio.ensure_future(found.news(0))
            await asyncio.sleep(0)
            await there.retitle(live.conversation_id, "Titles")
            await news
            assert found.notices.title == "Titles"
            assert other.notices.title is None

        self.run(test)

    def test_an_abandoned_reply_sends_its_followers_to_the_database(self, generation_id: uuid.UUID) -> None:
        async def test(here: Process, there: Process) -> None:
            live = live_reply("Hello")
            await here.publish(generation_id, live, no_stop)
            following = asyncio.create_task(followed(there, generation_id))
            await asyncio.sleep(0)
            live.abandon()
            await here.withdraw(generation_id)
            assert await following == ([Part(TEXT, "Hello")], None)

        self.run(test)


class TestMemoryExchange(ExchangeContract):
    @asynccontextmanager
    async def exchanges(self) -> AsyncIterator[tuple[Exchange, Exchange]]:
        exchange = MemoryExchange()
        yield exchange, exchange


class TestLiveReply:
    """The pace: the first piece at once, later ones at most once a frame."""

    def test_tells_of_the_first_piece_at_once(self) -> None:
        # The best of several: a busy machine may be late, but never early.
        assert min(asyncio.run(self._waits(pieces=1)) for _ in range(10)) < FRAME_SECONDS / 2

    def test_tells_of_later_pieces_once_a_frame(self) -> None:
        assert asyncio.run(self._waits(pieces=2)) >= FRAME_SECONDS * 0.9

    async def _waits(self, pieces: int, followers: int = 1) -> float:
        """Seconds until the last of `pieces` is told of, each appended as soon as the one before was."""
        live = live_reply()
        begun = asyncio.get_running_loop().time()
        for number in range(pieces):
            news = asyncio.gather(*(live.news(number) for _ in range(followers)))
            await asyncio.sleep(0)
            live.append(TEXT, "x")
            async with asyncio.timeout(PATIENCE):
                await news
        return asyncio.get_running_loop().time() - begun

    def test_many_pieces_within_a_frame_are_one_piece_of_news(self) -> None:
        async def test() -> list[int]:
            live, positions, position = live_reply(), [], 0

            async def follow() -> None:
                nonlocal position
                while not live.is_over:
                    await live.news(position)
                    position = live.reply.position
                    positions.append(position)

            following = asyncio.create_task(follow())
            await asyncio.sleep(0)
            for _ in range(1000):
                live.append(TEXT, "x")
                await asyncio.sleep(0)
            live.end(ENDING)
            async with asyncio.timeout(PATIENCE):
                await following
            return positions

        positions = asyncio.run(test())
        assert positions[0] == 1
        assert positions[-1] == 1000
        assert len(positions) < 100

    def test_tells_many_followers_of_later_pieces_more_rarely(self) -> None:
        assert asyncio.run(self._waits(pieces=2, followers=CROWD + 1)) >= BUSY_FRAME_SECONDS * 0.9

    @pytest.mark.alone
    def test_many_replies_are_told_of_together_but_of_the_first_piece_at_once(self) -> None:
        async def test() -> None:
            lives = [live_reply() for _ in range(BUSY + 1)]
            for number in range(2):
                news = [live.news(number) for live in lives]
                for live, future in zip(lives, news, strict=True):
                    live.append(TEXT, "x")
                    assert future.done() == (number == 0)
                async with asyncio.timeout(PATIENCE):
                    await news[0]
                    assert all(future.done() for future in news)

        asyncio.run(test())

    @pytest.mark.alone
    def test_the_writers_of_many_replies_pause_together_and_those_of_few_not_at_all(self) -> None:
        async def test() -> None:
            few = [live_reply() for _ in range(BUSY)]
            assert [live.pause() for live in few] == [None] * BUSY
            many = [*few, live_reply()]
            assert [live.pause() for live in many] == [None] * len(many), "After a first piece nobody waits"
            pauses = [pause for live in many if (pause := live.pause())]
            assert len(pauses) == len(many)
            pauses[0].cancel()  # its writer was stopped, which must not end the others' pause
            async with asyncio.timeout(PATIENCE):
                await pauses[1]
                assert all(pause.done() for pause in pauses)

        asyncio.run(test())

    def test_what_a_writer_reads_after_its_pause_is_not_kept_to_the_next_tick(self) -> None:
        async def test() -> None:
            lives = [live_reply() for _ in range(BUSY + 1)]
            live = lives[0]
            live.append(TEXT, "x")
            live.tell()
            later = live.news(1)
            live.append(TEXT, "x")
            while not (pause := live.pause()):
                pass
            async with asyncio.timeout(PATIENCE):
                await later  # told of by the tick, and so just now
                await pause
            news = live.news(2)
            live.append(TEXT, "x")
            assert news.done()

        asyncio.run(test())

    def test_waits_for_nothing_when_it_is_over(self) -> None:
        async def test() -> None:
            live = live_reply("Hello")
            live.end(ENDING)
            async with asyncio.timeout(PATIENCE):
                await live.news(5)

        asyncio.run(test())


def live_reply(text: str = "") -> LiveReply:
    live = LiveReply(uuid.uuid4())
    if text:
        live.append(TEXT, text)
    return live


def no_stop() -> None:
    raise AssertionError("Nobody asked for a stop")


async def followed(process: Process, generation_id: uuid.UUID) -> tuple[list[Part], dict[str, object] | None]:
    """What a follower of a live reply has seen when it is over: its parts, read by position, and its ending."""
    live = await process.find(generation_id)
    assert live
    pieces: list[Part] = []
    position = 0

    def read(reply: Reply) -> None:
        nonlocal position
        for part in reply.since(position):
            if pieces and pieces[-1].kind == part.kind:
                pieces[-1] = Part(part.kind, pieces[-1].text + part.text)
            else:
                pieces.append(part)
            position += len(part)

    while live:
        over = live.is_over
        if live.reply.position >= position:
            read(live.reply)
        else:
            assert live.may_lag
        if over and (live.ending or not live.may_lag):
            return pieces, live.ending
        if over:
            live = await process.find(generation_id)
        else:
            await live.news(position)
    reply, ending = process.read(generation_id)
    read(reply)
    return pieces, ending
