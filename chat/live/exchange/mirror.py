"""A mirror: a live reply of another process, as it was last heard of."""

import asyncio
import uuid
from collections.abc import Iterable
from contextlib import suppress

from chat.core.reply import Part
from chat.live.exchange.live_reply import LiveReply, Notices
from chat.live.exchange.messages import News

FIRST_SECONDS = 1.0
"""How long it may be waited for that it is first heard of."""


class Mirror(LiveReply):
    """It begins with what is stored, which may be less than a follower has had, and never has an ending."""

    may_lag = True
    sets_the_pace = False
    is_known = False

    def __init__(self, conversation_id: uuid.UUID, stored: Iterable[Part], process: str, number: int) -> None:
        super().__init__(conversation_id, stored)
        self.process = process
        self.number = number
        """Of the wish that it answers: what answers an earlier one is not for it."""
        self.begun_at = self.heard_at = self.wanted_at = self._loop.time()
        self._first = asyncio.Event()

    @property
    def age(self) -> float:
        return self._loop.time() - self.begun_at

    @property
    def is_wanted(self) -> bool:
        """Does anybody wait for it?"""
        return any(not waiting.done() for waiting in self._waiting)

    def hear(self, news: News) -> bool:
        """False if it does not join what is here."""
        if news.position != self.reply.position:
            return False
        for part in news.parts:
            self.reply.append(part.kind, part.text)
        if self.reply.position != news.position + sum(map(len, news.parts)):
            return False
        notices = Notices(news.title, news.unstored)
        has_news = bool(news.parts) or notices != self.notices
        self.notices = notices if has_news else self.notices
        self.heard_at, self.is_known = self._loop.time(), True
        self._first.set()
        if has_news:
            self.tell()  # at once: who sends it keeps the pace
        return True

    def news(self, position: int) -> asyncio.Future[bool]:
        self.wanted_at = self._loop.time()
        return super().news(position)

    def abandon(self) -> None:
        self._first.set()
        super().abandon()

    async def first(self) -> None:
        """Once it is as far as its process, or over, or that takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await self._first.wait()
