"""Who has which rights, and who has more than somebody else. Only superusers have all of them."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

from chat.models import ModelAccess
from chat.models.rights import find_rights
from chat.providers.registry import registry


def has_more_rights(user: User, other: Any) -> bool:
    """Has `user` any right that `other` lacks? One who is inactive has what they would have."""
    if other.is_superuser:
        return False
    if user.is_superuser or permissions_of(user).exclude(pk__in=permissions_of(other)).exists():
        return True
    return ModelAccess.objects.exists() and bool(models_of(user) - models_of(other))


def permissions_of(user: Any) -> "QuerySet[Permission]":
    """Their own and their groups'. Not asked by `get_all_permissions`, which says that who is inactive has none."""
    own = Q(pk__in=user.user_permissions.order_by().values("pk"))
    return Permission.objects.filter(own | Q(group__user=user)).order_by().distinct()


def groups_within(user: Any) -> "QuerySet[Group]":
    """Those that give no permission and no model which this user lacks."""
    further = Permission.objects.exclude(pk__in=permissions_of(user).values("pk"))
    given = ModelAccess.objects.filter(is_given=True, group__isnull=False).values_list("group", "model")
    own = models_of(user)
    beyond = [group for group, model in given if model not in own]
    return Group.objects.exclude(permissions__in=further).exclude(pk__in=beyond)


def models_of(user: Any) -> set[str]:
    """The keys of those that they may choose."""
    return {model.key for model in registry().offered_to(find_rights(user))}
