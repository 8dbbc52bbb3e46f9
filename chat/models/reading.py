"""A reading: that somebody of the staff has seen something of a user's."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

KEY_CHARACTERS = 255
NAME_CHARACTERS = 200


class Reading(models.Model):
    """Written once, and never changed but for names that are forgotten (chat/audit/).

    It refers to no row: it stays when who has read goes, and what was read. Ids are text, whatever the keys of the
    project's users are.
    """

    created_at = models.DateTimeField(gettext_lazy("time"), default=timezone.now, editable=False)
    user_key = models.CharField(gettext_lazy("user's id"), max_length=KEY_CHARACTERS)
    user_name = models.CharField(gettext_lazy("user"), max_length=NAME_CHARACTERS, help_text="As it was then.")
    # A model's label, as in `chat.conversation`.
    object_kind = models.CharField(gettext_lazy("kind"), max_length=100)
    object_key = models.CharField(gettext_lazy("object's id"), max_length=KEY_CHARACTERS)
    object_name = models.CharField(gettext_lazy("object"), max_length=NAME_CHARACTERS, help_text="As it was then.")
    action = models.TextField(gettext_lazy("action"), help_text="What was done, in words.")

    class Meta:
        verbose_name = gettext_lazy("reading")
        verbose_name_plural = gettext_lazy("readings")
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index("object_kind", "object_key", "created_at", name="reading_of_object"),
            models.Index("user_key", "created_at", name="reading_by_user"),
            models.Index("created_at", name="reading_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.action}"
