"""A conversation: a tree of messages that one user owns."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from chat.core.limits import DEFAULT_PROVIDER, MODEL_CHARACTERS, PROVIDER_CHARACTERS, TITLE_CHARACTERS
from chat.core.prompt import Document, Picture, Turn, turn
from chat.core.tree import MessageTree
from chat.models import branches
from chat.models.attachment import Attachment, MessageAttachment
from chat.models.message import Message
from chat.models.model_settings import ModelSettings
from chat.models.page_messages import PageMessages
from chat.models.sql import (
    UUIDs,
    all_rows,
    find,
    find_with,
    insert,
    is_stored,
    prepared,
    scalar,
    update,
)
from chat.models.users import UserId
from chat.models.version import version_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


ERASING = datetime(1970, 1, 1, tzinfo=UTC)
"""When what is being erased was deleted: too long ago to be restored, whatever the clock says now or later."""


KNOWN = (
    "EXISTS (SELECT 1 FROM chat_message WHERE id = %s)",
    "(SELECT MAX(number) FROM chat_message WHERE conversation_id = chat_conversation.id)",
    "(SELECT MAX(activity) FROM chat_conversation other WHERE other.owner_id = chat_conversation.owner_id)",
    "EXISTS (SELECT 1 FROM chat_attachment WHERE conversation_id = chat_conversation.id)",
)
"""In the order of Known."""


class Known(NamedTuple):
    """What a question asks of the conversation that it goes on, read with its row; true while its owner is locked."""

    is_repeated: bool
    """Is the question stored already, here or anywhere?"""
    last_number: int | None
    newest: int
    """The latest activity of all conversations of its owner."""
    has_attachments: bool
    """Had it any before?"""


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def owned_by(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner_id=user.pk)

    def present(self) -> Self:
        """Those that nobody has deleted."""
        return self.filter(deleted_at=None)

    def permanent(self) -> Self:
        """Those that are listed, searched, titled and exported: all but the temporary ones."""
        return self.filter(is_temporary=False)

    def listed(self, owner_id: UserId, *, archived: bool = False) -> Self:
        """The owner's list, or archive. `in`, because SQLite finds `NOT is_archived` in no index."""
        return self.filter(owner=owner_id, is_archived__in=[archived], is_temporary=False, deleted_at=None)

    def below(self, activity: int, pk: uuid.UUID) -> Self:
        """Those that come after this place in the order of `recent`."""
        return self.filter(Q(activity__lt=activity) | Q(pk__lt=pk), activity__lte=activity)

    def untitled(self) -> Self:
        """Those that nobody has named: their title is the first words."""
        return self.filter(titled_by=Conversation.TitledBy.WORDS)

    def recent(self) -> Self:
        """Newest activity first. The order comes from a counter, because clocks can be set back."""
        return self.order_by("-activity", "-pk")


class PresentConversations(models.Manager.from_queryset(ConversationQuerySet)):  # type: ignore[misc]
    """What is deleted can be restored for a while, but nobody sees it."""

    def get_queryset(self) -> ConversationQuerySet:
        present: ConversationQuerySet = super().get_queryset().present()
        return present


