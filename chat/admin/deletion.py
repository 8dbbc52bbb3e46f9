"""What the admin says before it deletes."""

from collections import Counter
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import router
from django.db.models import Model
from django.db.models.deletion import Collector
from django.http import HttpRequest
from django.utils.text import capfirst


class BriefDeletion:
    """For a ModelAdmin: names what is deleted and counts what goes with it, with the same permissions asked for.

    Django's own page lists every row. It nests each message in the one that it answers, by recursion, and so fails
    with a long conversation (and with its owner).
    """

    def get_deleted_objects(
        self: Any, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        collector = Collector(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        counts = _counts(collector)
        refused = {str(model._meta.verbose_name) for model in counts if not self._may_delete(request, model)}
        named = [f"{capfirst(self.opts.verbose_name)}: {obj}" for obj in objs]
        return named, {str(model._meta.verbose_name_plural): count for model, count in counts.items()}, refused, []

    def _may_delete(self: Any, request: HttpRequest, model: type[Model]) -> bool:
        """As Django does it: models without an admin of their own go with what they belong to."""
        if not self.admin_site.is_registered(model):
            return True
        allowed: bool = self.admin_site.get_model_admin(model).has_delete_permission(request)
        return allowed


def _counts(collector: Collector) -> Counter[type[Model]]:
    """But for the log, which stays (chat/retention/erasure.py)."""
    counts = Counter({model: len(rows) for model, rows in collector.data.items() if rows})
    for rows in collector.fast_deletes:
        counts[rows.model] += rows.count()
    del counts[LogEntry]
    return +counts
