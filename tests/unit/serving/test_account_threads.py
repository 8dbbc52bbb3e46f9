"""Who is next for a thread that is a request's alone, who has to go, and that no thread is ever lost."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.core.exceptions import RequestAborted

from chat.models.threads import size_of
from chat.serving.account_threads import AccountThreads, TooBusy, Turn

THREADS = size_of("account").threads


class Door:
    """Those who come, each from the address that its name begins with, and who are inside."""

    def __init__(self) -> None:
        self.threads = AccountThreads("account")
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.leaving: dict[str, asyncio.Future[None]] = {}
        self.inside: dict[str, Turn] = {}
        self.order: list[str] = []

    async def comes(self, *names: str) -> None:
        for name in names:
            self.leaving[name] = asyncio.get_running_loop().create_future()
            self.tasks[name] = asyncio.create_task(self._enters(name))
            await settled()

    async def goes(self, name: str) -> None:
        self.inside.pop(name).end()
        await settled()

    async def all_go(self) -> list[str]:
        """In which order the others have come in by then."""
        before = len(self.order)
        while self.inside:
            await self.goes(next(iter(self.inside)))
        return self.order[before:]

    def refusal(self, name: str) -> BaseException | None:
        return self.tasks[name].exception()

    async def _enters(self, name: str) -> None:
        self.inside[name] = await self.threads.turn(name[0], self.leaving[name])
        self.order.append(name)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def played(scenario: Callable[[Door], Awaitable[None]]) -> None:
    """Afterwards both threads are free, and nobody waits."""

    async def play() -> None:
        door = Door()
        await scenario(door)
        await door.all_go()
        assert len(door.threads._free) == len(set(door.threads._free)) == THREADS
        assert not door.threads._waiting

    asyncio.run(play())


def test_a_thread_is_one_requests_alone_until_its_turn_is_over() -> None:
    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3")
        assert list(door.inside) == ["a1", "a2"]
        first, second = door.inside.values()
        assert first.thread is not second.thread
        await door.goes("a1")
        assert list(door.inside) == ["a2", "a3"]
        assert door.inside["a3"].thread is first.thread
        first.end()  # once more
        await door.comes("a4")
        assert "a4" not in door.inside

    played(scenario)


def test_addresses_take_turns() -> None:
    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "c1")
        assert await door.all_go() == ["a3", "b1", "c1", "a4", "b2", "a5", "a6"]

    played(scenario)


def test_whoever_has_most_there_gives_way_where_too_many_wait(settings: Any) -> None:
    settings.CHAT_ACCOUNT_QUEUE = 4

    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3", "a4", "a5", "a6", "a7")
        assert isinstance(door.refusal("a7"), TooBusy)
        await door.comes("b1", "b2")
        assert isinstance(door.refusal("a6"), TooBusy)
        assert isinstance(door.refusal("a5"), TooBusy)
        await door.comes("a8", "b3", "c1", "d1")
        assert isinstance(door.refusal("a8"), TooBusy)
        assert isinstance(door.refusal("b3"), TooBusy)
        await door.comes("e1")  # all have one there
        assert isinstance(door.refusal("e1"), TooBusy)
        assert sorted(await door.all_go()) == ["a3", "b1", "c1", "d1"]

    played(scenario)


def test_any_number_may_wait_where_there_is_no_limit(settings: Any) -> None:
    settings.CHAT_ACCOUNT_QUEUE = 0

    async def scenario(door: Door) -> None:
        await door.comes(*(f"a{number}" for number in range(150)))
        assert len(await door.all_go()) == 148

    played(scenario)


def test_whose_client_leaves_waits_no_longer() -> None:
    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3", "b1", "a4")
        door.leaving["a3"].set_result(None)
        door.leaving["b1"].set_result(None)
        await asyncio.sleep(0)
        door.inside.pop("a1").end()  # they are refused, and do not know it yet
        await settled()
        assert isinstance(door.refusal("a3"), RequestAborted)
        assert isinstance(door.refusal("b1"), RequestAborted)
        assert list(door.inside) == ["a2", "a4"]

    played(scenario)


def test_whose_client_has_left_before_has_no_turn() -> None:
    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2")
        left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        left.set_result(None)
        with pytest.raises(RequestAborted):
            await door.threads.turn("a", left)

    played(scenario)


@pytest.mark.parametrize("has_thread", [False, True], ids=["waiting", "called"])
def test_what_is_cancelled_keeps_no_thread(has_thread: bool) -> None:
    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3", "a4")
        if has_thread:
            door.inside.pop("a1").end()  # its thread is handed out, and nobody has taken it yet
        door.tasks["a3"].cancel()
        await settled()
        assert door.tasks["a3"].cancelled()
        await door.all_go()
        assert door.order == ["a1", "a2", "a4"]

    played(scenario)


def test_a_thread_that_still_works_goes_to_nobody() -> None:
    """As that of a request which its server has given up."""

    async def scenario(door: Door) -> None:
        await door.comes("a1", "a2", "a3")
        finished = threading.Event()
        work = asyncio.wrap_future(door.inside["a1"].thread.submit(finished.wait, 30))
        await door.goes("a1")
        assert "a3" not in door.inside
        finished.set()
        await work
        await asyncio.wait_for(door.tasks["a3"], 30)

    played(scenario)
