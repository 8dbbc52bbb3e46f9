"""Somebody of the staff, in the test's own process."""

import uuid

from django.contrib.auth.models import Permission, User
from django.test import Client


def staff(*permissions: str) -> Client:
    """Who has these, by their codenames, and no others."""
    user = User.objects.create_user(f"staff-{uuid.uuid4()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client
