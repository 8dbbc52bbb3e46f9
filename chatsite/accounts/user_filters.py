"""What the administration's list of users says of how they log in, and how it can be narrowed by that."""

from datetime import timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chatsite.accounts.mfa.requirement import factors_of


def with_logins(users: QuerySet[Any]) -> QuerySet[Any]:
    """With `last_active`, `has_second_factor` and `login_provider`, in the one statement; groups in a second."""
    sessions = UserSession.objects.filter(user_id=OuterRef("pk")).order_by("-last_seen_at").values("last_seen_at")
    providers = SocialAccount.objects.filter(user_id=OuterRef("pk")).order_by("pk").values("provider")
    found: QuerySet[Any] = users.annotate(
        last_active=Coalesce(Subquery(sessions[:1]), F("last_login")),
        has_second_factor=Exists(factors_of(OuterRef("pk"))),
        login_provider=Subquery(providers[:1]),
    ).prefetch_related("groups")
    return found


class SecondFactorFilter(admin.SimpleListFilter):
    title = gettext_lazy("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(has_second_factor=self.value() == "yes")


class ProviderFilter(admin.SimpleListFilter):
    """Where some log in by one."""

    title = gettext_lazy("login")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = list(SocialAccount.objects.order_by("provider").values_list("provider", flat=True).distinct())
        return [*((name, name) for name in names), ("none", gettext_lazy("here"))] if names else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        accounts = SocialAccount.objects.filter(user_id=OuterRef("pk"))
        if self.value() == "none":
            return queryset.filter(~Exists(accounts))
        return queryset.filter(Exists(accounts.filter(provider=self.value())))


class LastActiveFilter(admin.SimpleListFilter):
    title = gettext_lazy("last active")
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("7", gettext_lazy("within 7 days")),
            ("30", gettext_lazy("within 30 days")),
            ("not90", gettext_lazy("not for 90 days")),
            ("never", gettext_lazy("never")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        match self.value():
            case "7" | "30":
                return queryset.filter(last_active__gte=now - timedelta(days=int(self.value() or 0)))
            case "not90":
                return queryset.exclude(last_active__gte=now - timedelta(days=90))
            case "never":
                return queryset.filter(last_active=None)
        return queryset
