"""What a reader has not been told yet: each thing once, however often it has changed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

LIST, CONVERSATION = "list", "conversation"
MOST = 16
"""Things of a kind that are told one by one; of more it is said that any of them may have changed."""


@dataclass(frozen=True, slots=True)
class Hint:
    """`event` is `list` or `conversation`; without a conversation it is about all of them."""

    event: str
    conversation: uuid.UUID | None = None
    message: uuid.UUID | None = None
    """The answer that is being written there,"""
    generation: uuid.UUID | None = None
    """and by which generation."""

    @classmethod
    def of(cls, words: Sequence[str]) -> "Hint":
        """What another process has said. Raises ValueError."""
        event, *ids = words
        if event not in (LIST, CONVERSATION):
            raise ValueError(f"{event!r} is no hint")
        return cls(event, *(uuid.UUID(pk) if pk else None for pk in ids[:3]))

    @property
    def words(self) -> tuple[str, ...]:
        ids = self.conversation, self.message, self.generation
        return self.event, *(str(pk) if pk else "" for pk in ids)

    @property
    def data(self) -> dict[str, object]:
        named = {"conversation": self.conversation, "message": self.message, "generation": self.generation}
        return {name: str(pk) for name, pk in named.items() if pk}


class Pending:
    """Hints, in the order in which they were last told."""

    def __init__(self) -> None:
        self._hints: dict[tuple[str, uuid.UUID | None], Hint] = {}

    def __bool__(self) -> bool:
        return bool(self._hints)

    def add(self, hint: Hint) -> None:
        if (hint.event, None) in self._hints:
            return
        self._hints.pop((hint.event, hint.conversation), None)
        same = [key for key in self._hints if key[0] == hint.event]
        if hint.conversation is None or len(same) >= MOST:
            for key in same:
                del self._hints[key]
            hint = Hint(hint.event)
        self._hints[hint.event, hint.conversation] = hint

    def take(self) -> list[Hint]:
        hints, self._hints = self._hints, {}
        return list(hints.values())
