"""Calls of tools as rows: for staff, and so that only what was recorded here can ever run.

What was called with which words, and what came of it, stands in the reply alone (chat/core/tool_parts.py); a row has
none of it. What has no row, as the calls of an import, does not run.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.limits import TOOL_NAME_CHARACTERS
from chat.core.tool_parts import NO, OUTCOMES, YES
from chat.i18n import gettext_noop as _
from chat.models.sql import insert, update

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

WAITING, RUNNING, UNFINISHED = "waiting", "running", "unfinished"
UNENDED = {WAITING: _("waits for a yes"), RUNNING: _("begun"), UNFINISHED: _("not finished")}
LABELS = UNENDED | {each.value: label for each, label in OUTCOMES.items()}
STATUSES = [(status, gettext_lazy(label)) for status, label in LABELS.items()]
ANSWERS = [(YES, gettext_lazy("Yes")), (NO, gettext_lazy("No"))]


class ToolCallQuerySet(models.QuerySet["ToolCall"]):
    def owned_by(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner_id=user.pk, message__conversation__deleted_at=None)


class ToolCall(models.Model):
    # The call's in the reply.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey("chat.Message", models.CASCADE, related_name="tool_calls")
    generation = models.ForeignKey("chat.Generation", models.CASCADE, related_name="tool_calls")
    # The conversation's owner, again, with whose rights it runs.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # Empty where a model has called what there is not.
    name = models.CharField(max_length=TOOL_NAME_CHARACTERS)
    # The MCP server whose tool it is; empty for one of the project.
    server = models.CharField(max_length=TOOL_NAME_CHARACTERS, blank=True, default="", db_default="")
    changes = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=10, choices=STATUSES, default=RUNNING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    # What the owner said, and when; nobody else can.
    answer = models.CharField(max_length=3, choices=ANSWERS, blank=True, default="", db_default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ToolCallQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("tool call")
        verbose_name_plural = gettext_lazy("tool calls")
        ordering = ["-created_at"]
        indexes = [
            models.Index("created_at", name="tool_call_recent"),
            models.Index("owner", condition=Q(status=WAITING), name="tool_call_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"

    @staticmethod
    def record(calls: Sequence[ToolCall]) -> None:
        """New ones; those that are stored already stay as they are."""
        insert(calls, conflict="ON CONFLICT DO NOTHING")

    @staticmethod
    def leave(message_id: uuid.UUID) -> None:
        """The answer has ended before these calls of it; who continues it may still end them."""
        ToolCall.objects.filter(message=message_id, status=RUNNING).update(status=UNFINISHED)

    @staticmethod
    def end(pk: str, status: str, seconds: float) -> None:
        """It has come to this, unless it had ended before. An id that a file has forged need not be one."""
        ended = {"status": status, "seconds": seconds, "ended_at": timezone.now()}
        with suppress(ValueError):
            update(ToolCall, uuid.UUID(pk), ended, "ended_at IS NULL")
