"""A reading: that somebody of the staff has seen something of a user's."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

KEY_CHARACTERS = 255
NAME_CHARACTERS = 200
REASON_CHARACTERS = 500


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
    # Both empty where it was a list.
    object_key = models.CharField(gettext_lazy("object's id"), max_length=KEY_CHARACTERS)
    object_name = models.CharField(gettext_lazy("object"), max_length=NAME_CHARACTERS, help_text="As it was then.")
    action = models.TextField(gettext_lazy("action"), help_text="What was done, in words.")
    hits = models.PositiveIntegerField(gettext_lazy("hits"), null=True, help_text="How many rows a list had.")

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


class ReadingContext(models.Model):
    """Whose words a reading was of, and the reason that was given for it, where there is either.

    Ids are text, as in the reading. By these an owner is told of it (chat/audit/notices.py).
    """

    reading = models.OneToOneField(Reading, models.CASCADE, primary_key=True, related_name="context")
    # Both empty where it was a list, or somebody gave a reason and has not read yet.
    owner_key = models.CharField(max_length=KEY_CHARACTERS, blank=True)
    conversation_key = models.CharField(max_length=KEY_CHARACTERS, blank=True)
    # Of staff, who may have written anything.
    reason = models.CharField(gettext_lazy("reason"), max_length=REASON_CHARACTERS, blank=True)

    class Meta:
        verbose_name = gettext_lazy("reason of a reading")
        verbose_name_plural = gettext_lazy("reasons of readings")
        indexes = [
            models.Index("owner_key", "reading", name="reading_of_owner"),
            models.Index("conversation_key", "reading", name="reading_of_conversation"),
        ]

    def __str__(self) -> str:
        return f"reason of reading {self.reading_id}"


class SearchedWords(models.Model):
    """What somebody of the staff searched for. Often it is what a user wrote: it goes sooner than the reading."""

    reading = models.OneToOneField(Reading, models.CASCADE, primary_key=True, related_name="searched")
    words = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        verbose_name = gettext_lazy("words of a search")
        verbose_name_plural = gettext_lazy("words of searches")

    def __str__(self) -> str:
        return f"words of reading {self.reading_id}"
