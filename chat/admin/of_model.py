"""Rows of a model of the settings, chosen by what people call it."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy

from chat.providers.registry import registry


class OfModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """With one more field a row is `unique`. Django checks no constraint whose columns are no fields of the form."""

    which = forms.ChoiceField(label=gettext_lazy("Model"))

    unique: ClassVar[str]
    is_there: ClassVar[Any]
    """The sentence for a second one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = model_value(self.instance) if self.instance.pk else None
        if "which" in self.fields:  # who may only view is given no field
            choices = dict(model_choices())
            self.fields["which"].choices = ({kept: kept} | choices if kept else choices).items()  # type: ignore[attr-defined]
            self.initial.setdefault("which", kept)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "which" not in cleaned or self.unique not in cleaned:
            return cleaned
        row = self.instance
        row.provider, _slash, row.model = cleaned["which"].partition("/")
        key = {"provider": row.provider, "model": row.model, self.unique: cleaned[self.unique]}
        if type(row)._default_manager.filter(**key).exclude(pk=row.pk).exists():
            raise forms.ValidationError(self.is_there)
        return cleaned


class OfModel:
    """For their ModelAdmin."""

    @admin.display(description=gettext_lazy("model"), ordering="model")
    def called(self, row: Any) -> str:
        return dict(model_choices()).get(model_value(row), model_value(row))


def model_choices() -> Iterator[tuple[str, str]]:
    """All models of the settings, as people know them."""
    for model in registry().models:
        service = model.provider.label
        yield f"{model.provider.name}/{model.key}", f"{service}: {model.listed}" if service else model.listed


def model_value(row: Any) -> str:
    """A provider's name has no slash; a model's key may."""
    return f"{row.provider}/{row.model}"
