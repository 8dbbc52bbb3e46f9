"""An import: a file whose conversations are being stored, or have been."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.models.sql import database_time

LEASE = timedelta(seconds=45)
"""How long one that nobody renews is still taken to be under way."""
RENEW_SECONDS = 10.0


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, owner_id: Any) -> Self:
        return self.filter(owner=owner_id)

    def running(self) -> Self:
        return self.filter(status=Import.Status.RUNNING)

    def dead(self) -> Self:
        """Those that nobody works at any more, though they have not ended."""
        return self.running().filter(renewed_at__lte=database_time() - LEASE)

    def renew(self) -> bool:
        """Whoever works at one says so now and then. False: it has been ended meanwhile."""
        return bool(self.running().update(renewed_at=database_time()))


class Import(models.Model):
    """Its conversations are hidden, as deleted ones are, until all of them are stored: then all are shown at once.

    What it leaves if it fails, or if its process does, is erased (chat/retention/imports.py).
    """

    class Status(models.TextChoices):
        RUNNING = "running", gettext_lazy("under way")
        DONE = "done", gettext_lazy("done")
        FAILED = "failed", gettext_lazy("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    status = models.CharField(max_length=7, choices=Status, default=Status.RUNNING)
    # Why it failed: the code of an error (chat/errors.py), or `interrupted`.
    code = models.CharField(max_length=50, blank=True)
    # That it will store in all, as far as it is known, and has stored.
    messages = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    # That it has brought, once it is done.
    conversations = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(default=timezone.now, editable=False)
    renewed_at = models.DateTimeField(editable=False)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("import")
        verbose_name_plural = gettext_lazy("imports")
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=Q(status="running"), name="import_one_running"),
            models.CheckConstraint(condition=Q(status__in=["running", "done", "failed"]), name="import_status_known"),
        ]

    def __str__(self) -> str:
        return f"import {self.pk} ({self.status})"

    @property
    def is_running(self) -> bool:
        return self.status == self.Status.RUNNING

    @property
    def expected(self) -> int:
        """How many messages it will have stored at its end: what was found before, unless there are more."""
        return max(self.messages, self.stored)
