"""Branches, found in the database itself: what they cost grows with what is on them, not with all that lies beside.

A conversation is a tree whose messages know their parents, so a recursive statement goes up to the first message, or
down to the end that was begun last. SQLite and PostgreSQL have both by the same words.
"""

import uuid
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db.models.expressions import RawSQL

from chat.core.reply import TEXT, Part
from chat.core.tree import Place
from chat.models.message import Message
from chat.models.sql import UUIDs, all_rows, prepared, scalar

PATH = """
WITH RECURSIVE path(id, parent_id, role, depth) AS (
    SELECT id, parent_id, role, 0 FROM chat_message WHERE id = %s AND conversation_id = %s
    UNION ALL
    SELECT m.id, m.parent_id, m.role, path.depth + 1 FROM path JOIN chat_message m ON m.id = path.parent_id
    WHERE path.depth < %s
)
"""
"""The messages above one of a conversation, itself included; the depth counts from it, to so many."""
ALL = 2**31 - 1

PATH_IDS = f"{PATH} SELECT id FROM path ORDER BY depth DESC"  # noqa: S608 - ours alone

TEXTS = f"""
{PATH}
SELECT path.id, path.role, part.kind, part.text, 0 FROM path
LEFT JOIN chat_messagepart part ON part.message_id = path.id AND part.kind <> 'reasoning'
ORDER BY path.depth DESC, part.number
"""  # noqa: S608 - ours alone

CHARACTERS = f"""
{PATH}
SELECT SUM(LENGTH(part.text)), (
    SELECT SUM(a.characters) FROM path JOIN chat_messageattachment b ON b.message_id = path.id
    JOIN chat_attachment a ON a.id = b.attachment_id
) FROM path JOIN chat_messagepart part ON part.message_id = path.id AND part.kind <> 'reasoning' WHERE depth > 0
"""  # noqa: S608 - ours alone

LAST_TEXTS = """
WITH RECURSIVE path(id, parent_id, role, depth, below) AS (
    SELECT id, parent_id, role, 0, CAST(0 AS BIGINT) FROM chat_message WHERE id = %s AND conversation_id = %s
    UNION ALL
    SELECT m.id, m.parent_id, m.role, path.depth + 1, path.below + CASE WHEN path.below > %s THEN 0 ELSE COALESCE((
        SELECT SUM(CASE WHEN kind = 'text' THEN LENGTH(text) ELSE LENGTH(text) / 8 END)
        FROM chat_messagepart WHERE message_id = path.id AND kind <> 'reasoning'
    ), 0) END
    FROM path JOIN chat_message m ON m.id = path.parent_id
)
SELECT path.id, path.role, part.kind, part.text, path.below FROM path
LEFT JOIN chat_messagepart part ON part.message_id = path.id AND part.kind <> 'reasoning' AND path.below <= %s
ORDER BY path.depth DESC, part.number
"""
"""The same without the texts of those below which there are more characters than so many.

Results of tools are cut where there is no room for them (chat/core/context_window.py), so an eighth of them counts.
"""

LEAF = """
WITH RECURSIVE below(id, depth) AS (
    SELECT id, 0 FROM chat_message WHERE id = %s
    UNION ALL
    SELECT (SELECT m.id FROM chat_message m WHERE m.parent_id = below.id ORDER BY m.number DESC LIMIT 1), depth + 1
    FROM below WHERE below.id IS NOT NULL
)
SELECT id FROM below WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
"""

