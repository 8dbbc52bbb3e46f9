"""A follower: one open event stream that reads a reply from a position.

It reads the live reply while the generation runs, and the database afterwards; both are the same `Reply`, so it does
not matter in the middle of which the reader comes and goes. Of a generation that another process runs it reads a
mirror or, where there is none, the database every second. What it holds is one integer. If what it has sent is not
there at the end (the process died before its last second was stored), it says so with `reset` and sends all.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator

from chat import metrics
from chat.core import sse
from chat.core.slots import Slot
from chat.failures import log_failure, unavailable
from chat.live.access import Access, Gone
from chat.live.access.watch import watch
from chat.live.events import Stored, end_frame, gone_frame, new_frames, notice_frames, start_data
from chat.live.exchange import LiveReply, exchange
from chat.live.exchange.live_reply import NO_NOTICES, Notices
from chat.live.exchange.mirror import Mirror
from chat.live.heartbeat import LOOK_AGAIN_SECONDS, Heartbeat
from chat.models import Generation
from chat.models.threads import in_database

logger = logging.getLogger(__name__)

RETRY_MILLISECONDS = 1000


class Away:
    """The database cannot be asked just now. What was read before is still true."""


async def follow(
    generation: Generation, position: int | None, slot: Slot | None = None, access: Access | None = None
) -> AsyncIterator[bytes]:
    """The frames of a reply after `position`, to its end. None: a position that cannot be honoured.

    `generation` comes with its message and conversation. Frames are those of docs/protocol.md. `slot` is freed at the
    end. `access` is what allows it: looked at again and again, and when that is gone, so is the stream.
    """
    heartbeat = Heartbeat()
    told = NO_NOTICES
    counted = None
    try:
        if access:
            watch.add(access, heartbeat.interrupt)
        while isinstance(source := await _source_at(generation.pk, position), Away):
            yield sse.KEEP_ALIVE
        counted = metrics.followers.labels("here" if _is_here(source) else "elsewhere")
        counted.inc()
        sent = position if source and position is not None and position <= source.reply.position else 0
        yield sse.retry(RETRY_MILLISECONDS) + sse.frame("start", start_data(generation), sent)
        if position != sent:
            metrics.resets.inc()
            yield sse.frame("reset", {}, 0)
        while source:
            if access and access.gone:
                yield gone_frame(access.gone)
                return
            frames, sent = new_frames(source, sent)
            if (now := _notices(source, told)) is not told:
                frames += notice_frames(told, now)
                told = now
            if source.ending is not None:
                yield frames + end_frame(source.ending, sent)
                return
            if frames:
                yield frames
            # Something may have happened while the frames were on their way.
            if _notices(source, told) is told and not await heartbeat.news(source, sent):
                yield sse.KEEP_ALIVE
            if isinstance(source, Stored) or (source.is_over and source.ending is None):
                found = await _source(generation.pk)
                source = source if isinstance(found, Away) else found
        yield gone_frame(Gone.DELETED)
    except Exception as exc:
        # Ended without `end`, so the reader comes again. Raised on, daphne would leave the connection hanging.
        log_failure(logger, exc, "a follower of generation %s failed", generation.pk)
    finally:
        heartbeat.stop()
        if counted:
            counted.dec()
        if access:
            watch.discard(access)
        if slot:
            slot.free()


def _notices(source: LiveReply | Stored, told: Notices) -> Notices:
    """What is not known of a reply that is written elsewhere stays as it was."""
    return source.notices if isinstance(source, LiveReply) and source.is_known else told


def _is_here(source: LiveReply | Stored | None) -> bool:
    return isinstance(source, LiveReply) and not isinstance(source, Mirror)


async def _source_at(generation_id: uuid.UUID, position: int | None) -> LiveReply | Stored | Away | None:
    """As `_source`: what is behind `position` is given a moment, as what is stored is where another process writes."""
    source = await _source(generation_id)
    if isinstance(source, Mirror) and position is not None and position > source.reply.position:
        await source.first()
        return await _source(generation_id) if source.is_over else source
    return source


async def _source(generation_id: uuid.UUID) -> LiveReply | Stored | Away | None:
    """Where the reply can be read now; None if it has been deleted. A database that is away costs a second."""
    live = await exchange.find(generation_id)
    if live and not live.is_over:
        return live
    try:
        stored = await in_database(_read_stored, generation_id)
    except Exception as exc:
        if not unavailable(exc):
            raise
        log_failure(logger, exc, "streams wait for what is stored, the last of generation %s", generation_id)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return Away()
    if not stored or stored.ending is not None:
        return stored
    return exchange.mirror(generation_id, stored.process, stored.conversation_id, stored.reply.parts()) or stored


def _read_stored(generation_id: uuid.UUID) -> Stored | None:
    generation = Generation.objects.select_related("message").filter(pk=generation_id).first()
    if not generation:
        return None
    # Clipped: a later generation may have continued the message.
    reply = generation.message.reply.until(generation.ends_at)
    ending = None if generation.is_running else generation.ending
    return Stored(reply, generation.message.conversation_id, generation.process, ending)
