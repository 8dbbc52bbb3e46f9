"""Request threads for what makes others wait: requests that hash passwords, or that ask an identity provider.

To check a password takes a third of a second of a processor, by design, and a provider may be away. In the threads
that serve everything, sixty wrong passwords at once would stop everything. So such requests, told by their paths
(account_paths.py), have two threads of their own, and a thread is one request's alone until its turn is over: until
its response is made, or the view says that the rest hashes nothing (`request.end_turn`). Whoever leaves meanwhile does
not end it, or who asks and leaves could have any number of passwords hashed at once.

Who comes while both are taken waits, holding neither thread nor connection, and no longer than their client stays.
Turns go round by address, as in fair queueing (J. Nagle, RFC 970): sixty requests of one keep those of another waiting
for one or two. `CHAT_ACCOUNT_QUEUE` wait at most; past it whoever has most there gives way, the last to come first
(P. McKenney, Stochastic Fairness Queueing, 1990), so that nobody keeps others out by filling it.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from django.core.exceptions import RequestAborted

from chat import metrics
from chat.conf import settings
from chat.models.threads import size_of
from chat.serving.request_threads import RequestThread

Place = asyncio.Future[RequestThread]


class TooBusy(Exception):
    """As many wait as may."""


class AccountThreads:
    def __init__(self, name: str) -> None:
        self._free = [RequestThread(name, index) for index in range(size_of(name).threads)]
        self._waiting: dict[str, deque[Place]] = {}
        """By address, that whose turn is next first."""
        metrics.waiting.labels(name).set_function(lambda: sum(map(len, self._waiting.values())))

    async def turn(self, address: str, leaving: asyncio.Future[Any]) -> "Turn":
        """Waits for one. Raises TooBusy, and RequestAborted if the client is `leaving`."""
        place = self._take_place(address)
        leaving.add_done_callback(lambda _: _refuse(place, RequestAborted()))
        self._hand_out()
        try:
            return Turn(self, await place)
        except asyncio.CancelledError:
            if not place.cancelled() and not place.exception():
                self.take_back(place.result())
            raise
        finally:
            self._leave(address, place)

    def take_back(self, thread: RequestThread) -> None:
        """Once it has nothing to do: what a request had begun that was given up goes on."""
        if unfinished := list(thread.waiting):
            loop = asyncio.get_running_loop()
            unfinished[0].add_done_callback(lambda _: _call_soon(loop, self.take_back, thread))
        else:
            self._free.append(thread)
            self._hand_out()

    def _take_place(self, address: str) -> Place:
        if not self._free and sum(map(len, self._waiting.values())) >= (settings.CHAT_ACCOUNT_QUEUE or float("inf")):
            longest = max(self._waiting.values(), key=len)
            if len(longest) <= len(self._waiting.get(address, ())) + 1:
                raise TooBusy
            _refuse(longest.pop(), TooBusy())
        place: Place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(place)
        return place

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            address = next(iter(self._waiting))
            places = self._waiting.pop(address)
            place = places.popleft()
            if places:
                self._waiting[address] = places  # behind all others
            if not place.done():
                place.set_result(self._free.pop())

    def _leave(self, address: str, place: Place) -> None:
        places = self._waiting.get(address, deque())
        with suppress(ValueError):
            places.remove(place)
        if not places:
            self._waiting.pop(address, None)


class Turn:
    """A request's, with a thread that is its own until it ends."""

    def __init__(self, threads: AccountThreads, thread: RequestThread) -> None:
        self.thread = thread
        self._threads = threads
        self._is_over = asyncio.Event()

    def end(self) -> None:
        """For others to go on; once. To be called on the event loop."""
        if not self._is_over.is_set():
            self._is_over.set()
            self._threads.take_back(self.thread)

    async def until_over(self) -> None:
        await self._is_over.wait()


def _refuse(place: Place, error: Exception) -> None:
    if not place.done():
        place.set_exception(error)


def _call_soon(loop: asyncio.AbstractEventLoop, *call: Any) -> None:
    with suppress(RuntimeError):  # it has been closed: the process ends
        loop.call_soon_threadsafe(*call)
