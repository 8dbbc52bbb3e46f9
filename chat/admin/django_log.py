"""The administration's own log, in which Django notes what staff have added, changed and deleted.

It names what that was. Of what is erased it says no name any more (its other entries are Django's business). What is
done there to users and groups is noted in the audit log as well, by ids and names of fields; Django adds its entry in
the transaction of the change.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.signals import post_save
from django.dispatch import receiver

from chat.admin.noted import fields_in
from chat.audit import ERASED, Action, note
from chat.audit.acting import actor_key
from chat.models.users import has_field
from chat.signals import erased

FLAGS = ("is_superuser", "is_staff", "is_active")
WHAT = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}


@receiver(erased)
def forget_names(sender: type[Model], ids: Iterable[Any], **named: Any) -> None:
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(sender))
    entries.filter(object_id__in=[str(pk) for pk in ids]).update(object_repr=ERASED)


@receiver(post_save, sender=LogEntry)
def note_change(
    sender: type[Model], instance: LogEntry, created: bool, using: str, raw: bool = False, **named: Any
) -> None:
    """That somebody was deleted is noted by itself; here only where it is not known there who did it."""
    if not created or raw or (instance.is_deletion() and actor_key()):
        return
    types = ContentType.objects.db_manager(using)  # the ids of another database are others
    known = instance.content_type_id and types.get_for_id(instance.content_type_id)
    if known and (of := known.model_class()) in (get_user_model(), Group):
        what = WHAT.get(instance.action_flag, "changed")
        fields = sorted(_fields(instance.change_message))
        thing = (of._meta.label_lower, instance.object_id or "")
        flags = _flags(of, instance.object_id, using)
        note(Action.PERMISSION, instance.user_id, thing, what=what, fields=fields, **flags)


def _flags(of: type[Model], pk: str | None, using: str) -> dict[str, Any]:
    """Of a user who is there: by each of these alone one may do everything, see the administration, or log in."""
    names = [name for name in FLAGS if has_field(name)] if of is get_user_model() else []
    try:
        found = of._base_manager.using(using).filter(pk=pk).values(*names).first() if names else None
    except (ValueError, ValidationError):  # an entry of somebody else's making, of what can be no user's id
        found = None
    return found or {}


def _fields(message: str) -> set[str]:
    try:
        return fields_in(json.loads(message))
    except ValueError:  # a sentence
        return set()
