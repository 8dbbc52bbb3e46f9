"""What models cost here: staff's prices come before the list that is installed, from a day on."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.admin.of_model import OfModel, OfModelForm
from chat.audit import Action
from chat.conf import settings
from chat.models import ModelPrice
from chat.usage.prices import forget_prices


class ModelPriceForm(OfModelForm):
    unique = "since"
    is_there = gettext_lazy("There is a price for this model from this day on already.")

    class Meta:
        model = ModelPrice
        fields = ("which", "since", "input", "cached", "output")


@admin.register(ModelPrice)
class ModelPriceAdmin(OfModel, Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """What has been settled is not computed again: a price that was wrong counts for what comes."""

    when_empty = gettext_lazy(
        "No price is set here. A model has one of the list that is installed, or its costs are unknown; a price that "
        "you add comes before that list."
    )
    noted_as = Action.PRICE
    noted_fields = ("provider", "model", "since", "input", "cached", "output", "currency")
    form = ModelPriceForm
    list_display = ["called", "since", "input", "cached", "output", "currency"]
    list_filter = ["since"]
    readonly_fields = ["in_currency"]

    @admin.display(description=gettext_lazy("currency"))
    def in_currency(self, row: ModelPrice) -> str:
        """Of a new one that in which it will be stored."""
        return row.currency or settings.CHAT_CURRENCY

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: bool) -> None:
        """In the currency of the site, as it is now."""
        obj.currency = settings.CHAT_CURRENCY
        super().save_model(request, obj, form, change)
        transaction.on_commit(forget_prices)

    def delete_model(self, request: HttpRequest, obj: ModelPrice) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(forget_prices)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelPrice]) -> None:
        super().delete_queryset(request, queryset)
        transaction.on_commit(forget_prices)
