"""A share: a link by which anybody can read a branch as it was when the link was made."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy


def new_token() -> str:
    """192 random bits: unguessable."""
    return secrets.token_urlsafe(24)


class Share(models.Model):
    token = models.CharField(primary_key=True, max_length=43, default=new_token, editable=False)
    conversation = models.ForeignKey("chat.Conversation", models.CASCADE, related_name="shares")
    title = models.CharField(max_length=80, blank=True)
    # A document of chat/archive, with the branch alone.
    snapshot = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("shared link")
        verbose_name_plural = gettext_lazy("shared links")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title
