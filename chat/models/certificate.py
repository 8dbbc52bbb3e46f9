"""What an erasure leaves: which ids went, how much, when, by whom and what for (chat/retention/certificates.py)."""

import hashlib
import json
import uuid
from datetime import UTC

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.models.reading import KEY_CHARACTERS


class Purpose(models.TextChoices):
    """What something was erased for, or by."""

    OWNER = "owner", gettext_lazy("their owner deleted all")
    ACCOUNT = "account", gettext_lazy("the account was deleted")
    DELETED = "deleted", gettext_lazy("their owner had deleted them")
    TEMPORARY = "temporary", gettext_lazy("they were temporary")
    RETENTION = "retention", gettext_lazy("nothing had happened for so many days")
    UNSENT = "unsent", gettext_lazy("the files were never sent")
    IMPORT = "import", gettext_lazy("an import had failed")
    STAFF = "staff", gettext_lazy("staff deleted them")
    COMMAND = "command", gettext_lazy("by command")
    OTHER = "other", gettext_lazy("by code of the project")


class Certificate(models.Model):
    """Never deleted or changed, but that it ends when all of it is gone. No word of anybody's stands in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(gettext_lazy("what for"), max_length=9, choices=Purpose, editable=False)
    # Of who erased it; empty: the site. Ids are text, whatever the keys of the project's users are.
    by_key = models.CharField(gettext_lazy("by"), max_length=KEY_CHARACTERS, blank=True, editable=False)
    begun_at = models.DateTimeField(gettext_lazy("begun"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(gettext_lazy("gone"), null=True, editable=False)
    # Lists of ids by what they are of: users, conversations, messages, files. Owners are those of the conversations.
    ids = models.JSONField(gettext_lazy("ids"), editable=False)
    counts = models.JSONField(gettext_lazy("how many"), editable=False)
    digest = models.CharField(gettext_lazy("hash"), max_length=64, editable=False)

    class Meta:
        verbose_name = gettext_lazy("certificate of an erasure")
        verbose_name_plural = gettext_lazy("certificates of erasures")
        ordering = ["-begun_at", "pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index("begun_at", name="certificate_begun"),
            models.Index("id", condition=models.Q(ended_at=None), name="certificate_open"),
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk}"

    def digest_now(self) -> str:
        """SHA-256, in hexadecimal digits, of all that never changes, as JSON with sorted keys and without spaces."""
        said = {
            "id": str(self.pk),
            "purpose": self.purpose,
            "by": self.by_key,
            "begun_at": self.begun_at.astimezone(UTC).isoformat(),
            "ids": self.ids,
            "counts": self.counts,
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
