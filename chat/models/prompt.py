"""A prompt of the library: a text that is called by its name in the composer."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from chat.core.limits import PROMPT_NAME_CHARACTERS


class Prompt(models.Model):
    """One of a user's own, or, without an owner, one that staff have written for all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="prompts")
    name = models.CharField(gettext_lazy("name"), max_length=PROMPT_NAME_CHARACTERS)
    text = models.TextField(gettext_lazy("text"))

    class Meta:
        verbose_name = gettext_lazy("prompt")
        verbose_name_plural = gettext_lazy("prompts")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="prompt_own_name_unique"),
            models.UniqueConstraint(fields=["name"], condition=Q(owner=None), name="prompt_shared_name_unique"),
        ]

    def __str__(self) -> str:
        """A user's own is their own: staff read its id."""
        return str(self.pk) if self.owner_id else self.name
