"""A message: one turn in a conversation, with a parent; siblings are alternatives."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.reply import REASONING, SPOKEN, Mark, Part, Reply
from chat.core.tool_parts import CALL
from chat.core.tree import Place
from chat.models.attachment import Attachment
from chat.models.generation import Generation
from chat.models.message_part import MOST_ROWS, MessagePart
from chat.models.version import digest, version_of

if TYPE_CHECKING:
    from chat.models.feedback import Feedback

MOST_GENERATIONS = 100
"""Of a message that is shown, the last ones."""


class MessageQuerySet(models.QuerySet["Message"]):
    def of(self, owner_id: Any) -> Self:
        """Those in the owner's conversations, but for deleted ones."""
        return self.filter(conversation__owner=owner_id, conversation__deleted_at=None)


class Unread:
    """Texts of a page's messages: read when one is asked for, with all that come after it, in one query.

    Whoever shows what was made of them before asks for none, or for the last ones.
    """

    def __init__(self, messages: Sequence[Message], most: int) -> None:
        self._messages = messages
        self._most = most

    def read_from(self, message: Message) -> None:
        begin = self._messages.index(message)
        unread = [each for each in self._messages[begin:] if each._unread]
        rows = MessagePart.first_rows([each.pk for each in unread], self._most)
        for each in unread:
            each._unread = None
            each.cut(rows[each.pk], self._most)