SPOTS = """
SELECT m.id, m.place, m.alternatives, m.earlier, m.later, m.latest,
    (SELECT SUM(LENGTH(part.text)) FROM chat_messagepart part WHERE part.message_id = m.id),
    EXISTS (SELECT 1 FROM chat_message child WHERE child.parent_id = m.id)
FROM (
    SELECT id,
        ROW_NUMBER() OVER ordered AS place,
        COUNT(*) OVER alike AS alternatives,
        LAG(id) OVER ordered AS earlier,
        LEAD(id) OVER ordered AS later,
        FIRST_VALUE(id) OVER (PARTITION BY parent_id, role ORDER BY number DESC) AS latest
    FROM (
        SELECT id, parent_id, role, number FROM chat_message
        WHERE parent_id IN (SELECT parent_id FROM chat_message WHERE id IN ({ids}))
        UNION ALL
        SELECT id, parent_id, role, number FROM chat_message
        WHERE COALESCE(parent_id, id) = id
        AND conversation_id = (SELECT conversation_id FROM chat_message WHERE id = %s AND parent_id IS NULL)
    ) siblings
    WINDOW alike AS (PARTITION BY parent_id, role), ordered AS (PARTITION BY parent_id, role ORDER BY number)
) m WHERE m.id IN ({ids})
"""
"""Those that answer nothing are told by `COALESCE`: an index finds `IS NULL` in all conversations together."""
SIZE = 6
"""Its place in such a row."""

ALIKE = """
CASE WHEN path.parent_id IS NULL THEN (
    SELECT {what} FROM chat_message r
    WHERE r.conversation_id = %s AND COALESCE(r.parent_id, r.id) = r.id AND r.role = path.role
) ELSE (
    SELECT {what} FROM chat_message s WHERE s.parent_id = path.parent_id AND s.role = path.role
) END
"""
"""Of all alternatives of a message of the path, itself included; `COALESCE` as in SPOTS."""

END = f"""
{PATH}
SELECT path.id, {ALIKE.format(what="COUNT(*)")}, {ALIKE.format(what="MAX(number)")},
    (SELECT SUM(LENGTH(part.text)) FROM chat_messagepart part WHERE part.message_id = path.id),
    EXISTS (SELECT 1 FROM chat_message child WHERE child.parent_id = path.id)
FROM path ORDER BY path.depth DESC
"""  # noqa: S608 - ours alone
"""The path, and of each message as much as says where it stands, if it has no alternatives: most have none."""
END_SIZE = 3

FOLLOWED = """
SELECT m.role,
    EXISTS (SELECT 1 FROM chat_message a WHERE a.parent_id = m.id AND a.role = 'assistant'),
    EXISTS (SELECT 1 FROM chat_generation g WHERE g.message_id = m.id AND g.status = 'running'),
    EXISTS (SELECT 1 FROM chat_messagepart part WHERE part.message_id = m.id AND part.kind = 'tool_call'),
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
    has_calls: bool
    """Of tools?"""
    has_gone_on: bool
    """Is there something below what the writer takes for the end?"""


def followed(conversation_id: uuid.UUID, parent_id: uuid.UUID, leaf_id: uuid.UUID | None) -> Followed | None:
    """`parent_id`, if it is in this conversation; `leaf_id` is what the writer takes for the end, if anything."""
    found = all_rows(FOLLOWED, leaf_id and _id(leaf_id), _id(parent_id), _id(conversation_id))
    return Followed(found[0][0], *map(bool, found[0][1:])) if found else None


@dataclass(frozen=True, slots=True)
class Spot:
    """A message without its words."""

    size: int
    """In characters, reasoning included."""
    place: Place
    is_leaf: bool
    """Does nothing follow it?"""


class Spots(Mapping[uuid.UUID, Spot]):
    """By the ids of a part of a path; each is made of its row when it is asked for."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = ()) -> None:
        self._ids = UUIDs()
        self._rows = {self._ids[row[0]]: row for row in rows}

    def __getitem__(self, pk: uuid.UUID) -> Spot:
        return _spot(self._ids, *self._rows[pk][1:])

    def __iter__(self) -> Iterator[uuid.UUID]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def size(self, pk: uuid.UUID) -> int:
        """As the spot's; 0 without one."""
        return (pk in self._rows and self._rows[pk][SIZE]) or 0

    def row(self, pk: uuid.UUID) -> Hashable:
        """What its spot is made of."""
        return self._rows.get(pk)


