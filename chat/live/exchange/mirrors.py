"""The mirrors of a process: what it follows of other processes.

Each begins with what is stored, and asks its process for the rest. What it hears must join exactly what it has: else
it is thrown away, and whoever follows it reads the database, begins another one there and goes on. So does a mirror
of which nothing is heard any more. What fails again and again rests for a while, and is followed in the database.
"""

import asyncio
import contextvars
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from chat.core.reply import Part
from chat.live.exchange.messages import News, Wish
from chat.live.exchange.mirror import Mirror

BEAT_SECONDS = 1.0
RENEW_SECONDS = 3.0
SILENT_SECONDS = 3.0
"""A process tells of what it is asked for every second: of whom nothing was heard for so long, it is gone."""
UNWANTED_SECONDS = 10.0
"""How long a mirror stays that nobody reads."""
REST_SECONDS = 2.0
LONGEST_REST_SECONDS = 30.0
YOUNG_SECONDS = 1.0
"""What does not live so long rests before it is tried again: else each lost message costs a read of the database. What
nothing is heard of in this time rests as well, each time twice as long: its process may be of another version."""


@dataclass
class Rest:
    until: float
    seconds: float


class Mirrors:
    """`ask` sends wishes to a process."""

    def __init__(self, ask: Callable[[str, list[Wish]], None]) -> None:
        self._ask = ask
        self._mirrors: dict[str, Mirror] = {}
        self._rests: dict[str, Rest] = {}
        """When there is none; remembered for a while."""
        self._wishes: dict[str, list[Wish]] = {}
        self._numbers = count(1)
        self._renewed_at = 0.0
        self._beating: asyncio.Task[None] | None = None

    def find(self, generation: str) -> Mirror | None:
        return self._mirrors.get(generation)

    def begin(
        self, generation: str, process: str, conversation_id: uuid.UUID, stored: Iterable[Part]
    ) -> Mirror | None:
        """The one that there is, or another one; None while it rests."""
        if found := self._mirrors.get(generation):
            return found
        loop = asyncio.get_running_loop()
        if (rest := self._rests.get(generation)) and rest.until > loop.time():
            return None
        mirror = self._mirrors[generation] = Mirror(conversation_id, stored, process, next(self._numbers))
        self._wish(generation, mirror)
        if not self._beating or self._beating.done():
            # In a context of its own: that of a request would keep the request's thread.
            self._beating = loop.create_task(self._beat(), context=contextvars.Context())
        return mirror

    def hear(self, process: str, news: News) -> None:
        mirror = self._mirrors.get(news.generation)
        if not mirror or (mirror.process, mirror.number) != (process, news.number):
            return
        if news.position is None:
            self._throw_away(news.generation, rests=True)
        elif not mirror.hear(news):
            self._throw_away(news.generation, rests=mirror.age < YOUNG_SECONDS)
        elif news.is_over:
            self._throw_away(news.generation, rests=False)

    def throw_all_away(self) -> None:
        for generation in list(self._mirrors):
            self._throw_away(generation, rests=False)

    def close(self) -> None:
        self.throw_all_away()
        if self._beating:
            self._beating.cancel()

    def _throw_away(self, generation: str, *, rests: bool) -> None:
        mirror = self._mirrors.pop(generation)
        last = self._rests.pop(generation, None)
        if rests:
            seconds = min(last.seconds * 2, LONGEST_REST_SECONDS) if last else REST_SECONDS
            self._rests[generation] = Rest(asyncio.get_running_loop().time() + seconds, seconds)
        mirror.abandon()

    def _wish(self, generation: str, mirror: Mirror) -> None:
        """Together with what else is wished for in this turn of the event loop."""
        if not self._wishes:
            asyncio.get_running_loop().call_soon(self._send_wishes)
        wish = Wish(generation, mirror.number, mirror.reply.position)
        self._wishes.setdefault(mirror.process, []).append(wish)

    def _send_wishes(self) -> None:
        wishes, self._wishes = self._wishes, {}
        for process, those in wishes.items():
            self._ask(process, those)

    async def _beat(self) -> None:
        while self._mirrors or self._rests:
            await asyncio.sleep(BEAT_SECONDS)
            self._look(asyncio.get_running_loop().time())

    def _look(self, now: float) -> None:
        self._rests = {pk: rest for pk, rest in self._rests.items() if rest.until > now - LONGEST_REST_SECONDS}
        renews = now - self._renewed_at >= RENEW_SECONDS
        self._renewed_at = now if renews else self._renewed_at
        for generation, mirror in list(self._mirrors.items()):
            if mirror.is_wanted:
                mirror.wanted_at = now
            if mirror.heard_at < now - (SILENT_SECONDS if mirror.is_known else YOUNG_SECONDS):
                self._throw_away(generation, rests=True)
            elif mirror.wanted_at < now - UNWANTED_SECONDS:
                self._throw_away(generation, rests=False)
            elif renews:
                self._wish(generation, mirror)
