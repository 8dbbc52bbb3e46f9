"""A file that a user shows the model with a question."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

NAME_LENGTH = 200


class Attachment(models.Model):
    """Uploaded first and bound to its message when that is sent; what is never sent is erased after a day."""

    class Kind(models.TextChoices):
        IMAGE = "image", gettext_lazy("image")
        TEXT = "text", gettext_lazy("text")
        PDF = "pdf", gettext_lazy("PDF")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    message = models.ForeignKey("chat.Message", models.CASCADE, null=True, blank=True, related_name="attachments")
    # The order in which a message shows them.
    number = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=5, choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    # What a model reads of it; empty for an image.
    text = models.TextField(blank=True)
    # Names in the storage of files; a text has no thumbnail.
    file = models.CharField(max_length=100)
    thumbnail = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = gettext_lazy("attachment")
        verbose_name_plural = gettext_lazy("attachments")
        ordering = ["message_id", "number", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["image", "text", "pdf"]), name="attachment_kind_known"),
        ]
        indexes = [
            models.Index("created_at", condition=Q(message=None), name="attachment_unsent"),
        ]

    def __str__(self) -> str:
        return self.name
