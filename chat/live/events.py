"""The events of a reply (docs/protocol.md), framed."""

import json
from dataclasses import dataclass

from chat.core import sse
from chat.core.reply import SPOKEN, Reply
from chat.i18n import translated
from chat.live.access.access import SENTENCES, Gone
from chat.live.exchange import LiveReply
from chat.models import Generation

SHARED_BYTES = 65_536
"""Longer frames are not kept for other followers."""


@dataclass
class Stored:
    """A reply as the database has it; `ending` is None while its generation counts as running."""

    reply: Reply
    ending: dict[str, object] | None


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
    return start | ({"left_out": generation.left_out} if generation.left_out else {})


def end_data(ending: dict[str, object]) -> dict[str, object]:
    """An ending, whose message is in English, in the language of the request that follows."""
    return ending | {"message": translated(str(ending["message"]))}


def gone_frame(gone: Gone) -> bytes:
    """Without an id: it is no part of the reply."""
    return sse.frame("gone", {"code": gone, "message": translated(SENTENCES[gone])})


def new_frames(source: LiveReply | Stored, sent: int) -> tuple[bytes, int]:
    """As `frames_since`, which all followers of a live reply that are at the same place share."""
    if isinstance(source, Stored):
        return frames_since(source.reply, sent)
    position = source.reply.position
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
        else:
            frames.append(sse.frame(part.kind, json.loads(part.text), sent))
    return b"".join(frames), sent
