"""Prompts that staff write for all; those of users are their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from chat.admin.deletion import find_locked
from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.models import Prompt


class SharedPromptForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_name(self) -> str:
        """Django does not check a constraint with a condition on what is no field of the form."""
        name = " ".join(self.cleaned_data["name"].split())
        if Prompt.objects.filter(owner=None, name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(gettext("There is a shared prompt of this name already."))
        return name


@admin.register(Prompt)
class PromptAdmin(Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    form = SharedPromptForm
    fields = ["name", "text"]
    list_display = ["name"]
    search_fields = ["name", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        shared: QuerySet[Prompt] = super().get_queryset(request).filter(owner=None)
        return shared

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        """What somebody else has deleted meanwhile does not come back."""
        if change:
            find_locked(Prompt, obj.pk)
        super().save_model(request, obj, form, change)
