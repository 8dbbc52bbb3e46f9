"""A share: a link by which others can read a branch as it was when the link was made."""

from __future__ import annotations

import secrets
from typing import Any, Self

from django.db import models
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.limits import TITLE_CHARACTERS
from chat.models.audience import Audience, stays_public
from chat.models.users import has_field


def new_token() -> str:
    """192 random bits: unguessable."""
    return secrets.token_urlsafe(24)


class ShareQuerySet(models.QuerySet["Share"]):
    def of(self, owner_id: Any) -> Self:
        """Those to the owner's conversations."""
        return self.filter(conversation__owner=owner_id)

    def live(self) -> Self:
        """Those that show something: not ended, of no deleted conversation, and of nobody who has been deactivated."""
        those = self.not_ended().filter(conversation__deleted_at=None)
        return those.filter(conversation__owner__is_active=True) if has_field("is_active") else those

    def for_everybody(self) -> Self:
        """Those that take no login."""
        return self.filter(audience=Audience.PUBLIC) if stays_public() else self.none()

    def for_members(self) -> Self:
        """All others."""
        return self.exclude(audience=Audience.PUBLIC) if stays_public() else self.all()

    def not_ended(self) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def ended(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def stored_bytes(self) -> int:
        """Of what they show."""
        return self.aggregate(sum=Sum("sections__size"))["sum"] or 0


class Share(models.Model):
    token = models.CharField(primary_key=True, max_length=43, default=new_token, editable=False)
    conversation = models.ForeignKey("chat.Conversation", models.CASCADE, related_name="shares")
    title = models.CharField(max_length=TITLE_CHARACTERS, blank=True)
    # Null: what the link shows lies in its sections. What a process of the version before has made has it here.
    snapshot = models.JSONField(null=True, editable=False)
    # For whom it was made. The database's default is for processes of before that, which make links for everybody.
    audience = models.CharField(
        gettext_lazy("readers"),
        max_length=10,
        choices=Audience.choices,
        default=Audience.MEMBERS,
        db_default=Audience.PUBLIC,
        editable=False,
    )
    # Which one made it, so that a double click makes one link.
    request = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("shared link")
        verbose_name_plural = gettext_lazy("shared links")
        ordering = ["-created_at"]
        permissions = [("share_publicly", "Can share with everybody who has the link")]

    def __str__(self) -> str:
        """Neither its token nor a word of what it shows."""
        return f"link to conversation {self.conversation_id}"

    def get_absolute_url(self) -> str:
        return reverse("chat:shared", args=[self.token])

    @property
    def readers(self) -> Audience:
        """Who can read it today."""
        return Audience(self.audience) if stays_public() else Audience.MEMBERS


class ShareSection(models.Model):
    """As much of what a link shows as a page has, so that a page reads no more than it shows."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="sections", db_index=False)
    # From 1.
    number = models.PositiveIntegerField()
    # What the link shows, and nothing else: chat/conversations/sharing.py.
    messages = models.JSONField()
    # In bytes of JSON.
    size = models.PositiveIntegerField()

    class Meta:
        verbose_name = gettext_lazy("section of a shared link")
        verbose_name_plural = gettext_lazy("sections of shared links")
        ordering = ["share", "number"]
        constraints = [models.UniqueConstraint(fields=["share", "number"], name="share_section_unique")]

    def __str__(self) -> str:
        """Neither a token nor a word of what it shows."""
        return f"section {self.number}"
