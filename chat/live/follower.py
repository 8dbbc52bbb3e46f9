"""A follower: one open event stream that reads a reply from a position.

It reads the live reply while the generation runs, and the database afterwards; both are the same `Reply`, so it does
not matter in the middle of which the reader comes and goes. What it holds is one integer. If what it has sent is no
longer there (the process died before its last second was stored), it says so with `reset` and sends all.
"""

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from chat.core import sse
from chat.core.reply import SPOKEN, Reply
from chat.i18n import translated
from chat.live.exchange import LiveReply, exchange
from chat.models import Generation
from chat.models.threads import in_database

logger = logging.getLogger(__name__)

RETRY_MILLISECONDS = 1000
KEEP_ALIVE_SECONDS = 15.0
SHARED_BYTES = 65_536
"""Longer frames are not kept for other followers."""
LOOK_AGAIN_SECONDS = 1.0
"""How often the database is asked about a generation that runs nowhere that we know of."""


@dataclass
class Stored:
    """A reply as the database has it; `ending` is None while its generation counts as running."""

    reply: Reply
    ending: dict[str, object] | None


class Away:
    """The database cannot be asked just now. What was read before is still true."""


open_streams: Counter[int] = Counter()
"""How many followers each user has in this process, those included that are about to begin."""


class Place:
    """That of one follower among a user's, taken when it is asked for: else many that come at once find room for all.

    One that is never begun, as when what was asked is refused, lets go of it unseen.
    """

    def __init__(self, user_id: int) -> None:
        self._user_id: int | None = user_id
        open_streams[user_id] += 1

    def free(self) -> None:
        """Safe to repeat."""
        user_id, self._user_id = self._user_id, None
        if user_id is not None:
            open_streams[user_id] -= 1
            if not open_streams[user_id]:
                del open_streams[user_id]

    __del__ = free


async def follow(generation: Generation, position: int | None, place: Place | None = None) -> AsyncIterator[bytes]:
    """The frames of a reply after `position`, to its end. None: a position that cannot be honoured.

    `generation` comes with its message and conversation. Frames are those of docs/protocol.md. `place` is freed at the
    end.
    """
    heartbeat = Heartbeat()
    title = None
    try:
        while isinstance(source := await _source(generation.pk), Away):
            yield sse.KEEP_ALIVE
        sent = position if source and position is not None and position <= source.reply.position else 0
        yield sse.retry(RETRY_MILLISECONDS) + sse.frame("start", _start(generation), sent)
        if position != sent:
            yield sse.frame("reset", {}, 0)
        while source:
            frames, sent = _new_frames(source, sent)
            if isinstance(source, LiveReply) and source.title != title:
                title = source.title
                frames += sse.frame("title", {"title": title})
            if source.ending is not None:
                yield frames + sse.frame("end", _said(source.ending), sent)
                return
            if frames:
                yield frames
            if not await heartbeat.news(source, sent):
                yield sse.KEEP_ALIVE
            if isinstance(source, Stored) or (source.is_over and source.ending is None):
                found = await _source(generation.pk)
                source = source if isinstance(found, Away) else found
    except Exception:
        # Ended without `end`, so the reader comes again. Raised on, daphne would leave the connection hanging.
        logger.exception("A follower of generation %s failed", generation.pk)
    finally:
        heartbeat.stop()
        if place:
            place.free()


async def _source(generation_id: uuid.UUID) -> LiveReply | Stored | Away | None:
    """Where the reply can be read now; None if it has been deleted. A database that is away costs a second."""
    live = await exchange.find(generation_id)
    if live and not live.is_over:
        return live
    try:
        return await in_database(_read_stored, generation_id)
    except (OperationalError, InterfaceError) as exc:
        logger.warning("The database cannot be asked for generation %s: %s", generation_id, exc)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return Away()


def _read_stored(generation_id: uuid.UUID) -> Stored | None:
    generation = Generation.objects.select_related("message").filter(pk=generation_id).first()
    if not generation:
        return None
    # Clipped: a later generation may have continued the message.
    reply = generation.message.reply.until(generation.ends_at)
    return Stored(reply, None if generation.is_running else generation.ending)


def _start(generation: Generation) -> dict[str, object]:
    message = generation.message
    start: dict[str, object] = {
        "conversation": str(message.conversation_id),
        "message": str(message.pk),
        "parent": str(message.parent_id),
        "generation": str(generation.pk),
        "model": generation.model,
        "title": message.conversation.title,
    }
    return start | ({"left_out": generation.left_out} if generation.left_out else {})


def _said(ending: dict[str, object]) -> dict[str, object]:
    """An ending, whose message is in English, in the language of the request that follows."""
    return ending | {"message": translated(str(ending["message"]))}


def _new_frames(source: LiveReply | Stored, sent: int) -> tuple[bytes, int]:
    """As `_frames`, which all followers of a live reply that are at the same place share."""
    if isinstance(source, Stored):
        return _frames(source.reply, sent)
    position = source.reply.position
    if sent == position:
        return b"", sent
    if source.encoded and source.encoded[:2] == (sent, position):
        return source.encoded[2], position
    frames, position = _frames(source.reply, sent)
    source.encoded = (sent, position, frames) if len(frames) < SHARED_BYTES else None
    return frames, position


def _frames(reply: Reply, sent: int) -> tuple[bytes, int]:
    """The frames that bring a reader from `sent` to the end of `reply`, and the position it is at then."""
    frames = []
    if sent > reply.position:
        frames, sent = [sse.frame("reset", {}, 0)], 0
    for part in reply.since(sent):
        sent += len(part)
        if part.kind in SPOKEN:
            frames.append(sse.text_frame(part.kind, part.text, sent))
        else:
            frames.append(sse.frame(part.kind, json.loads(part.text), sent))
    return b"".join(frames), sent


class Heartbeat:
    """The wait for news, interrupted when it is time for a comment that keeps the stream alive.

    The timer is not moved for each piece of news, which would cost as much as the news: it looks when it strikes.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[bool] | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def news(self, source: LiveReply | Stored, sent: int) -> bool:
        """Wait until there may be more than `sent`. False if a comment should be sent to keep the stream alive."""
        if isinstance(source, Stored):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            return False
        self._waiting = source.news(sent)
        self._since = self._loop.time()
        if not self._timer:
            self._timer = self._loop.call_later(KEEP_ALIVE_SECONDS, self._strike)
        return await self._waiting

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _strike(self) -> None:
        self._timer = None
        due = self._since + KEEP_ALIVE_SECONDS
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._strike)
        elif self._waiting and not self._waiting.done():
            self._waiting.set_result(False)
