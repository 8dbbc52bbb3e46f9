"""Which rights count, and which models are a group's: superusers say so, others of the staff may see it.

Whoever could change these rows could give a right to themselves, so nobody has the permission to.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.audit import Action
from chat.models import ModelAccess, Restriction
from chat.providers.registry import registry

CHOICES_HELP = gettext_lazy(
    "A model that is given to a group is for the members of such groups alone. One that is refused to a group is not "
    "for its members, whatever another group of theirs is given. All others are as the settings have them."
)


@admin.register(Restriction)
class RestrictionAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    """A row restricts a right to those who have its permission; without it all have the right."""

    noted_as = Action.PERMISSION
    noted_fields = ("right",)
    list_display = ["right", "permission"]

    @admin.display(description=gettext_lazy("permission that it takes"))
    def permission(self, restriction: Restriction) -> str:
        return f"chat.{restriction.right}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing in it to change."""
        return False


class ModelAccessForm(forms.ModelForm):  # type: ignore[type-arg]
    which = forms.ChoiceField(label=gettext_lazy("Model"), help_text=CHOICES_HELP)

    class Meta:
        model = ModelAccess
        fields = ("group", "which", "is_given")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        kept = [(model_value(row.provider, row.model), str(row))] if row.pk else []
        self.fields["which"].choices = dict([*kept, *model_choices()]).items()  # type: ignore[attr-defined]
        self.initial.setdefault("which", kept[0][0] if kept else None)

    def clean(self) -> dict[str, Any]:
        """Django does not check a constraint whose columns are no fields of the form."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "which" not in cleaned:
            return cleaned
        self.instance.provider, _slash, self.instance.model = cleaned["which"].partition("/")
        same = ModelAccess.objects.filter(
            group=cleaned.get("group"), provider=self.instance.provider, model=self.instance.model
        )
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(gettext("There is a row for this model and this group already."))
        return cleaned


@admin.register(ModelAccess)
class ModelAccessAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    noted_as = Action.PERMISSION
    noted_fields = ("group_id", "provider", "model", "is_given")
    form = ModelAccessForm
    list_display = ["called", "group", "is_given", "is_known"]
    list_filter = ["is_given"]
    list_select_related = ["group"]

    @admin.display(description=gettext_lazy("model"), ordering="model")
    def called(self, row: ModelAccess) -> str:
        return dict(model_choices()).get(model_value(row.provider, row.model), str(row))

    @admin.display(description=gettext_lazy("in the settings"), boolean=True)
    def is_known(self, row: ModelAccess) -> bool:
        return model_value(row.provider, row.model) in dict(model_choices())


def model_choices() -> Iterator[tuple[str, str]]:
    """All models of the settings, as people know them."""
    for model in registry().models:
        service = model.provider.label
        yield model_value(model.provider.name, model.key), f"{service}: {model.listed}" if service else model.listed


def model_value(provider: str, model: str) -> str:
    """A provider's name has no slash; a model's key may."""
    return f"{provider}/{model}"
