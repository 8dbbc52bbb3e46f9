"""System checks of who may read what users wrote, and of what these are told."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.db.models import Q, QuerySet

from chat.audit.notices import is_notice
from chat.audit.reasons import Asking
from chat.conf import settings
from chat.models import AuditMark
from chat.models.audit_triggers import are_there, is_tested
from chat.models.users import has_djangos_groups, has_field

NO_ASKING = checks.Error(
    "CHAT_READING_REASON is none of off, asked and required.",
    hint="Until it is, a reason is required.",
    id="chat.E061",
)
NO_NOTICE = checks.Error(
    "CHAT_READING_NOTICE is neither at once nor a number of days nor never.",
    hint="Until it is, nobody is told who has read what.",
    id="chat.E062",
)
BOTH = "chat.W063"
NO_KEY = checks.Warning(
    "CHAT_AUDIT_KEY is not set: the audit log is sealed with a key that is made of SECRET_KEY.",
    hint="Set it to a long random string, and keep it apart from the database. With another SECRET_KEY what is there "
    "cannot be verified any more, unless SECRET_KEY_FALLBACKS has the former one.",
    id="chat.W064",
)
SHORT_KEY = checks.Warning(
    "CHAT_AUDIT_KEY is short: whoever has a part of the audit log may find it by trying.",
    hint="Set it to 32 random characters or more, with this one in CHAT_AUDIT_KEY_FALLBACKS.",
    id="chat.W067",
)
NO_TRIGGERS = checks.Warning(
    "The database does not refuse to change the audit log: its triggers are missing.",
    hint="`manage.py audit guard` makes them.",
    id="chat.W065",
)
HINT = (
    "CHAT_SEPARATE_ROLES is on. Take one of the two from them. Superusers hold all permissions, and are not listed; "
    "rights that other authentication backends give are not seen here."
)
KEY_CHARACTERS = 32
SHOWN = 20
READ = Q(content_type__app_label="chat", codename__in=["view_conversation", "view_feedback", "change_feedback"])
"""With these one reads what users wrote: who may mark a comment sees it."""
OF_READERS = ["change_feedback", "delete_share"]
"""A note at a comment, and the end of a link that one has found, go with reading."""


@register
def check_readings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = [] if str(settings.CHAT_READING_REASON) in list(Asking) else [NO_ASKING]
    return found if is_notice(str(settings.CHAT_READING_NOTICE)) else [*found, NO_NOTICE]


@register(Tags.security, deploy=True)
def check_audit_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.CHAT_AUDIT_KEY:
        return [NO_KEY]
    return [SHORT_KEY] if len(settings.CHAT_AUDIT_KEY) < KEY_CHARACTERS else []


@register(Tags.database)
def check_triggers(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Where the tables are. Where Django tests there are none."""
    if is_tested() or "default" not in (databases or ()) or not _has_table(AuditMark._meta.db_table):
        return []
    return [] if are_there(connections["default"]) else [NO_TRIGGERS]


@register(Tags.database)
def check_roles(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Groups by their names, people by their ids."""
    if not settings.CHAT_SEPARATE_ROLES or "default" not in (databases or ()) or not _has_table("auth_permission"):
        return []
    both = [f"the group “{name}”" for name in _groups_with_both()[: SHOWN + 1]]
    both += [f"user {pk}" for pk in _users_with_both()[: SHOWN + 1]]
    more = " and more" if len(both) > SHOWN else ""
    sentence = f"May both read what users wrote, and change the chat or erase: {', '.join(both[:SHOWN])}{more}."
    return [checks.Warning(sentence, hint=HINT, id=BOTH)] if both else []


def changing() -> Q:
    """Permissions by which one changes the chat, gives rights, or erases: all that are not for looking."""
    ours = Q(content_type__app_label="chat") & ~Q(codename__startswith="view_") & ~Q(codename__in=OF_READERS)
    people = get_user_model()._meta
    of_people = Q(content_type__app_label=people.app_label, content_type__model=people.model_name)
    groups = Q(content_type__app_label="auth", content_type__model="group")
    return (ours & _is_of_staff()) | ((of_people | groups) & ~Q(codename__startswith="view_"))


def _is_of_staff() -> Q:
    """Not what users may do with what is their own (chat/core/rights.py)."""
    return Q(codename__startswith="add_") | Q(codename__startswith="change_") | Q(codename__startswith="delete_")


def _groups_with_both() -> list[str]:
    reading, other = (_ids(which) for which in (READ, changing()))
    groups = Group.objects.filter(permissions__in=reading).filter(permissions__in=other)
    return list(groups.order_by("name").values_list("name", flat=True).distinct())


def _users_with_both() -> list[Any]:
    """By permissions of their own, or of several groups. Without `PermissionsMixin` nobody has any."""
    if not (has_field("user_permissions") and has_djangos_groups()):
        return []
    users: QuerySet[Any] = get_user_model()._base_manager.all()
    for which in (READ, changing()):
        ids = _ids(which)
        users = users.filter(Q(user_permissions__in=ids) | Q(groups__permissions__in=ids))
    for name, value in _who_counts():
        users = users.filter(**{name: value})
    return list(users.order_by("pk").values_list("pk", flat=True).distinct())


def _who_counts() -> Iterator[tuple[str, bool]]:
    if has_field("is_superuser"):
        yield "is_superuser", False
    if has_field("is_active"):
        yield "is_active", True


def _ids(which: Q) -> list[int]:
    return list(Permission.objects.filter(which).values_list("pk", flat=True))


def _has_table(name: str) -> bool:
    return name in connections["default"].introspection.table_names()