class EndSpots(Spots):
    """Those of a whole path, by END. Once one that has alternatives is looked at, these are asked for, of all.

    Of these no row says which they are, but how many and which is the last: another one makes another row.
    """

    def __getitem__(self, pk: uuid.UUID) -> Spot:
        _id, count, _last, size, goes_on = self._rows[pk]
        return Spot(size or 0, Place(1, 1, None, None, pk), not goes_on) if count == 1 else self._with_others[pk]

    @cached_property
    def _with_others(self) -> Spots:
        return spots([pk for pk, (_id, count, *_) in self._rows.items() if count > 1])

    def size(self, pk: uuid.UUID) -> int:
        return self._rows[pk][END_SIZE] or 0


def leaf_below(message_id: uuid.UUID) -> uuid.UUID:
    """The end of the branch through this message that was begun last; itself if there is no such message."""
    found = scalar(LEAF, _id(message_id))
    return UUIDs()[found] if found else message_id


def path(conversation_id: uuid.UUID, leaf_id: uuid.UUID | None, most: int | None = None) -> list[uuid.UUID]:
    """From the root to `leaf_id`, of a longer one the `most` last; empty if this conversation has no such message."""
    if not leaf_id:
        return []
    ids = UUIDs()
    found = all_rows(PATH_IDS, _id(leaf_id), _id(conversation_id), ALL if most is None else most - 1)
    return [ids[pk] for (pk,) in found]


def end(conversation_id: uuid.UUID, leaf_id: uuid.UUID | None, most: int) -> tuple[list[uuid.UUID], Spots]:
    """`path`, and where each message of it stands: in one statement, for each page asks for them."""
    if not leaf_id:
        return [], Spots()
    whole = _id(conversation_id)
    found = EndSpots(all_rows(END, _id(leaf_id), whole, most - 1, whole, whole))
    return list(found), found


def characters_above(conversation_id: uuid.UUID, message_id: uuid.UUID) -> int:
    """Of what was said above a message, and of the files there, without reasoning."""
    said, attached = all_rows(CHARACTERS, _id(message_id), _id(conversation_id), ALL)[0]
    return int(said or 0) + int(attached or 0)


def spots(path: Sequence[uuid.UUID]) -> Spots:
    """Where each message of a part of a path stands, and how much it says."""
    if not path:
        return Spots()
    these = [_id(pk) for pk in path]
    return Spots(all_rows(_spots_of(len(path)), *these, these[0], *these))


@cache
def _spots_of(number: int) -> str:
    return SPOTS.format(ids=", ".join(["%s"] * number))


def _spot(
    ids: UUIDs, number: int, count: int, previous: Any, following: Any, last: Any, size: Any, goes_on: Any
) -> Spot:
    place = Place(number, count, previous and ids[previous], following and ids[following], ids[last])
    return Spot(size or 0, place, not goes_on)


def in_path(conversation_id: uuid.UUID, leaf_id: uuid.UUID) -> RawSQL:
    """The ids of `path`, for a condition of the ORM."""
    return RawSQL(PATH_IDS, (_id(leaf_id), _id(conversation_id), ALL))  # noqa: S611 - ours alone


def spoken(
    conversation_id: uuid.UUID, leaf_id: uuid.UUID, most: int | None = None
) -> tuple[list[tuple[Any, str, list[Part]]], int]:
    """The id, as stored, the role and what was said and done in each message from the root to `leaf_id`, without
    reasoning, adjacent parts not joined; and how many are not read.

    These are the first ones, which have more than `most` characters below them.
    """
    where = _id(leaf_id), _id(conversation_id)
    rows = all_rows(TEXTS, *where, ALL) if most is None else all_rows(LAST_TEXTS, *where, most, most)
    said, unread, last = list[tuple[Any, str, list[Part]]](), 0, None
    for pk, role, kind, text, below in rows:
        if most is not None and below > most:
            unread += 1
        elif pk == last:
            said[-1][2].append(Part(kind, text))
        else:
            last = pk
            said.append((pk, role, [Part(kind or TEXT, text or "")]))
    return said, unread


def _id(pk: uuid.UUID) -> Any:
    return prepared(Message, "id", pk)
