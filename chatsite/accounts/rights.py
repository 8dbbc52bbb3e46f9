"""Who has which rights, and who has more than somebody else. Only superusers have all of them."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet


def has_more_rights(user: User, other: Any) -> bool:
    """Has `user` any right that `other` lacks? One who is inactive has what they would have."""
    if other.is_superuser:
        return False
    return user.is_superuser or permissions_of(user).exclude(pk__in=permissions_of(other)).exists()


def permissions_of(user: Any) -> "QuerySet[Permission]":
    """Their own and their groups'. Not asked by `get_all_permissions`, which says that who is inactive has none."""
    own = Q(pk__in=user.user_permissions.order_by().values("pk"))
    return Permission.objects.filter(own | Q(group__user=user)).order_by().distinct()


def groups_within(user: Any) -> "QuerySet[Group]":
    """Those that give no permission which this user lacks."""
    further = Permission.objects.exclude(pk__in=permissions_of(user).values("pk"))
    return Group.objects.exclude(permissions__in=further)
