"""An attachment: a file that a user shows a model together with a question."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Substr
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.limits import FILE_NAME_CHARACTERS
from chat.core.prompt import Document, Picture


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def of(self, owner_id: Any) -> Self:
        """The owner's, but for those of deleted conversations."""
        return self.filter(owner=owner_id, conversation__deleted_at=None)

    def unsent(self) -> Self:
        return self.filter(conversation=None)


class Attachment(models.Model):
    """What its upload was found to be. It belongs to a conversation from the first question on that bears it.

    Several questions may bear it: an edited one keeps what the first one had.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", gettext_lazy("image")
        TEXT = "text", gettext_lazy("text")
        PDF = "pdf", gettext_lazy("PDF")
        OFFICE = "office", gettext_lazy("document")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="attachments")
    # None until it is sent.
    conversation = models.ForeignKey("chat.Conversation", models.CASCADE, null=True, related_name="attachments")
    kind = models.CharField(max_length=6, choices=Kind)
    # What it is called where it comes from, for people alone: never a path, and says nothing about what it is.
    name = models.CharField(max_length=FILE_NAME_CHARACTERS)
    # Of what is stored, by its content: image/jpeg, image/png, text/plain, application/pdf or an office's.
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes of what is stored.")
    width = models.PositiveIntegerField(null=True, help_text="Pixels of an image.")
    height = models.PositiveIntegerField(null=True)
    pages = models.PositiveIntegerField(null=True, help_text="Of a PDF.")
    characters = models.PositiveIntegerField(default=0, help_text="Of the text that a model is shown.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("attachment")
        verbose_name_plural = gettext_lazy("attachments")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"attachment {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("chat:attachment", args=[self.pk])

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE

    @property
    def in_prompt(self) -> Document | Picture:
        """What a prompt needs of it, without its content."""
        if self.is_image:
            return Picture(self.pk, self.name, self.size)
        return Document(self.pk, self.name, self.characters)


class AttachmentContent(models.Model):
    """What is stored of an attachment, in a table of its own: no list and no page should ever read it by the way."""

    attachment = models.OneToOneField(Attachment, models.CASCADE, primary_key=True, related_name="content")
    # An image without metadata; of a text its UTF-8; a PDF or a document as it came.
    data = models.BinaryField()
    # A small JPEG or PNG of an image; empty for others.
    thumbnail = models.BinaryField(default=bytes)
    # What a model is shown of any but an image.
    text = models.TextField(blank=True)

    PIECE = 1_000_000
    """Bytes of a file that are in memory at once."""

    class Meta:
        verbose_name = gettext_lazy("content of an attachment")
        verbose_name_plural = gettext_lazy("contents of attachments")

    def __str__(self) -> str:
        return f"content of attachment {self.attachment_id}"

    @classmethod
    def piece(cls, pk: uuid.UUID, begin: int, field: str = "data") -> bytes | None:
        """At most PIECE of its bytes from there on; None if it is gone."""
        part = Substr(field, begin + 1, cls.PIECE, output_field=models.BinaryField())
        piece = cls.objects.filter(pk=pk).values_list(part, flat=True).first()
        return None if piece is None else bytes(piece)


class MessageAttachment(models.Model):
    """That a message bears an attachment, and as which of several."""

    message = models.ForeignKey("chat.Message", models.CASCADE, related_name="attached")
    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = gettext_lazy("attachment of a message")
        verbose_name_plural = gettext_lazy("attachments of messages")
        ordering = ["message_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attached_number_unique"),
        ]

    def __str__(self) -> str:
        return f"attachment {self.number} of message {self.message_id}"

    @classmethod
    def for_messages(cls) -> models.Prefetch[str, models.QuerySet[MessageAttachment], str]:
        """With messages, in one query: what they bear."""
        return models.Prefetch("attached", cls.objects.select_related("attachment"))
