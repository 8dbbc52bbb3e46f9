"""What the owner of a conversation thinks of an answer in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.limits import COMMENT_CHARACTERS


class Feedback(models.Model):
    """One for each answer at most; to think no more of it is to have none."""

    class Value(models.TextChoices):
        UP = "up", gettext_lazy("good")
        DOWN = "down", gettext_lazy("bad")

    message = models.OneToOneField("chat.Message", models.CASCADE, related_name="feedback")
    value = models.CharField(max_length=4, choices=Value)
    comment = models.CharField(max_length=COMMENT_CHARACTERS, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    # Of staff, and for them alone. What its writer changes after that is to be looked at again.
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    note = models.CharField(gettext_lazy("note"), max_length=COMMENT_CHARACTERS, blank=True, default="", db_default="")

    class Meta:
        verbose_name = gettext_lazy("feedback")
        verbose_name_plural = gettext_lazy("feedback")
        constraints = [
            models.CheckConstraint(condition=Q(value__in=["up", "down"]), name="feedback_value_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_value_display()}, of message {self.message_id}"
