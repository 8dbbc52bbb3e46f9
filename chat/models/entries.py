"""The entries of an owner's list of conversations, and what is going on in each: each page asks for them, in SQL."""

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection

from chat.models.conversation import Conversation
from chat.models.entry import BESIDE_ID, Entry
from chat.models.sql import UUIDs, all_rows, prepared, select_values
from chat.models.users import UserId

LISTED = "owner_id = %s AND is_archived IN (FALSE) AND NOT is_temporary AND deleted_at IS NULL"
"""What `ConversationQuerySet.listed` says; it fits the index `conversation_listed`."""

GOING_ON = "owner_id BETWEEN %s AND %s AND status = '{status}'"
"""Of an owner's what is in that state, which has an index of its own. By `=` SQLite takes another index, and looks at
all that they ever had; and it takes that one, too, where it has counted while nothing was going on."""

FIRST = (
    "id IN (SELECT id FROM (SELECT id FROM chat_conversation"  # noqa: S608 - ours alone
    f" WHERE {LISTED} AND is_pinned IN (TRUE) ORDER BY activity DESC, id DESC LIMIT %s) pinned"
    " UNION ALL SELECT id FROM (SELECT id FROM chat_conversation"
    f" WHERE {LISTED} AND is_pinned IN (FALSE)PLACE ORDER BY activity DESC, id DESC LIMIT %s) others)"
    " ORDER BY is_pinned DESC, activity DESC, id DESC"
)
FIRST_BELOW = FIRST.replace("PLACE", " AND (activity < %s OR id < %s) AND activity <= %s")
FIRST = FIRST.replace("PLACE", "")
"""Of the list, the pinned ones before the others, each by `recent`: so many of the ones and of the others."""


@cache
def answering_sql(vendor: str) -> str:
    """Those of an owner's in which an answer is being written; the owner is named twice.

    A CROSS JOIN, because SQLite begins any other one where it likes, such as with all messages there are.
    """
    running = f"chat_generation AS run{_by('generation_running', vendor)}"
    return (
        f"SELECT message.conversation_id FROM {running} CROSS JOIN chat_message AS message"  # noqa: S608 - ours alone
        f" WHERE message.id = run.message_id AND run.{GOING_ON.format(status='running')}"
    )


@cache
def waiting_sql(vendor: str) -> str:
    """Those of an owner's whose current message waits for a yes; the owner is named twice."""
    calls = f"chat_toolcall AS tool{_by('tool_call_waiting', vendor)}"
    return (
        f"SELECT conversation.id FROM {calls} CROSS JOIN chat_conversation AS conversation"  # noqa: S608 - ours alone
        f" WHERE conversation.current_id = tool.message_id AND tool.{GOING_ON.format(status='waiting')}"
    )


@cache
def state_sql(vendor: str) -> str:
    """What an owner's conversation is doing, `running`, `waiting` or nothing; the owner is named four times."""
    calls = f"chat_toolcall{_by('tool_call_waiting', vendor)}"
    waited_for = f"SELECT message_id FROM {calls} WHERE {GOING_ON.format(status='waiting')}"  # noqa: S608 - ours alone
    running = f"WHEN id IN ({answering_sql(vendor)}) THEN 'running'"
    return f"CASE {running} WHEN current_id IN ({waited_for}) THEN 'waiting' END"


def _by(index: str, vendor: str) -> str:
    """To be found by it, and by no other."""
    return f" INDEXED BY {index}" if vendor == "sqlite" else ""


def first_entries(
    owner_id: UserId, pinned: int, others: int, below: tuple[int, uuid.UUID] | None = None
) -> list[Entry]:
    """So many of `objects.listed(owner_id)`: the pinned ones, then the others, by `recent`; these from a place on.

    With which of them are being answered, or wait for a yes. In one statement, for each page asks for them.
    """
    owner = prepared(Conversation, "owner_id", owner_id)
    place = (below[0], prepared(Conversation, "id", below[1]), below[0]) if below else ()
    values = (owner, owner, owner, owner, owner, pinned, owner, *place, others)
    return _entries(FIRST_BELOW if below else FIRST, *values)


def find_entry(owner_id: UserId, pk: uuid.UUID) -> Entry | None:
    """The owner's, if it is in their list; with whether it is being answered, or waits for a yes."""
    owner = prepared(Conversation, "owner_id", owner_id)
    found = _entries(f"id = %s AND {LISTED}", owner, owner, owner, owner, prepared(Conversation, "id", pk), owner)
    return found[0] if found else None


def answering(owner_id: UserId) -> set[uuid.UUID]:
    """Those of the owner's in which an answer is being written."""
    return _ids(answering_sql(connection.vendor), owner_id)


def waiting(owner_id: UserId) -> set[uuid.UUID]:
    """Those of the owner's whose current message waits for a yes."""
    return _ids(waiting_sql(connection.vendor), owner_id)


def _ids(statement: str, owner_id: UserId) -> set[uuid.UUID]:
    ids = UUIDs()
    owner = prepared(Conversation, "owner_id", owner_id)
    return {ids[pk] for (pk,) in all_rows(statement, owner, owner)}


def _entries(where: str, *values: Any) -> list[Entry]:
    """`values` begins with the owner, as often as `state_sql` names it."""
    rows = select_values(Conversation, BESIDE_ID, where, *values, extra=("id", state_sql(connection.vendor)))
    return list(map(_entry, rows))


def _entry(row: Sequence[Any]) -> Entry:
    """Of BESIDE_ID, the id as the database has it, and what it is doing."""
    title, is_pinned, activity, updated_at, due_at, key, doing = row
    return Entry(key, title, is_pinned, activity, updated_at, due_at, doing == "running", doing == "waiting")
