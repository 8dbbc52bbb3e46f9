"""A legal hold: nothing of a user, or of a conversation, is erased until it is lifted (chat/retention/holds.py)."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.models.reading import KEY_CHARACTERS, REASON_CHARACTERS


class HoldQuerySet(models.QuerySet["Hold"]):
    def in_force(self) -> Self:
        return self.filter(lifted_at=None)


class Hold(models.Model):
    """Never deleted. While it is in force it refers to what it holds: the database itself lets no such row go.

    Once it is lifted it refers to no row. Ids are text, whatever the keys of the project's users are.
    """

    # One of the two while it is in force; none afterwards.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("user"),
    )
    conversation = models.ForeignKey(
        "chat.Conversation",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("conversation"),
    )
    # Whose it is, and what: these stay.
    owner_key = models.CharField(gettext_lazy("user's id"), max_length=KEY_CHARACTERS, editable=False)
    conversation_key = models.CharField(
        gettext_lazy("conversation's id"), max_length=KEY_CHARACTERS, blank=True, editable=False
    )
    # Of staff, who may have written anything.
    reason = models.CharField(gettext_lazy("reason"), max_length=REASON_CHARACTERS)
    placed_at = models.DateTimeField(gettext_lazy("placed"), default=timezone.now, editable=False)
    placed_by_key = models.CharField(gettext_lazy("placed by"), max_length=KEY_CHARACTERS, editable=False)
    lifted_at = models.DateTimeField(gettext_lazy("lifted"), null=True, editable=False)
    lifted_by_key = models.CharField(gettext_lazy("lifted by"), max_length=KEY_CHARACTERS, blank=True, editable=False)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("legal hold")
        verbose_name_plural = gettext_lazy("legal holds")
        ordering = ["-placed_at", "-pk"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                name="hold_of_one_thing",
                condition=Q(lifted_at=None, user__isnull=False, conversation=None)
                | Q(lifted_at=None, user=None, conversation__isnull=False)
                | Q(lifted_at__isnull=False, user=None, conversation=None),
            ),
        ]
        indexes = [models.Index("owner_key", name="hold_of_owner")]

    def __str__(self) -> str:
        return f"hold {self.pk}"
