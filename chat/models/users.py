"""What the app knows of users: an id of any kind, and what Django asks of every user model."""

from typing import Any, TypeAlias

from django.contrib.auth import get_user_model
from django.db import connection

UserId: TypeAlias = Any
"""The key of the project's users: a number, a UUID, a text."""


def has_permission(user: Any, permission: str) -> bool:
    """Django's `PermissionsMixin` has it. Where a user model knows no permissions, nobody has any."""
    asked = getattr(user, "has_perm", None)
    return bool(asked and asked(permission))


def has_field(name: str) -> bool:
    """Does the project's user model have this field? It need have none but its key.

    What refers to users from elsewhere is no field of theirs, whatever it is called.
    """
    meta = get_user_model()._meta
    return any(field.name == name for field in (*meta.fields, *meta.many_to_many))


def groups_field() -> Any:
    """`groups`, if users are in several; else None."""
    return next((field for field in get_user_model()._meta.many_to_many if field.name == "groups"), None)


def has_djangos_groups() -> bool:
    """Are the users' groups those that a Group of Django's is?"""
    field = groups_field()
    return field is not None and field.related_model._meta.label == "auth.Group"


def groups_table() -> tuple[str, str, str]:
    """Where it stands in which groups a user is: the table, its column of users, and that of groups, quoted."""
    field = groups_field()
    names = field.m2m_db_table(), field.m2m_column_name(), field.m2m_reverse_name()
    table, owner, group = map(connection.ops.quote_name, names)
    return table, owner, group
