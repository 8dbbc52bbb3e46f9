"""How much users may use, and what staff grant one of them for the present period. Each change is noted.

Amounts are typed and shown as people say them, money in CHAT_CURRENCY; they are stored as whole numbers.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from chat.admin.deletion import DeletedAlong
from chat.admin.filters import PeriodFilter, UnitFilter
from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.audit import Action
from chat.conf import settings
from chat.core.quotas import MOST_AMOUNT, Period, Unit
from chat.models import Quota, QuotaGrant
from chat.usage.prices import BILLIONTHS, day_of
from chat.usage.quota_words import in_words
from chat.usage.quotas import allowances

SUGGESTED = 4
"""One part of so many of what somebody has is what a grant is suggested to be."""


class AmountForm(forms.ModelForm):  # type: ignore[type-arg]
    amount = forms.DecimalField(label=gettext_lazy("Amount"), max_digits=25, decimal_places=9, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.pk and row.amount is not None:
            self.initial["amount"] = typed(row.unit, row.amount)
        if "amount" in self.fields:  # who may only view is given no field
            said = gettext("Money is in %(currency)s; tokens are those of questions and answers together.")
            self.fields["amount"].help_text = f"{said % {'currency': settings.CHAT_CURRENCY}} {self.besides}"

    besides = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        amount = cleaned.get("amount")
        if amount is None or "unit" not in cleaned:
            return cleaned
        exact = amount * BILLIONTHS if cleaned["unit"] == Unit.MONEY else amount
        if exact != int(exact):
            raise ValidationError({"amount": gettext("There are only whole tokens and messages.")})
        if exact > MOST_AMOUNT:
            most = in_words(Unit(cleaned["unit"]), MOST_AMOUNT)
            raise ValidationError({"amount": gettext("The most is %(amount)s.") % {"amount": most}})
        return cleaned | {"amount": int(exact)}


class QuotaForm(AmountForm):
    @property
    def besides(self) -> str:  # type: ignore[override]
        return gettext("Empty: no limit, also where others have one.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "amount" in self.fields:
            self.fields["amount"].required = False

    class Meta:
        model = Quota
        fields = ("unit", "period", "amount", "group", "user")
        help_texts = {
            "group": gettext_lazy("For each of its members. Of several groups of a user the highest quota holds."),
            "user": gettext_lazy(
                "For this user, whatever their groups have. Without a group and a user: for everybody."
            ),
        }


class GrantForm(AmountForm):
    class Meta:
        model = QuotaGrant
        fields = ("user", "unit", "period", "amount", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("amount") == 0:
            raise ValidationError({"amount": gettext("Grant more than nothing.")})
        return cleaned


class Amounts(Noted, OfferedLookups, DeletedAlong):
    """For both."""

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def shown(self, row: Quota | QuotaGrant) -> str:
        return gettext("no limit") if row.amount is None else in_words(Unit(row.unit), row.amount)


@admin.register(Quota)
class QuotaAdmin(Amounts, admin.ModelAdmin):  # type: ignore[type-arg]
    when_empty = gettext_lazy(
        "No quota is set: everybody may use as much as they like. Begin with one for everybody; those of groups and "
        "of users come before it."
    )
    noted_as = Action.QUOTA
    noted_fields = ("unit", "period", "amount", "group_id", "user_id")
    form = QuotaForm
    list_display = ["whose", "unit", "period", "shown"]
    list_filter = [("unit", UnitFilter), ("period", PeriodFilter)]
    list_select_related = ["group", "user"]
    raw_id_fields = ["user"]
    readonly_fields = ["shown"]

    @admin.display(description=gettext_lazy("for"))
    def whose(self, row: Quota) -> str:
        return str(row.user or row.group or gettext("everybody"))

    def get_fields(self, request: HttpRequest, obj: Quota | None = None) -> Any:
        may_change = self.has_change_permission(request, obj) if obj else True
        return ["unit", "period", "amount" if may_change else "shown", "group", "user"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Alone by its permission; with its group or its user by theirs."""
        own = admin.ModelAdmin.has_delete_permission(self, request, obj)
        return own or super().has_delete_permission(request, obj)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        return admin.ModelAdmin.get_model_perms(self, request)


@admin.register(QuotaGrant)
class QuotaGrantAdmin(Amounts, admin.ModelAdmin):  # type: ignore[type-arg]
    """What was granted stands. For a user, `add/?user=`, its page suggests more of what they have least of."""

    when_empty = gettext_lazy(
        "Nothing was granted. Who needs more than their quota until it renews is granted it here, or by “Grant more” "
        "beside their name in the usage by user."
    )
    noted_as = Action.GRANT
    noted_fields = ("user_id", "unit", "period", "first_day", "amount")
    form = GrantForm
    list_display = ["user", "shown", "period", "first_day", "made_by", "made_at", "reason"]
    list_filter = [("unit", UnitFilter), ("period", PeriodFilter)]
    list_select_related = ["user", "made_by"]
    raw_id_fields = ["user"]
    readonly_fields = ["shown", "first_day", "made_by", "made_at"]

    def get_fields(self, request: HttpRequest, obj: QuotaGrant | None = None) -> Any:
        if obj:
            return ["user", "shown", "period", "first_day", "reason", "made_by", "made_at"]
        return ["user", "unit", "period", "amount", "reason"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return suggested(initial["user"]) | initial if initial.get("user") else initial

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: QuotaGrant, form: Any, change: bool) -> None:
        obj.made_by_id, obj.first_day = request.user.pk, Period(obj.period).first(day_of(timezone.now()))
        super().save_model(request, obj, form, change)


def suggested(user: str) -> dict[str, Any]:
    """A part more of the quota of which the user with this id has used most; nothing where none holds."""
    try:
        found = get_user_model()._base_manager.filter(pk=user).first()
    except (ValueError, ValidationError):  # nobody can have such an id
        found = None
    held = allowances(found.pk) if found else []
    if not held:
        return {}
    limit = held[0].limit
    amount = max(1, limit.amount // SUGGESTED)
    return {"unit": limit.unit.value, "period": limit.period.value, "amount": typed(limit.unit, amount)}


def typed(unit: str, amount: int) -> Decimal:
    """As one types it, without zeros at its end."""
    return (Decimal(amount) / BILLIONTHS).normalize() + 0 if unit == Unit.MONEY else Decimal(amount)
