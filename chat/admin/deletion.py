"""What the admin says before it deletes, and how it deletes accounts. Of users' things it says ids, no word.

Both are mixins for a project's own admin of its users, before `ModelAdmin` or Django's `UserAdmin`:

    @admin.register(Customer)
    class CustomerAdmin(EraseWithOwner, admin.ModelAdmin): ...

With `BriefDeletion` alone the page works for owners of long conversations; `EraseWithOwner` also erases them as their
owner would, with nobody's name left in the log.
"""

from collections import Counter
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import Model
from django.db.models.deletion import Collector, ProtectedError
from django.http import Http404, HttpRequest
from django.utils.text import capfirst

from chat.errors import Conflict, Held
from chat.i18n import translated
from chat.models import Conversation
from chat.models.certificate import Purpose
from chat.retention import holds
from chat.retention.certificates import Cause
from chat.retention.erasure import erase_accounts_after_commit, leaves_no_superuser


class BriefDeletion:
    """For a ModelAdmin: names what is deleted and counts what goes with it, with the same permissions asked for.

    What is under a hold, or whose owner is, is protected; the page does not say by what.

    Django's own page lists every row. It nests each message in the one that it answers, by recursion, and so fails
    with a long conversation (and with its owner).
    """

    def get_deleted_objects(
        self: Any, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        collector = Collector(using=router.db_for_write(self.model), origin=objs)
        try:
            _check_not_held(objs)
            collector.collect(objs)
        except (Held, ProtectedError):
            return [str(obj) for obj in objs], {}, set(), [Held().said(translated)]
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


class EraseWithOwner(BriefDeletion):
    """For a ModelAdmin of the project's users: they go with all that they own, as by their own page."""

    def get_deleted_objects(
        self: Any, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The last superusers are protected."""
        named, counts, refused, protected = super().get_deleted_objects(objs, request)
        with transaction.atomic():
            if leaves_no_superuser(obj.pk for obj in objs):
                protected = [*protected, *named]
        return named, counts, refused, protected

    def delete_model(self: Any, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, self.model._base_manager.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Django's log, which by now says that they are deleted, keeps no name either."""
        try:
            with transaction.atomic():
                erase_accounts_after_commit(queryset.values_list("pk", flat=True), Cause(Purpose.STAFF, request.user))
        except Conflict as conflict:
            raise PermissionDenied(conflict.said(translated)) from conflict

    def save_model(self: Any, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nobody comes back by being changed while they are deleted."""
        if change:
            find_locked(self.model, obj.pk)
        super().save_model(request, obj, form, change)  # type: ignore[misc] # the ModelAdmin's


class DeletedAlong:
    """For a ModelAdmin: nobody deletes its rows by themselves. They go with what they belong to, whose page asks here.

    Django takes a conversation's deletion to need the permission for each kind of row that has an admin of its own.
    """

    def has_delete_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        match = request.resolver_match
        return not (match and match.url_name and match.url_name.startswith(own))

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """By which the index lists it."""
        return super().get_model_perms(request) | {"delete": False}  # type: ignore[misc,no-any-return]


def find_locked(model: type[Model], pk: Any) -> None:
    """Until the transaction ends nobody deletes this row. Raises Http404 if somebody has."""
    rows = model._base_manager.filter(pk=pk).select_for_update()
    if not rows.values_list("pk").first():
        raise Http404


def _check_not_held(objs: Any) -> None:
    """Raises Held. What a hold names the database protects; here, what belongs to somebody who is under one."""
    ids = [obj.pk for obj in objs if isinstance(obj, Conversation)]
    holds.check_none_held(Conversation.with_deleted.filter(pk__in=ids))


def _counts(collector: Collector) -> Counter[type[Model]]:
    counts = Counter({model: len(rows) for model, rows in collector.data.items() if rows})
    for rows in collector.fast_deletes:
        counts[rows.model] += rows.count()
    return +counts