class Message(models.Model):
    class Role(models.TextChoices):
        SYSTEM = "system", gettext_lazy("System")
        USER = "user", gettext_lazy("User")
        ASSISTANT = "assistant", gettext_lazy("Assistant")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey("chat.Conversation", models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=9, choices=Role)
    # The order in the conversation. A counter, not a time: clocks can be set back.
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    place: Place | None = None
    """Where it stands among its alternatives; known where a page shows it."""

    is_leaf = False
    """Does nothing follow it? Known for the same."""

    has_attachments: bool | None = None
    """Known for the messages of `Conversation.load`, so that who bears none costs no query."""

    size: int | None = None
    """How many characters it has, reasoning included; known for those of a page."""

    _unread: Unread | None = None
    _is_cut = False

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("message")
        verbose_name_plural = gettext_lazy("messages")
        ordering = ["conversation_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="message_number_unique"),
            models.CheckConstraint(condition=Q(role__in=["system", "user", "assistant"]), name="message_role_known"),
            models.CheckConstraint(
                condition=~Q(role="assistant") | Q(parent__isnull=False), name="message_answers_a_parent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} message {self.pk}"

    @property
    def said(self) -> list[MessagePart]:
        """Its rows."""
        if self._unread:
            self._unread.read_from(self)
        return list(self.parts.all())

    @property
    def is_cut(self) -> bool:
        """Has it more than was loaded of it?"""
        if self._unread:
            self._unread.read_from(self)
        return self._is_cut

    @property
    def text(self) -> str:
        """What was said, without reasoning."""
        return self.reply.text

    @property
    def has_calls(self) -> bool:
        """Of tools?"""
        return any(part.kind == CALL for part in self.said)

    @property
    def reasoning(self) -> str:
        """With a paragraph for each time that something else came in between."""
        runs = groupby(self.said, key=lambda part: part.kind == REASONING)
        return "\n\n".join("".join(part.text for part in run) for is_reasoning, run in runs if is_reasoning)

    @property
    def has_gone_past_reasoning(self) -> bool:
        """Has something else come after it?"""
        parts = self.said
        return bool(parts) and parts[-1].kind != REASONING

    @property
    def reasoning_ms(self) -> int | None:
        """How long the generations that have ended reasoned; None if that is not known of each."""
        times = [generation.reasoning_ms for generation in self.runs if not generation.is_running]
        known = [time for time in times if time is not None]
        return sum(known) if len(known) == len(times) else None

    @property
    def is_reasoning(self) -> bool:
        """Is it being written, with nothing after its reasoning yet?"""
        parts = self.said
        is_running = self.generation is not None and self.generation.is_running
        return is_running and bool(parts) and parts[-1].kind == REASONING

    @property
    def reply(self) -> Reply:
        """The stored parts as a reply; its position follows from them."""
        return Reply(Part(part.kind, part.text) for part in self.said)

    @property
    def mark(self) -> Mark:
        """Where the rows of what is written on begin."""
        rows = self.said
        if not rows:
            return Mark()
        last = rows[-1]
        return Mark.after(last.number, Part(last.kind, last.text), self.reply.position)

    @property
    def attachments(self) -> list[Attachment]:
        """The files that were sent with it, in order."""
        if self.has_attachments is False:
            return []
        return [row.attachment for row in self.attached.all()]

    @property
    def runs(self) -> Iterable[Generation]:
        """Its generations. Of those that are loaded the ORM makes a manager anew each time that one looks at them."""
        loaded: dict[str, Iterable[Generation]] = getattr(self, "_prefetched_objects_cache", {})
        return loaded["generations"] if "generations" in loaded else self.generations.all()

    @property
    def opinion(self) -> Feedback | None:
        """Its feedback, if it has any. That there is none the ORM says by an exception."""
        loaded: dict[str, Feedback | None] = self._state.fields_cache
        return loaded["feedback"] if "feedback" in loaded else getattr(self, "feedback", None)

    @property
    def generation(self) -> Generation | None:
        """The latest generation that wrote this message; None for what a person wrote."""
        return max(self.runs, key=lambda generation: generation.number, default=None)

    @property
    def version(self) -> Hashable:
        """Another one when anything has changed of it, of its generations, its feedback, its files, and of its text.

        Once it has ended, text comes only by another generation: its size says enough of it, where that is known.
        """
        said = self.size if self.size is not None else digest((part.kind, part.text) for part in self.said)
        return version_of(self, self.opinion, *self.runs, *self.attachments, beside=[said])

    @property
    def rows(self) -> list[tuple[str, Hashable]]:
        """Whose words are in what is made of it (chat/retention/fragments.py)."""
        files = [("attachment", file.pk) for file in self.attachments]
        own = [("conversation", self.conversation_id), ("message", self.pk)]
        return [*own, *files, *([("feedback", self.opinion.pk)] if self.opinion else [])]

    def cut(self, rows: Sequence[MessagePart], most: int) -> None:
        """Have the first `most` characters of what `first_rows` has read of it, and no more."""
        kept = list[MessagePart]()
        room = most
        for row in rows[:MOST_ROWS]:
            if not room or (row.kind not in SPOKEN and len(row.beginning) > room):
                break
            row.text = row.beginning[:room]
            room -= len(row.text)
            kept.append(row)
        self._is_cut = len(kept) < len(rows) or any(len(row.text) < len(row.beginning) for row in kept)
        self._prefetched_objects_cache["parts"] = kept

    def grow(self, rows: Iterable[tuple[int, Part]]) -> None:
        """Have these as well, which were stored meanwhile over those of the same numbers."""
        parts = {row.number: row for row in self.said}
        for number, part in rows:
            parts[number] = MessagePart(message_id=self.pk, number=number, kind=part.kind, text=part.text)
        self._prefetched_objects_cache["parts"] = list(parts.values())

    def know(self, feedback: Feedback | None) -> None:
        """What was read with it; of its generations those that `ran` says."""
        self._state.fields_cache["feedback"] = feedback
        self._prefetched_objects_cache: dict[str, list[Any]] = {"generations": []}

    def ran(self, generation: Generation) -> None:
        generation._state.fields_cache["message"] = self
        self._prefetched_objects_cache["generations"].append(generation)

    @property
    def is_answered(self) -> bool:
        return self.children.filter(role=Message.Role.ASSISTANT).exists()

    def siblings(self) -> models.QuerySet[Message]:
        """This message and its alternatives, oldest first."""
        return self.conversation.messages.filter(parent=self.parent_id, role=self.role)
