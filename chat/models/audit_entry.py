"""The audit log: what staff did, in rows that are only ever added.

Theory. An entry is inserted in the transaction of its act, together with a row that says that it waits to be chained.
A second later one writer (chat/audit/chain.py) adds a link for it: a number, and a seal over the entry and the link
before, under a key that is not in the database. Entries are chained in the order in which they are found: a
transaction that commits late comes later, whatever its id is. So the order of the log is that of the links' numbers.

The application changes and deletes none of them, and neither does SQL (chat/models/audit_triggers.py), but for what a
mark covers: who prunes adds a mark first, and then takes what comes before it. Nothing here refers to other rows.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.core.audit_chain import KEY_ID_CHARACTERS, MAC_CHARACTERS, entry_json, time_text
from chat.models.reading import KEY_CHARACTERS

REFUSAL = "The audit log is only added to."


class OnlyAddedQuerySet(models.QuerySet[Any]):
    """Refuses what would change rows, or take them."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError(REFUSAL)

    def delete(self) -> NoReturn:
        raise TypeError(REFUSAL)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(REFUSAL)


class OnlyAdded(models.Model):
    objects = OnlyAddedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new row. Raises TypeError for one that is there already."""
        if not self._state.adding:
            raise TypeError(REFUSAL)
        super().save(force_insert=True, using=kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(REFUSAL)


class AuditEntry(OnlyAdded):
    """That somebody did something. People and things by their ids, as text; no words of users."""

    at = models.DateTimeField(gettext_lazy("time"), default=timezone.now)
    # One of chat/audit/actions.py.
    action = models.CharField(gettext_lazy("action"), max_length=20)
    # Empty: the program by itself, or a command.
    actor_key = models.CharField(gettext_lazy("user's id"), max_length=KEY_CHARACTERS, blank=True)
    # A model's label, as in `chat.conversation`.
    object_kind = models.CharField(gettext_lazy("kind"), max_length=100, blank=True)
    # Empty where it was a list, or all of a kind.
    object_key = models.CharField(gettext_lazy("object's id"), max_length=KEY_CHARACTERS, blank=True)
    # Ids, numbers, names of fields and settings.
    details = models.JSONField(gettext_lazy("details"), default=dict)

    class Meta:
        verbose_name = gettext_lazy("entry of the audit log")
        verbose_name_plural = gettext_lazy("entries of the audit log")
        default_permissions = ("view",)
        ordering = ["pk"]
        indexes = [
            models.Index("at", name="audit_at"),
            models.Index("actor_key", "at", name="audit_by_actor"),
            models.Index("object_kind", "object_key", "at", name="audit_of_object"),
            models.Index("action", "at", name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    def as_document(self) -> dict[str, Any]:
        """All that is sealed of it."""
        return {
            "id": self.pk,
            "at": time_text(self.at),
            "action": self.action,
            "actor": self.actor_key,
            "kind": self.object_kind,
            "key": self.object_key,
            "details": self.details,
        }

    def canonical(self) -> str:
        return entry_json(self.as_document())


class UnchainedEntry(models.Model):
    """An entry that waits for its link. Inserted with it, and deleted by who chains it."""

    entry = models.BigIntegerField(primary_key=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.entry)


class AuditLink(OnlyAdded):
    """Seals an entry, and by the link before it all that came before. Two of one number cannot be."""

    # From 1 on, without gaps.
    number = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(unique=True)
    # Which key it was (chat/audit/keys.py).
    key = models.CharField(max_length=KEY_ID_CHARACTERS)
    mac = models.CharField(max_length=MAC_CHARACTERS)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"


class AuditMark(OnlyAdded):
    """Stands in the place of all links up to this number, which a prune took with their entries. The latest counts."""

    number = models.BigIntegerField(primary_key=True)
    # Of the last link that was taken: the next one follows on it.
    mac = models.CharField(max_length=MAC_CHARACTERS)
    # How many this prune took.
    entries = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=KEY_ID_CHARACTERS)
    seal = models.CharField(max_length=MAC_CHARACTERS)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"
