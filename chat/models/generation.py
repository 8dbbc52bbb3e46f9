"""A generation: one run of a model that writes one assistant message."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.endings import LABELS, SENTENCES, Status
from chat.core.limits import DEFAULT_PROVIDER, MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.models.sql import prepared, scalar, update

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

LEASE = timedelta(seconds=15)
"""How long a generation counts as running after its process last said so."""
STATUSES = [(status.value, gettext_lazy(label)) for status, label in LABELS.items()]


class GenerationQuerySet(models.QuerySet["Generation"]):
    def owned_by(self, user: AbstractBaseUser) -> Self:
        return self.filter(owner_id=user.pk, message__conversation__deleted_at=None)

    def running(self) -> Self:
        return self.filter(status=Status.RUNNING)

    def count_running(self, owner_id: Any, provider: str) -> int:
        """How many of a user's generations run, of this provider."""
        running = "SELECT COUNT(*) FROM chat_generation WHERE owner_id = %s AND status = 'running' AND provider = %s"
        return int(scalar(running, prepared(Generation, "owner_id", owner_id), provider))

    def latest_of(self, messages: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
        """What the model is called, and the status, of the last generation of each of these messages."""
        last = Generation.objects.filter(message=OuterRef("message")).order_by("-number").values("number")[:1]
        rows = self.filter(message__in=messages, number=Subquery(last))
        found = rows.values_list("message", "model", "label", "status")
        return {pk: (label or model, status) for pk, model, label, status in found}

    def renew(self, ids: Iterable[uuid.UUID]) -> None:
        """This process still runs these."""
        self.filter(pk__in=list(ids)).running().update(lease_until=Now() + LEASE)

    def leases(self) -> tuple[dict[uuid.UUID, datetime | None], list[uuid.UUID], set[str]]:
        """Until when each running one is leased, those whose lease has run out by the database's clock, and by which
        processes they are run.
        """
        rows = self.running().annotate(has_lapsed=Q(lease_until__lt=Now()))
        leases = list(rows.values_list("pk", "lease_until", "has_lapsed", "process"))
        lapsed = [pk for pk, _, has_lapsed, _ in leases if has_lapsed]
        return {pk: until for pk, until, _, _ in leases}, lapsed, {process for *_, process in leases}


class Generation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey("chat.Message", models.CASCADE, related_name="generations")
    # The order of a message's generations: 0 began it, each later one continued it.
    number = models.PositiveSmallIntegerField(default=0)
    # The conversation's owner, again: limits count a user's generations without joins.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # The model's key (chat/providers/registry.py), the service that has it, and what people call it if not by its key.
    model = models.CharField(max_length=MODEL_CHARACTERS)
    provider = models.CharField(max_length=PROVIDER_CHARACTERS, default=DEFAULT_PROVIDER, db_default=DEFAULT_PROVIDER)
    label = models.CharField(max_length=MODEL_CHARACTERS, blank=True, default="", db_default="")
    status = models.CharField(max_length=11, choices=STATUSES, default=Status.RUNNING)
    # The message's positions where this generation began and, once it has ended, where it ended.
    begins_at = models.PositiveIntegerField(default=0)
    ends_at = models.PositiveIntegerField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Which runs it, or has (chat/core/process.py), and since when somebody wants it stopped who cannot do so there.
    process = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    stop_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    first_piece_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # How long it reasoned; null if nobody was there to tell.
    reasoning_ms = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=100, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    # How many of the oldest messages were left out, because the model's window is too small for all.
    left_out = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=50, blank=True)
    error = models.TextField(blank=True)
    # The most that it may cost, which counts in its owner's quotas as long as it runs (chat/usage/quotas.py): in
    # billionths of CHAT_CURRENCY, 0 where nobody knows the price; and the day of what it will have used. Null: no
    # quota held when it began.
    reserved_day = models.DateField(null=True, editable=False)
    reserved_cost = models.BigIntegerField(null=True, editable=False)
    reserved_tokens = models.BigIntegerField(null=True, editable=False)

    little_left: tuple[str, dict[str, int | str]] | None = None
    """Of a quota: a sentence and its values, which whoever has stored it tells its owner."""

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("generation")
        verbose_name_plural = gettext_lazy("generations")
        ordering = ["message_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="generation_number_unique"),
            models.UniqueConstraint(fields=["message"], condition=Q(status="running"), name="generation_one_running"),
            models.CheckConstraint(condition=Q(status__in=list(dict(STATUSES))), name="generation_status_known"),
            models.CheckConstraint(
                condition=Q(status="running", ends_at__isnull=True, lease_until__isnull=False)
                | (~Q(status="running") & Q(ends_at__gte=F("begins_at"), ended_at__isnull=False)),
                name="generation_ended_or_leased",
            ),
        ]
        indexes = [
            models.Index("lease_until", condition=Q(status="running"), name="generation_leases"),
            models.Index("owner", condition=Q(status="running"), name="generation_running"),
            models.Index("owner", "created_at", name="generation_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.status})"

    def reserve(self, cost: int, tokens: int) -> None:
        """In place of what it has reserved of its owner's quotas, if it still runs."""
        update(Generation, self.pk, {"reserved_cost": cost, "reserved_tokens": tokens}, "status = 'running'")

    @property
    def model_title(self) -> str:
        """What people called the model when it was asked."""
        return self.label or self.model

    @property
    def is_running(self) -> bool:
        return self.status == Status.RUNNING

    @property
    def first_piece_after(self) -> float | None:
        """How long it was waited for, in seconds; None if that is not known, here and below."""
        return _seconds(self.created_at, self.first_piece_at)

    @property
    def duration(self) -> float | None:
        return _seconds(self.created_at, self.ended_at)

    @property
    def reasoning_seconds(self) -> float | None:
        return None if self.reasoning_ms is None else self.reasoning_ms / 1000

    @property
    def tokens_a_second(self) -> float | None:
        """While it was writing: without the wait for the first piece."""
        writing = _seconds(self.first_piece_at, self.ended_at)
        return self.completion_tokens / writing if self.completion_tokens and writing else None

    @property
    def sentence(self) -> str:
        """How it ended, for its user, in English; empty while it runs and when there is nothing to say."""
        return self.error or SENTENCES.get(Status(self.status), "")

    @property
    def ending(self) -> dict[str, object]:
        """The data of the `end` event (docs/protocol.md), its message in English."""
        usage = None
        if self.completion_tokens is not None or self.prompt_tokens is not None:
            usage = {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens}
        return {
            "status": self.status,
            "finish_reason": self.finish_reason,
            "usage": usage,
            "reasoning_ms": self.reasoning_ms,
            "code": self.code,
            "message": self.sentence,
        }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """None too if the clock was set back in between."""
    return (end - start).total_seconds() if start and end and end >= start else None
