"""By which the lists of conversations and of calls of tools can be narrowed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import Feedback, Generation, ToolCall
from chat.models.audience import Audience
from chat.models.generation import STATUSES


class GenerationFilter(admin.SimpleListFilter):
    """Conversations with any generation whose field `parameter_name` has the value. Unknown values do nothing."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        generations = Generation.objects.filter(message__conversation=OuterRef("pk")).order_by()
        return queryset.filter(Exists(generations.filter(**{f"{self.parameter_name}": self.value()})))


class ModelFilter(GenerationFilter):
    title = gettext_lazy("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = Generation.objects.order_by("model").values_list("model", flat=True).distinct()
        return [(model, model) for model in models]


class ProviderFilter(GenerationFilter):
    """Where there is more than one."""

    title = gettext_lazy("service")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = list(Generation.objects.order_by("provider").values_list("provider", flat=True).distinct())
        return [(name, name) for name in names] if len(names) > 1 else []


class EndingFilter(GenerationFilter):
    title = gettext_lazy("ending")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in STATUSES]


class FeedbackFilter(admin.SimpleListFilter):
    """Conversations with any answer that its reader found good, or bad, or has commented on."""

    title = gettext_lazy("feedback")
    parameter_name = "feedback"
    criteria: ClassVar = {"up": Q(value="up"), "down": Q(value="down"), "comment": ~Q(comment="")}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("up", _("good")), ("down", _("bad")), ("comment", _("with a comment"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        criterion = self.criteria.get(self.value() or "")
        if criterion is None:
            return queryset
        return queryset.filter(Exists(Feedback.objects.filter(criterion, message__conversation=OuterRef("pk"))))


class LinkFilter(admin.SimpleListFilter):
    """Conversations that a link shows, by who can read the most open of them."""

    title = gettext_lazy("shared with")
    parameter_name = "shared_with"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Audience.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(shared_with=self.value()) if self.value() in Audience.values else queryset


class Called:
    """For a filter of a field, before it: which is called otherwise here than the field is."""

    called: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = self.called


class LastActivityFilter(Called, admin.DateFieldListFilter):
    called = gettext_lazy("last activity")


class UnitFilter(Called, admin.ChoicesFieldListFilter):
    """Of quotas and grants, whose fields are named as parts of a sentence."""

    called = gettext_lazy("unit")


class PeriodFilter(Called, admin.ChoicesFieldListFilter):
    called = gettext_lazy("period")


class ToolFilter(admin.SimpleListFilter):
    """Calls of one tool."""

    title = gettext_lazy("tool")
    parameter_name = "tool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = ToolCall.objects.exclude(name="").order_by("name").values_list("name", flat=True).distinct()
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(name=self.value()) if self.value() in dict(self.lookup_choices) else queryset


class TimeFilter(admin.DateFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = gettext_lazy("time")
