"""What models cost here: staff's prices come before the list that is installed, from a day on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.admin.rights import model_choices, model_value
from chat.audit import Action
from chat.conf import settings
from chat.models import ModelPrice
from chat.usage.prices import forget_prices


class ModelPriceForm(forms.ModelForm):  # type: ignore[type-arg]
    which = forms.ChoiceField(label=gettext_lazy("Model"))

    class Meta:
        model = ModelPrice
        fields = ("which", "since", "input", "cached", "output")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        kept = [(model_value(row.provider, row.model), f"{row.provider}/{row.model}")] if row.pk else []
        if "which" in self.fields:  # who may only view is given no field
            self.fields["which"].choices = dict([*kept, *model_choices()]).items()  # type: ignore[attr-defined]
            self.initial.setdefault("which", kept[0][0] if kept else None)

    def clean(self) -> dict[str, Any]:
        """Django does not check a constraint whose columns are no fields of the form."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "which" not in cleaned or "since" not in cleaned:
            return cleaned
        row = self.instance
        row.provider, _slash, row.model = cleaned["which"].partition("/")
        same = ModelPrice.objects.filter(provider=row.provider, model=row.model, since=cleaned["since"])
        if same.exclude(pk=row.pk).exists():
            raise forms.ValidationError(gettext("There is a price for this model from this day on already."))
        return cleaned


@admin.register(ModelPrice)
class ModelPriceAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
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

    @admin.display(description=gettext_lazy("model"), ordering="model")
    def called(self, row: ModelPrice) -> str:
        return dict(model_choices()).get(model_value(row.provider, row.model), f"{row.provider}/{row.model}")

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
