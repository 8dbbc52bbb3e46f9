"""Branches, found in the database itself: what they cost grows with what is on them, not with all that lies beside.

A conversation is a tree whose messages know their parents, so a recursive statement goes up to the first message, or
down to the end that was begun last. SQLite and PostgreSQL have both by the same words.
"""

import uuid
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models.expressions import RawSQL

from chat.models.message import Message
from chat.models.sql import UUIDs, all_rows, prepared, scalar

PATH = """
WITH RECURSIVE path(id, parent_id, role, depth) AS (
    SELECT id, parent_id, role, 0 FROM chat_message WHERE id = %s AND conversation_id = %s
    UNION ALL
    SELECT m.id, m.parent_id, m.role, path.depth + 1 FROM path JOIN chat_message m ON m.id = path.parent_id
)
"""
"""The messages above one of a conversation, itself included; the depth counts from it."""

PATH_IDS = f"{PATH} SELECT id FROM path ORDER BY depth DESC"  # noqa: S608 - ours alone

TEXTS = f"""
{PATH}
SELECT path.id, path.role, part.text, 0 FROM path
LEFT JOIN chat_messagepart part ON part.message_id = path.id AND part.kind = 'text'
ORDER BY path.depth DESC, part.number
"""  # noqa: S608 - ours alone

LAST_TEXTS = f"""
{PATH}, spoken AS (
    SELECT path.id, path.role, path.depth, part.number, part.text,
        COALESCE(SUM(LENGTH(part.text)) OVER (
            ORDER BY path.depth, part.number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS below
    FROM path LEFT JOIN chat_messagepart part ON part.message_id = path.id AND part.kind = 'text'
)
SELECT id, role, CASE WHEN below <= %s THEN text END, below FROM spoken ORDER BY depth DESC, number
"""  # noqa: S608 - ours alone

LEAF = """
WITH RECURSIVE below(id, depth) AS (
    SELECT id, 0 FROM chat_message WHERE id = %s
    UNION ALL
    SELECT (SELECT m.id FROM chat_message m WHERE m.parent_id = below.id ORDER BY m.number DESC LIMIT 1), depth + 1
    FROM below WHERE below.id IS NOT NULL
)
SELECT id FROM below WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
"""

FOLLOWED = """
SELECT m.role,
    EXISTS (SELECT 1 FROM chat_message a WHERE a.parent_id = m.id AND a.role = 'assistant'),
    EXISTS (SELECT 1 FROM chat_generation g WHERE g.message_id = m.id AND g.status = 'running'),
    EXISTS (SELECT 1 FROM chat_message b WHERE b.parent_id = %s AND b.conversation_id = m.conversation_id)
FROM chat_message m WHERE m.id = %s AND m.conversation_id = %s
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a question is to follow."""

    role: str
    is_answered: bool
    is_running: bool
    """Is it being written?"""
    has_gone_on: bool
    """Is there something below what the writer takes for the end?"""


def followed(conversation_id: uuid.UUID, parent_id: uuid.UUID, leaf_id: uuid.UUID | None) -> Followed | None:
    """`parent_id`, if it is in this conversation; `leaf_id` is what the writer takes for the end, if anything."""
    found = all_rows(FOLLOWED, leaf_id and _id(leaf_id), _id(parent_id), _id(conversation_id))
    return Followed(found[0][0], *map(bool, found[0][1:])) if found else None


def leaf_below(message_id: uuid.UUID) -> uuid.UUID:
    """The end of the branch through this message that was begun last."""
    return UUIDs()[scalar(LEAF, _id(message_id))]


def path(conversation_id: uuid.UUID, leaf_id: uuid.UUID | None) -> list[uuid.UUID]:
    """From the root to `leaf_id`; empty if there is no such message in this conversation."""
    if not leaf_id:
        return []
    ids = UUIDs()
    found = all_rows(PATH_IDS, _id(leaf_id), _id(conversation_id))
    return [ids[pk] for (pk,) in found]


def in_path(conversation_id: uuid.UUID, leaf_id: uuid.UUID) -> RawSQL:
    """The ids of `path`, for a condition of the ORM."""
    return RawSQL(PATH_IDS, (_id(leaf_id), _id(conversation_id)))  # noqa: S611 - ours alone


def spoken(
    conversation_id: uuid.UUID, leaf_id: uuid.UUID, most: int | None = None
) -> tuple[list[tuple[uuid.UUID, str, str]], int]:
    """The id, role and text of each message from the root to `leaf_id`; and how many of the first are not read.

    These are the ones that have more than `most` characters below them.
    """
    ids, where = UUIDs(), (_id(leaf_id), _id(conversation_id))
    rows = all_rows(TEXTS, *where) if most is None else all_rows(LAST_TEXTS, *where, most)
    said, unread = list[tuple[uuid.UUID, str, str]](), 0
    for pk, parts in groupby(rows, itemgetter(0)):
        _, roles, texts, below = zip(*parts, strict=True)
        if most is not None and max(below) > most:
            unread += 1
        else:
            said.append((ids[pk], roles[0], "".join(text or "" for text in texts)))
    return said, unread


def _id(pk: uuid.UUID) -> Any:
    return prepared(Message, "id", pk)
