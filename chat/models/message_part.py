"""A row of what was said in a message; adjacent rows of one kind are one part (chat/core/reply.py).

The message's position is the sum of their lengths.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence

from django.db import models
from django.db.models import Sum, Window
from django.db.models.functions import Left, Length
from django.utils.translation import gettext_lazy

from chat.core.reply import TEXT, Part
from chat.models.sql import UUIDs, all_rows, prepared, upsert

MOST_ROWS = 1_000
"""Of a message that is cut: four million characters, as they are stored."""


class MessagePart(models.Model):
    message = models.ForeignKey("chat.Message", models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, default=TEXT)
    text = models.TextField(blank=True)

    beginning = ""
    """Of its text, where no more was read."""

    class Meta:
        verbose_name = gettext_lazy("part of a message")
        verbose_name_plural = gettext_lazy("parts of messages")
        ordering = ["message_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="part_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} part {self.number} of message {self.message_id}"

    @staticmethod
    def beginnings(most: int) -> models.QuerySet[MessagePart]:
        """Of each message the rows that its first `most` characters are in, and one more if there is one.

        Each has its `beginning`. There are no more than MOST_ROWS, and one.
        """
        before = Window(Sum(Length("text")), partition_by="message_id", order_by="number") - Length("text")
        rows = MessagePart.objects.filter(number__lte=MOST_ROWS).annotate(before=before).filter(before__lte=most)
        cut = rows.annotate(**{"beginning": Left("text", most + 1)})  # noqa: PIE804 - mypy
        return cut.order_by("message_id", "number")

    @staticmethod
    def first_rows(messages: Sequence[uuid.UUID], most: int) -> dict[uuid.UUID, list[MessagePart]]:
        """As `beginnings`, by message and without the ORM, which takes ten times as long as the database does."""
        rows: dict[uuid.UUID, list[MessagePart]] = {pk: [] for pk in messages}
        for pk, number, kind, beginning in _first(messages, most):
            row = MessagePart(message_id=pk, number=number, kind=kind)
            row.beginning = beginning
            rows[pk].append(row)
        return rows

    @staticmethod
    def first_texts(messages: Sequence[uuid.UUID], most: int) -> list[tuple[uuid.UUID, str]]:
        """The first `most` characters of what was said in these, without reasoning, and one more; in order, by row."""
        return [(pk, text) for pk, _number, _kind, text in _first(messages, most, kind=TEXT)]

    @staticmethod
    def store(rows_of: Iterable[tuple[uuid.UUID, Iterable[tuple[int, Part]]]]) -> None:
        """Write numbered rows of each message, by its id, over what is stored of these. Replies only ever grow."""
        names = ("message_id", "number", "kind", "text")
        rows = [
            (message_id, number, part.kind, part.text) for message_id, numbered in rows_of for number, part in numbered
        ]
        upsert(MessagePart, names, rows, unique="message_id, number", changed="kind, text")


def _first(messages: Sequence[uuid.UUID], most: int, kind: str = "") -> Iterator[tuple[uuid.UUID, int, str, str]]:
    """Of each of these the rows that its first `most` characters are in, and one more; of one kind alone, if any.

    Message, number, kind, and of the text so many characters, and one.
    """
    places = ", ".join(["%s"] * len(messages))
    before = "SUM(LENGTH(text)) OVER (PARTITION BY message_id ORDER BY number) - LENGTH(text)"
    rows = (
        f"SELECT message_id, number, kind, text, {before} AS before FROM chat_messagepart"  # noqa: S608 - ours alone
        f" WHERE message_id IN ({places}) AND number <= {MOST_ROWS}{' AND kind = %s' if kind else ''}"
    )
    first = f"SELECT message_id, number, kind, SUBSTR(text, 1, %s) FROM ({rows}) said WHERE before <= %s"  # noqa: S608
    ids, keys = UUIDs(), [prepared(MessagePart, "message_id", pk) for pk in messages]
    found = all_rows(f"{first} ORDER BY message_id, number", most + 1, *keys, *([kind] if kind else []), most)
    return ((ids[pk], number, kind, text) for pk, number, kind, text in found)
