"""The events of a reply (docs/protocol.md), framed."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from chat.core import sse
from chat.core.reply import SPOKEN, Part, Reply
from chat.i18n import translated
from chat.live.access.access import SENTENCES, Gone
from chat.live.exchange import LiveReply
from chat.live.exchange.live_reply import Notices
from chat.models import Generation

OF_STREAMS = ("start", "title", "storage", "reset", "gone", "end")
"""Events that are no part of a reply, so that none may look like them."""
LAST_RETRY = sse.retry(86_400_000)
"""A day. A browser's EventSource comes again after every stream: whoever has the last event need not, for there is
nothing more to come. After that event and not within it: cut before it, a client comes again at once and gets it.

A 204 would end it for good, but could be told to nobody: who has all text asks from the same position whether the
ending has arrived or not.
"""
SHARED_BYTES = 65_536
"""Longer frames are not kept for other followers."""


@dataclass
class Stored:
    """A reply as the database has it; `ending` is None while its generation counts as running."""

    reply: Reply
    conversation_id: uuid.UUID
    process: str
    """Which runs it, or has."""
    ending: dict[str, object] | None

    may_lag = True
    """What was written in the last second, and read elsewhere, may not be here yet."""


def start_data(generation: Generation) -> dict[str, object]:
    message = generation.message
    start: dict[str, object] = {
        "conversation": str(message.conversation_id),
        "message": str(message.pk),
        "parent": str(message.parent_id),
        "generation": str(generation.pk),
        "model": generation.model,
        "provider": generation.provider,
        "title": message.conversation.title,
    }
    start |= {"label": generation.label} if generation.label else {}
    start |= {"quota": translated(*generation.little_left)} if generation.little_left else {}
    return start | ({"left_out": generation.left_out} if generation.left_out else {})


def end_data(ending: dict[str, object]) -> dict[str, object]:
    """An ending, whose message is in English, in the language of the request that follows."""
    return ending | {"message": translated(str(ending["message"]))}


def end_frame(ending: dict[str, object], position: int) -> bytes:
    """The last event of a stream that came to the end of its reply."""
    return sse.frame("end", end_data(ending), position) + LAST_RETRY


def gone_frame(gone: Gone) -> bytes:
    """The last event of another. Without an id: it is no part of the reply.

    Who is logged out is to come again soon, once: another login may be there, or else a 401 is the last word.
    """
    frame = sse.frame("gone", {"code": gone, "message": translated(SENTENCES[gone])})
    return frame if gone == Gone.LOGGED_OUT else frame + LAST_RETRY


def notice_frames(told: Notices, now: Notices) -> bytes:
    """What has changed. Without ids: they are no part of the reply."""
    frames = b"" if now.title in (None, told.title) else sse.frame("title", {"title": now.title})
    if now.unstored != told.unstored:
        status = "waiting" if now.unstored else "stored"
        frames += sse.frame("storage", {"status": status, "message": now.unstored and translated(now.unstored)})
    return frames


def new_frames(source: LiveReply | Stored, sent: int) -> tuple[bytes, int]:
    """As `frames_since`, which all followers of a live reply that are at the same place share."""
    position = source.reply.position
    if source.may_lag and source.ending is None and sent > position:
        return b"", sent  # more is to come, or else it ends without
    if isinstance(source, Stored):
        return frames_since(source.reply, sent)
    if sent == position:
        return b"", sent
    if source.encoded and source.encoded[:2] == (sent, position):
        return source.encoded[2], position
    frames, position = frames_since(source.reply, sent)
    source.encoded = (sent, position, frames) if len(frames) < SHARED_BYTES else None
    return frames, position


def frames_since(reply: Reply, sent: int) -> tuple[bytes, int]:
    """The frames that bring a reader from `sent` to the end of `reply`, and the position it is at then."""
    frames = []
    if sent > reply.position:
        frames, sent = [sse.frame("reset", {}, 0)], 0
    for part in reply.since(sent):
        sent += len(part)
        if part.kind in SPOKEN:
            frames.append(sse.text_frame(part.kind, part.text, sent))
        elif (data := _data_of(part)) is not None:
            frames.append(sse.frame(part.kind, data, sent))
    return b"".join(frames), sent


def _data_of(part: Part) -> dict[str, Any] | None:
    """Of an event that is a part of the reply. None for one that a file has forged: it counts, and is not shown."""
    if part.kind in OF_STREAMS:
        return None
    try:
        data = json.loads(part.text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
