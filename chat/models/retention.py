"""For how long the conversations of a group's members are kept (chat/retention/days.py)."""

from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy

from chat.core.limits import MOST_RETENTION_DAYS


class GroupRetention(models.Model):
    """It goes with its group. Then what counts is what other groups of its members say, or the setting."""

    group = models.OneToOneField(Group, models.CASCADE, related_name="+", verbose_name=gettext_lazy("group"))
    days = models.PositiveIntegerField(
        gettext_lazy("days"),
        validators=[MaxValueValidator(MOST_RETENTION_DAYS)],
        help_text=gettext_lazy("After the last activity in a conversation. 0: for ever."),
    )

    class Meta:
        verbose_name = gettext_lazy("retention of a group")
        verbose_name_plural = gettext_lazy("retention of groups")
        ordering = ["group"]

    def __str__(self) -> str:
        return f"retention of group {self.group_id}"
