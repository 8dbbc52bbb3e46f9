"""The shape of a conversation: which message answers which, without a word of their text.

Reading it is one query, however long the texts are, which grows with the number of messages: it is for who needs the
whole. A branch alone the database finds by itself (chat/models/branches.py).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands among its alternatives, itself included, oldest first."""

    number: int
    """From 1."""
    count: int
    previous: uuid.UUID | None
    next: uuid.UUID | None
    last: uuid.UUID


class MessageTree:
    """Pure; made from (id, parent's id, role) of all messages of a conversation, oldest first."""

    def __init__(self, rows: Iterable[tuple[uuid.UUID, uuid.UUID | None, str]]) -> None:
        self._parents: dict[uuid.UUID, uuid.UUID | None] = {}
        self._roles: dict[uuid.UUID, str] = {}
        self._children: dict[uuid.UUID | None, list[uuid.UUID]] = {}
        for pk, parent, role in rows:
            self._parents[pk] = parent
            self._roles[pk] = role
            self._children.setdefault(parent, []).append(pk)

    def __contains__(self, pk: object) -> bool:
        return pk in self._parents

    def path(self, leaf: uuid.UUID | None) -> list[uuid.UUID]:
        """From the root to `leaf`; empty if there is no such message."""
        path: list[uuid.UUID] = []
        while leaf in self._parents:
            path.append(leaf)
            leaf = self._parents[leaf]
        return path[::-1]

    def role(self, pk: uuid.UUID) -> str:
        """Who said it: `user`, `assistant` or `system`."""
        return self._roles[pk]

    def children(self, pk: uuid.UUID) -> list[uuid.UUID]:
        """Those that answer it, oldest first."""
        return self._children.get(pk, [])

    def roots(self) -> list[uuid.UUID]:
        """Those that answer none that is here, oldest first."""
        return [pk for pk, parent in self._parents.items() if parent not in self._parents]

    def parent(self, pk: uuid.UUID) -> uuid.UUID | None:
        """What it answers; None if that is not here."""
        parent = self._parents[pk]
        return parent if parent in self._parents else None

    def siblings(self, pk: uuid.UUID) -> list[uuid.UUID]:
        """`pk` and its alternatives, those with the same parent and role, oldest first."""
        return [other for other in self._children[self._parents[pk]] if self._roles[other] == self._roles[pk]]

    def leaf_below(self, pk: uuid.UUID) -> uuid.UUID:
        """The end of the branch through `pk` that was begun last."""
        while children := self._children.get(pk):
            pk = children[-1]
        return pk
