"""Who may what, as the administration has it: which rights are restricted, and which models are a group's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from chat.core.limits import MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.core.rights import ALL, LABELS, Right, Rights
from chat.models.sql import scalar
from chat.models.users import has_permission

CHOICES = [(right.value, gettext_lazy(label)) for right, label in LABELS.items()]

RESTRICTIONS, MODELS, RETENTION, QUOTAS, QUOTAS_IN_MONEY = 1, 2, 4, 8, 16
RULES = (
    f"(CASE WHEN EXISTS (SELECT 1 FROM chat_restriction) THEN {RESTRICTIONS} ELSE 0 END"  # noqa: S608 - ours alone
    f" + CASE WHEN EXISTS (SELECT 1 FROM chat_modelaccess) THEN {MODELS} ELSE 0 END"
    f" + CASE WHEN EXISTS (SELECT 1 FROM chat_groupretention) THEN {RETENTION} ELSE 0 END"
    f" + CASE WHEN EXISTS (SELECT 1 FROM chat_quota) THEN {QUOTAS} ELSE 0 END"
    f" + CASE WHEN EXISTS (SELECT 1 FROM chat_quota WHERE unit = 'money') THEN {QUOTAS_IN_MONEY} ELSE 0 END)"
)
"""In SQL: of which kinds there are rules. It goes with the query that finds a user: where there are none, nothing more
is asked."""


ASKED = ("has_perm", "get_all_permissions", "get_user_permissions", "get_group_permissions")
"""Of a backend that may know more than the rows of Django's own."""


class Restriction(models.Model):
    """This right counts: who lacks its permission may not."""

    right = models.CharField(gettext_lazy("right"), primary_key=True, max_length=30, choices=CHOICES)

    class Meta:
        verbose_name = gettext_lazy("restricted right")
        verbose_name_plural = gettext_lazy("restricted rights")
        ordering = ["right"]
        # Who could add, change or delete one could give themselves a right: superusers alone do.
        default_permissions = ("view",)
        # That of Right.PUBLISH is the links' own.
        permissions = [
            (Right.ATTACH.value, "May attach files"),
            (Right.SHARE.value, "May share conversations"),
            (Right.IMPORT.value, "May import conversations"),
        ]

    def __str__(self) -> str:
        return str(self.get_right_display())


class ModelAccess(models.Model):
    """A model is given to a group, and so to no one else, or refused."""

    # Null: the group is gone. What was given to it alone is for nobody then, and not for all.
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("group"))
    provider = models.CharField(gettext_lazy("provider"), max_length=PROVIDER_CHARACTERS)
    model = models.CharField(gettext_lazy("model"), max_length=MODEL_CHARACTERS)
    is_given = models.BooleanField(gettext_lazy("given"), default=True)

    class Meta:
        verbose_name = gettext_lazy("model of a group")
        verbose_name_plural = gettext_lazy("models of groups")
        ordering = ["provider", "model", "group"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["group", "provider", "model"], name="model_access_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


def rights_of(user: Any) -> Rights:
    """What a user may. Asked once for each time that they are found, which is once a request.

    Superusers may all, and so may all where the project's user model knows no groups and permissions; quotas are for
    all of them.
    """
    found: Rights | None = getattr(user, "chat_rights", None)
    if found is None:
        found = user.chat_rights = find_rights(user)
    return found


def find_rights(user: Any) -> Rights:
    """As they are now. Nobody is asked about who is not logged in, as where an error's page is made."""
    if user.pk is None:
        return ALL
    rules = rules_of(user)
    rights = _find(user, rules)
    return replace(rights, under_quotas=True) if rules & QUOTAS else rights


def rules_of(user: Any) -> int:
    """Of which kinds there are rules, without a query for whom the chat has found by one of its own."""
    known: int | None = getattr(user, "chat_rules", None)
    return int(scalar(f"SELECT {RULES}")) if known is None else known


def _find(user: Any, rules: int) -> Rights:
    if not rules & (RESTRICTIONS | MODELS) or not isinstance(user, PermissionsMixin) or user.is_superuser:
        return ALL
    return Rights.of(
        _lacking(user) if rules & RESTRICTIONS else (),
        _model_rows(user) if rules & MODELS else (),
    )


def _lacking(user: Any) -> list[Right]:
    own = Q(pk__in=user.user_permissions.order_by().values("pk"))
    of_groups = Q(group__in=user.groups.order_by().values("pk"))
    held = Permission.objects.filter(own | of_groups, content_type__app_label="chat", codename=OuterRef("right"))
    known = Restriction.objects.filter(right__in=list(Right)).order_by()
    rows = known.annotate(is_held=Exists(held)).values_list("right", "is_held")
    return [Right(right) for right, is_held in rows if not _is_granted(user, right, is_held)]


def _is_granted(user: Any, right: str, is_held: bool) -> bool:
    """As `has_perm`, which takes two queries by itself, and is asked where another backend may know better."""
    backends = auth.get_backends()
    if is_held and any(isinstance(backend, ModelBackend) for backend in backends):
        return True
    are_djangos = all(_grants_as_django(type(backend)) for backend in backends)
    return not are_djangos and has_permission(user, f"chat.{right}")


def _grants_as_django(backend: type) -> bool:
    return issubclass(backend, ModelBackend) and all(
        getattr(backend, name) is getattr(ModelBackend, name) for name in ASKED
    )


def _model_rows(user: Any) -> Iterable[tuple[str, str, bool, bool]]:
    is_mine = Q(group__in=user.groups.order_by().values("pk"))
    rows = ModelAccess.objects.order_by().annotate(is_mine=is_mine)
    return rows.values_list("provider", "model", "is_given", "is_mine")