class Conversation(ModelSettings):
    """Its own settings are those of the model that answers in it."""

    class TitledBy(models.TextChoices):
        WORDS = "words", gettext_lazy("the first words")
        MODEL = "model", gettext_lazy("the model")
        OWNER = "owner", gettext_lazy("its owner")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=gettext_lazy("owner"), related_name="conversations"
    )
    title = models.CharField(max_length=TITLE_CHARACTERS, blank=True)
    titled_by = models.CharField(max_length=5, choices=TitledBy, default=TitledBy.WORDS)
    # The key of the model that was asked last, and its provider; empty in what is older than these columns.
    model = models.CharField(max_length=MODEL_CHARACTERS, blank=True, default="", db_default="", editable=False)
    provider = models.CharField(
        max_length=PROVIDER_CHARACTERS, default=DEFAULT_PROVIDER, db_default=DEFAULT_PROVIDER, editable=False
    )
    current = models.ForeignKey("chat.Message", models.SET_NULL, null=True, blank=True, related_name="+")
    activity = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    is_pinned = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    # Not listed, searched or titled, and erased soon after it was left.
    is_temporary = models.BooleanField(default=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when it waits to be erased; until then its deletion can be undone.
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When it goes because nothing happens in it; None until its last week (chat/retention/due.py).
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # By what it is being stored; hidden as if it were deleted until that has ended.
    importing = models.ForeignKey(
        "chat.Import", models.SET_NULL, null=True, blank=True, editable=False, related_name="+", db_index=False
    )
    # The names of tools that its owner has turned off in it, with spaces between them.
    tools_off = models.TextField(blank=True, default="", db_default="", editable=False)
    # Of what was imported, which counts in its owner's storage.
    imported_bytes = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    known: Known | None = None

    objects = PresentConversations()
    with_deleted = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("conversation")
        verbose_name_plural = gettext_lazy("conversations")
        indexes = [
            models.Index("owner", models.F("activity").desc(), models.F("id").desc(), name="conversation_recent"),
            models.Index(
                "owner",
                "is_archived",
                "is_pinned",
                models.F("activity").desc(),
                models.F("id").desc(),
                condition=Q(deleted_at=None, is_temporary=False),
                name="conversation_listed",
            ),
            models.Index("updated_at", name="conversation_updated"),
            models.Index("deleted_at", condition=Q(deleted_at__isnull=False), name="conversation_deleted"),
            models.Index("importing", condition=Q(importing__isnull=False), name="conversation_importing"),
            models.Index("due_at", condition=Q(due_at__isnull=False), name="conversation_due"),
            models.Index("left_at", condition=Q(is_temporary=True), name="conversation_temporary"),
        ]

    def __str__(self) -> str:
        """No word of its owner's: Django shows it to staff wherever it names a row, and notes it in its own log."""
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.pk])

    @property
    def model_title(self) -> str:
        """What is known of the name of the model that was asked last."""
        return self.model

    @property
    def name(self) -> str:
        """Its title, or what stands for one."""
        return self.title or gettext("New conversation")

    @property
    def version(self) -> Hashable:
        """Another one when anything of it has changed."""
        return version_of(self)

    @property
    def rows(self) -> list[tuple[str, uuid.UUID]]:
        """Whose words an entry of it bears (chat/retention/fragments.py)."""
        return [("conversation", self.pk)]

    @property
    def _place(self) -> tuple[int, uuid.UUID]:
        """In the order of its owner's list, or archive."""
        return self.activity, self.pk

    @property
    def off(self) -> frozenset[str]:
        """The names of tools that no model may call in it."""
        return frozenset(self.tools_off.split())

    def touch(self, current: Message) -> None:
        """Put the conversation first in its owner's list, with `current` as the leaf on show."""
        self.activity = self._newest() + 1
        self.current = current
        self.left_at = self.due_at = None
        self.updated_at = timezone.now()
        if self._state.adding:
            insert([self])
        else:
            names = ("activity", "current_id", "left_at", "due_at", "updated_at", "model", "provider")
            update(Conversation, self.pk, {name: getattr(self, name) for name in names})

    def _newest(self) -> int:
        """The latest activity of all conversations of its owner."""
        if self.known:
            return self.known.newest
        owner = prepared(Conversation, "owner_id", self.owner_id)
        return int(scalar("SELECT MAX(activity) FROM chat_conversation WHERE owner_id = %s", owner) or 0)

    @classmethod
    def find_known(cls, pk: uuid.UUID, question_id: uuid.UUID) -> Conversation | None:
        """Anybody's, deleted or not, with what a question asks of it, whose owner is locked."""
        found = find_with(cls, KNOWN, (prepared(Message, "id", question_id),), id=pk)
        if not found:
            return None
        conversation, known = found
        conversation.known = Known(*known)
        return conversation

    @classmethod
    def find_owned(cls, owner_id: UserId, pk: uuid.UUID) -> Conversation | None:
        """The owner's, unless it is deleted: as the queryset says it, without the ORM."""
        found = find(cls, id=pk, owner_id=owner_id)
        return found if found and not found.deleted_at else None

    def last_number(self) -> int:
        """That of its last message; 0 if it has none."""
        if self.known:
            return self.known.last_number or 0
        last = "SELECT MAX(number) FROM chat_message WHERE conversation_id = %s"
        return int(scalar(last, Conversation._meta.pk.get_db_prep_value(self.pk, connection)) or 0)

    def show(self, message: Message) -> None:
        """Put the branch through `message` on show, down to the end that was begun last."""
        self.current_id = branches.leaf_below(message.pk)
        Conversation.with_deleted.filter(pk=self.pk).update(current=self.current_id)

    def tree(self) -> MessageTree:
        """Without the ORM, which takes twice as long for what is asked of each message."""
        shape = "SELECT id, parent_id, role FROM chat_message WHERE conversation_id = %s ORDER BY number"
        ids = UUIDs()
        found = all_rows(shape, prepared(Message, "conversation_id", self.pk))
        return MessageTree((ids[pk], ids[parent] if parent else None, role) for pk, parent, role in found)

    def turns(self, leaf_id: uuid.UUID, most: int | None = None) -> tuple[list[Turn], int]:
        """What was said from the root to `leaf_id`, for a model; and how many of the first turns are not among it.

        These are the ones that have more than `most` characters below them. What was attached is named, but not yet
        loaded (chat/attachments/prompt_files.py).
        """
        said, unread = branches.spoken(self.pk, leaf_id, most)
        if not self._has_attachments():
            return [turn(role, parts) for _, role, parts in said], unread
        attached, ids = self._attached(leaf_id), UUIDs()
        return [turn(role, parts, tuple(attached.get(ids[pk], ()))) for pk, role, parts in said], unread

    def _has_attachments(self) -> bool:
        """Above what is asked now."""
        return self.known.has_attachments if self.known else is_stored(Attachment, self.pk, "conversation_id")

    def _attached(self, leaf_id: uuid.UUID) -> dict[uuid.UUID, list[Document | Picture]]:
        """By question, from the root to `leaf_id`: services take no images in answers, which bear those of tools."""
        attached: dict[uuid.UUID, list[Document | Picture]] = {}
        on_path = MessageAttachment.objects.filter(message__in=branches.in_path(self.pk, leaf_id))
        above = on_path.filter(message__role=Message.Role.USER)
        for row in above.select_related("attachment").order_by("number"):
            attached.setdefault(row.message_id, []).append(row.attachment.in_prompt)
        return attached

    def path(self, leaf_id: uuid.UUID | None, most: int | None = None) -> list[uuid.UUID]:
        """From the root to `leaf_id`, of a longer one the `most` last; empty if it has no such message."""
        return branches.path(self.pk, leaf_id, most)

    def branch(self, leaf_id: uuid.UUID | None = None) -> Sequence[Message]:
        """The messages from the root to `leaf_id` (default: to the current leaf), with their parts, in order."""
        return self.load(self.path(leaf_id or self.current_id))

    def load(
        self, path: list[uuid.UUID], most: int | None = None, spots: branches.Spots | None = None
    ) -> Sequence[Message]:
        """These of its messages, with their parts, their feedback and, by `spots`, their places, in this order.

        With `most` they are those of a page, as PageMessages says.
        """
        # Generations before parts: an answer that ends between the two queries is then shown as still running, with
        # more text than that. The other way round it would be shown as complete without its end.
        if most:
            return PageMessages(path, most, spots)
        messages = self._whole(path)
        found = [messages[pk] for pk in path if pk in messages]
        for message in found:
            if spots and (spot := spots.get(message.pk)):
                message.place, message.is_leaf, message.size = spot.place, spot.is_leaf, spot.size
        if with_files := [message for message in found if message.has_attachments]:
            prefetch_related_objects(with_files, MessageAttachment.for_messages())
        return found

    def _whole(self, path: list[uuid.UUID]) -> dict[uuid.UUID, Message]:
        attached = Exists(MessageAttachment.objects.filter(message=OuterRef("pk")))
        rows = self.messages.select_related("feedback").annotate(**{"has_attachments": attached})  # noqa: PIE804 - mypy
        return rows.prefetch_related("generations", "parts").in_bulk(path)

    def sizes(self, path: list[uuid.UUID]) -> list[int]:
        """How many characters each of these messages has, reasoning included."""
        if not path:
            return []
        places = ", ".join(["%s"] * len(path))
        measured = f"SELECT message_id, SUM(LENGTH(text)) FROM chat_messagepart WHERE message_id IN ({places})"  # noqa: S608
        ids = UUIDs()
        found = all_rows(f"{measured} GROUP BY message_id", *[prepared(Message, "id", pk) for pk in path])
        sizes = {ids[pk]: size for pk, size in found}
        return [sizes.get(pk) or 0 for pk in path]


def first_words(text: str) -> str:
    """A title until the model gives one: the beginning of the question, cut between words."""
    words = " ".join(text.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    cut = words[: TITLE_CHARACTERS - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"
