"""What is noted by listening to Django: logins of staff, and who is given or loses rights and groups.

All changes of rights and groups are noted, also those of no request, as by an identity provider's groups; the actor is
who acts in the request, if that is known (chat/audit/acting.py). Of what is changed by a form of the administration
its own log says who it was (chat/admin/django_log.py).
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed, post_delete

from chat.audit.actions import Action
from chat.audit.log import note

WHAT = {"post_add": "added", "post_remove": "removed", "pre_clear": "cleared"}


def listen() -> None:
    """Once, when the apps are ready. A project's users need have no groups."""
    user_logged_in.connect(_logged_in, dispatch_uid="chat.audit")
    post_delete.connect(_group_deleted, sender=Group, dispatch_uid="chat.audit")
    given: list[Any] = [Group.permissions.through]
    of_users = get_user_model()._meta.many_to_many
    given += [field.remote_field.through for field in of_users if field.name in ("groups", "user_permissions")]
    for through in given:
        m2m_changed.connect(_rights_changed, sender=through, dispatch_uid="chat.audit")


def _logged_in(sender: Any, user: Any, **kwargs: Any) -> None:
    if getattr(user, "is_staff", False):
        note(Action.LOGIN, user, user)


def _group_deleted(sender: Any, instance: Group, **kwargs: Any) -> None:
    note(Action.PERMISSION, None, instance, what="deleted")


def _rights_changed(
    sender: Any, instance: Any, action: str, model: Any, pk_set: set[Any] | None, using: str, **kwargs: Any
) -> None:
    """Of a user or a group; in reverse of a group its users, of a permission who has it."""
    if action not in WHAT:
        return
    ids = pk_set if pk_set is not None else _present(sender, instance, model, using)
    if ids:
        details: dict[str, Any] = {"what": WHAT[action], "of": model._meta.label_lower, "ids": sorted(map(str, ids))}
        if model is Permission:
            details["permissions"] = _codenames(ids, using)
        note(Action.PERMISSION, None, instance, **details)


def _present(through: Any, instance: Any, model: Any, using: str) -> set[Any]:
    """What it has: all of that is about to be taken. It may be of a proxy, or of a model that inherits."""
    fields = [field for field in through._meta.fields if field.related_model]
    own = next(field for field in fields if isinstance(instance, field.related_model))
    other = next(field for field in fields if issubclass(model, field.related_model))
    rows = through._base_manager.using(using).filter(**{own.name: instance.pk})
    return set(rows.values_list(other.attname, flat=True))


def _codenames(ids: Any, using: str) -> list[str]:
    found = Permission.objects.using(using).filter(pk__in=ids).values_list("content_type__app_label", "codename")
    return sorted(f"{app}.{codename}" for app, codename in found)
