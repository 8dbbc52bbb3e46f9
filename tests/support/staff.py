"""Somebody of the staff, in the test's own process."""

import uuid
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client


def staff(*permissions: str) -> Client:
    """Who has these, by their codenames, and no others."""
    return somebody(f"staff-{uuid.uuid4()}", *permissions)


def superuser(name: str = "root") -> Client:
    return client_of(User.objects.create_superuser(name))


def somebody(name: str, *permissions: str, is_staff: bool = True, **fields: Any) -> Client:
    """As `staff`, by this name."""
    user = User.objects.create_user(name, is_staff=is_staff, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert user.user_permissions.count() == len(permissions)
    return client_of(user)


def client_of(user: User) -> Client:
    """One who is logged in."""
    client = Client()
    client.force_login(user)
    return client
