"""What imported things are called here, and where their conversations stand in the list."""

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID, uuid4, uuid5

from chat.core.batches import batches
from chat.models import Conversation, Message
from chat.models.sql import update_all
from chat.models.users import UserId

PLACES = 6
"""Ids of a conversation that are tried: somebody may import it, and delete it, time and again."""
MANY = 5_000
"""Ids that are asked for together: databases take 32,766 values in one statement, or more."""


def place_of(owner_id: UserId, pk: UUID) -> tuple[UUID, bool]:
    """The id of a document's conversation as this owner's, and whether it is there.

    Ids stay as they are where they are free; where somebody else has them, or what has them is deleted, another one
    takes their place, which follows from it, so that a file that is read twice gives one conversation; where all that
    follow are taken too, any.
    """
    places = [pk]
    while len(places) < PLACES:
        places.append(uuid5(places[-1], str(owner_id)))
    stored = {row.pk: row for row in Conversation.with_deleted.filter(pk__in=places).only("owner", "deleted_at")}
    for place in places:
        if place in stored and stored[place].owner_id == owner_id and not stored[place].deleted_at:
            return place, True
    return next((place for place in places if place not in stored), None) or uuid4(), False


def names_of(place: UUID, is_own: bool, ids: Sequence[UUID], used: set[UUID]) -> list[UUID]:
    """What messages will be called in the conversation `place`; `is_own`: it is called as it was.

    As before; if one of these names is taken, as follows from them; where that is taken too, anything. They are added
    to `used`, the names of this import that are not stored yet.
    """
    following = [uuid5(place, str(old)) for old in ids]
    taken = _taken([*ids, *following]) | used.intersection(chain(ids, following))
    wanted = ids if is_own and taken.isdisjoint(ids) else following
    names = [uuid4() if new in taken else new for new in wanted]
    used.update(ids, names)
    return names


def _taken(ids: list[UUID]) -> set[UUID]:
    """Those of these that messages have."""
    return {
        pk for some in batches(ids, MANY) for pk in Message.objects.filter(pk__in=some).values_list("pk", flat=True)
    }


def show(owner_id: UserId, import_id: UUID) -> int:
    """Show the conversations of an import, and give them their places in the list. Returns how many there are.

    They are merged by the time of their last change into what is there, which keeps its own order. In the caller's
    transaction.
    """
    mine = Conversation.with_deleted.filter(owner=owner_id).values_list("updated_at", "activity", "pk")
    there = mine.exclude(importing=import_id).order_by("activity", "pk")
    restored = mine.filter(importing=import_id).order_by("updated_at", "pk")
    shown = {pk for _, _, pk in restored}
    moved = _moved(heapq.merge(there, restored, key=lambda row: row[0]), shown)
    update_all(Conversation, "activity", moved)
    Conversation.with_deleted.filter(importing=import_id).update(importing=None, deleted_at=None)
    return len(shown)


def _moved(rows: Iterable[tuple[datetime, int, UUID]], shown: set[UUID]) -> list[tuple[UUID, int]]:
    """The new activities of those whose old ones will not do."""
    moved, last = list[tuple[UUID, int]](), 0
    for _, activity, pk in rows:
        last = max(last + 1, 0 if pk in shown else activity)
        if pk in shown or activity != last:
            moved.append((pk, last))
    return moved
