"""That somebody has accepted the notice of the site, in one version of it (chat/conversations/notice.py)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.models.sql import prepared, scalar

VERSION_CHARACTERS = 64


class NoticeAcceptanceQuerySet(models.QuerySet["NoticeAcceptance"]):
    def has(self, owner_id: Any, version: str) -> bool:
        """Asked at each question: by a plain statement."""
        accepted = "SELECT 1 FROM chat_noticeacceptance WHERE owner_id = %s AND version = %s"
        return scalar(accepted, prepared(NoticeAcceptance, "owner_id", owner_id), version) is not None


class NoticeAcceptance(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=gettext_lazy("user"),
    )
    # The SHA-256 of the file, in small hexadecimal digits.
    version = models.CharField(gettext_lazy("version"), max_length=VERSION_CHARACTERS)
    at = models.DateTimeField(gettext_lazy("accepted"), default=timezone.now, editable=False)

    objects = NoticeAcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("accepted notice")
        verbose_name_plural = gettext_lazy("accepted notices")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        # The index of the owner's rows, too.
        constraints = [models.UniqueConstraint(fields=["owner", "version"], name="notice_accepted_once")]
        indexes = [models.Index("at", name="notice_recent")]

    def __str__(self) -> str:
        return f"version {self.version[:12]}, of user {self.owner_id}"
