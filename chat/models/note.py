"""What processes of a site tell each other by the database, where they have no Redis: that something has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import models, transaction
from django.db.models.functions import Now

HEARD_FOR = timedelta(seconds=10)
"""How long others read it: each looks more often than that, and a transaction that is slow is seen all the same."""
KEPT_FOR = timedelta(minutes=1)


class ProcessNoteQuerySet(models.QuerySet["ProcessNote"]):
    def tell(self, process: str, notes: Iterable[Sequence[str]]) -> None:
        """Of `process`, to all others. What is old goes."""
        with transaction.atomic():
            self.filter(written_at__lt=Now() - KEPT_FOR).delete()
            self.bulk_create(ProcessNote(process=process, words=list(words)) for words in notes)

    def recent(self, process: str) -> dict[int, list[str]]:
        """What others than `process` have told lately, by its id."""
        rows = self.filter(written_at__gt=Now() - HEARD_FOR).exclude(process=process).order_by("pk")
        return dict(rows.values_list("pk", "words"))


class ProcessNote(models.Model):
    """Ids, and nothing that anybody has written."""

    process = models.CharField(max_length=32)
    words = models.JSONField()
    written_at = models.DateTimeField(db_default=Now())

    objects = ProcessNoteQuerySet.as_manager()

    class Meta:
        indexes = (models.Index("written_at", name="processnote_recent"),)

    def __str__(self) -> str:
        return str(self.pk)
