"""What the app knows of users: an id of any kind, and what Django asks of every user model."""

from typing import Any, TypeAlias

UserId: TypeAlias = Any
"""The key of the project's users: a number, a UUID, a text."""


def has_permission(user: Any, permission: str) -> bool:
    """Django's `PermissionsMixin` has it. Where a user model knows no permissions, nobody has any."""
    asked = getattr(user, "has_perm", None)
    return bool(asked and asked(permission))
