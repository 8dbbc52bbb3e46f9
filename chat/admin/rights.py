"""Which rights count, and which models are a group's: superusers say so, others of the staff may see it.

Whoever could change these rows could give a right to themselves, so nobody has the permission to.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.noted import Noted
from chat.admin.of_model import OfModel, OfModelForm, model_choices, model_value
from chat.audit import Action
from chat.models import ModelAccess, Restriction

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


class ModelAccessForm(OfModelForm):
    which = forms.ChoiceField(label=gettext_lazy("Model"), help_text=CHOICES_HELP)
    unique = "group"
    is_there = gettext_lazy("There is a row for this model and this group already.")

    class Meta:
        model = ModelAccess
        fields = ("group", "which", "is_given")


@admin.register(ModelAccess)
class ModelAccessAdmin(OfModel, Noted, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    noted_as = Action.PERMISSION
    noted_fields = ("group_id", "provider", "model", "is_given")
    form = ModelAccessForm
    list_display = ["called", "group", "is_given", "is_known"]
    list_filter = ["is_given"]
    list_select_related = ["group"]

    @admin.display(description=gettext_lazy("in the settings"), boolean=True)
    def is_known(self, row: ModelAccess) -> bool:
        return model_value(row) in dict(model_choices())
