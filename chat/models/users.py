"""What the app knows of users: an id of any kind, and what Django asks of every user model."""

from typing import Any, TypeAlias

from django.contrib.auth import get_user_model

UserId: TypeAlias = Any
"""The key of the project's users: a number, a UUID, a text."""


def has_permission(user: Any, permission: str) -> bool:
    """Django's `PermissionsMixin` has it. Where a user model knows no permissions, nobody has any."""
    asked = getattr(user, "has_perm", None)
    return bool(asked and asked(permission))


def has_field(name: str) -> bool:
    """Does the project's user model have this field? It need have none but its key."""
    return any(field.name == name for field in get_user_model()._meta.get_fields())
