"""Which other processes follow what is written here, and what they are told.

A process asks for what it has followers of, and renews that; what it does not renew lapses. Who asks gets one message
a tick for all replies that it has asked for: what is new of each, from where it was told last. Nobody waits for that,
neither the replies' writers nor their followers here. Where nothing is new, it is told that, and so where a reply is.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from chat.live.exchange.live_reply import LiveReply
from chat.live.exchange.messages import News, Wish
from chat.live.exchange.tick import tick

LAPSE_SECONDS = 10.0
"""How long a wish counts that is not renewed."""
IDLE_SECONDS = 0.5
"""How often what has no news is told of: once a second at least, also by a process that has much to do."""
MOST_CHARACTERS = 100_000
"""In a message; one reply that has more is told whole."""


@dataclass
class Interest:
    """Of one process in one reply."""

    live: LiveReply
    number: int
    position: int
    """Up to where it was told."""
    until: float
    told_at: float = 0.0
    waiting: asyncio.Future[bool] | None = None

    def news(self, generation: str, now: float) -> News:
        """What it is to be told now."""
        position, self.position, self.told_at = self.position, self.live.reply.position, now
        parts = self.live.reply.since(position) if position < self.position else ()
        live = self.live
        return News(generation, self.number, position, parts, live.is_over, *live.notices)

    def forget(self) -> None:
        if self.waiting:
            self.waiting.cancel()


class Audience:
    """`tell` sends news to a process."""

    def __init__(self, tell: Callable[[str, list[News]], None]) -> None:
        self._tell = tell
        self._live: dict[str, LiveReply] = {}
        self._asked: dict[str, dict[str, Interest]] = {}
        """By process and generation."""
        self._due: dict[str, dict[str, None]] = {}
        """Of whom there is news; each once, in order."""
        self._will_tell = False
        self._beating: asyncio.Task[None] | None = None

    def add(self, generation: str, live: LiveReply) -> None:
        self._live[generation] = live

    def discard(self, generation: str) -> None:
        """It is over. Who follows it is still told so."""
        self._live.pop(generation, None)

    def ask(self, asker: str, wishes: Iterable[Wish]) -> None:
        now = asyncio.get_running_loop().time()
        unknown = [wish for wish in wishes if not self._take(asker, wish, now)]
        if unknown:
            self._tell(asker, [News(wish.generation, wish.number, None) for wish in unknown])
        if self._asked and (not self._beating or self._beating.done()):
            # In a context of its own: that of a request would keep the request's thread.
            self._beating = asyncio.get_running_loop().create_task(self._beat(), context=contextvars.Context())

    def tell_now(self) -> None:
        """All that is due, in one message for each process."""
        self._will_tell = False
        due, self._due = self._due, {}
        now = asyncio.get_running_loop().time()
        for asker, generations in due.items():
            self._tell_one(asker, generations, now)

    def close(self) -> None:
        """All that is due is told, and nothing later."""
        self.tell_now()
        self._asked, self._live = {}, {}
        if self._beating:
            self._beating.cancel()

    def _take(self, asker: str, wish: Wish, now: float) -> bool:
        """False if it is not written here, or has never been so far."""
        interests = self._asked.get(asker, {})
        interest = interests.get(wish.generation)
        if interest and interest.number >= wish.number:  # an earlier one has come late
            interest.until = now + LAPSE_SECONDS
            return True
        live = self._live.get(wish.generation)
        if not live or wish.position > live.reply.position:
            return False
        if interest:
            interest.forget()
        new = Interest(live, wish.number, wish.position, now + LAPSE_SECONDS)
        self._asked.setdefault(asker, interests)[wish.generation] = new
        self._note(asker, wish.generation, 0.0)
        return True

    def _note(self, asker: str, generation: str, delay: float) -> None:
        """It will be told of this generation, together with what else there is to tell by then."""
        self._due.setdefault(asker, {})[generation] = None
        if not self._will_tell:
            self._will_tell = True
            asyncio.get_running_loop().call_later(delay, self.tell_now)

    def _tell_one(self, asker: str, generations: Iterable[str], now: float) -> None:
        interests = self._asked.get(asker, {})
        message, characters = list[News](), 0
        for generation in generations:
            if not (interest := interests.get(generation)):
                continue
            message.append(news := interest.news(generation, now))
            self._go_on(asker, generation, interest)
            characters += sum(len(part.text) for part in news.parts)
            if characters > MOST_CHARACTERS:
                self._tell(asker, message)
                message, characters = [], 0
        if message:
            self._tell(asker, message)

    def _go_on(self, asker: str, generation: str, interest: Interest) -> None:
        if interest.live.is_over:
            self._forget(asker, generation)
        elif not interest.waiting or interest.waiting.done():
            interest.waiting = interest.live.news(interest.position)
            interest.waiting.add_done_callback(partial(self._has_news, asker, generation))

    def _has_news(self, asker: str, generation: str, waiting: "asyncio.Future[bool]") -> None:
        """Replies are written right after the ticks: half of one later, most of them have been."""
        if not waiting.cancelled():
            self._note(asker, generation, tick.seconds / 2)

    def _forget(self, asker: str, generation: str) -> None:
        self._asked[asker].pop(generation).forget()
        if not self._asked[asker]:
            del self._asked[asker]

    async def _beat(self) -> None:
        while self._asked:
            await asyncio.sleep(IDLE_SECONDS)
            self._look(asyncio.get_running_loop().time())

    def _look(self, now: float) -> None:
        """What has lapsed goes; what was told of nothing for a while is told so."""
        asked = [(asker, key, one) for asker, those in self._asked.items() for key, one in those.items()]
        for asker, generation, interest in asked:
            if interest.until < now:
                self._forget(asker, generation)
            elif interest.told_at < now - IDLE_SECONDS:
                self._note(asker, generation, 0.0)
