"""What a model is to be told and how it is to answer, as users fill it in."""

from collections.abc import Hashable, Sequence
from copy import deepcopy
from functools import cache
from typing import Self

from django import forms
from django.utils.translation import gettext_lazy

from chat.core.limits import MOST_TEMPERATURE, MOST_TOKENS
from chat.core.prompt import NO_OPTIONS, Options
from chat.forms.fields import LongText, SharedFields

TEMPERATURE_FAULT = gettext_lazy("The temperature is a number from 0 to 2.")
TOKENS_FAULT = gettext_lazy("The token limit is a whole number from 1 to 1,000,000.")


class OptionsForm(forms.Form):
    system_prompt = LongText(
        required=False,
        label=gettext_lazy("System prompt"),
        help_text=gettext_lazy("What the model is told before all else, such as who it is and how it answers."),
    )
    temperature = forms.FloatField(
        required=False,
        min_value=0,
        max_value=MOST_TEMPERATURE,
        label=gettext_lazy("Temperature"),
        help_text=gettext_lazy("From 0, sober, to 2, wild. Empty: as the model's service has it."),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), TEMPERATURE_FAULT),
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )
    max_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_TOKENS,
        label=gettext_lazy("Token limit"),
        help_text=gettext_lazy("How long an answer may become; a word has one or two tokens. Empty: no limit."),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), TOKENS_FAULT),
    )

    _of_form = ""
    """With which other form of the page its fields are sent."""

    rows: Sequence[tuple[str, Hashable]] = ()
    """Whose words it shows."""

    @classmethod
    def showing(cls, options: Options, rows: Sequence[tuple[str, Hashable]] = ()) -> Self:
        form = cls(initial={name: getattr(options, name) for name in cls.base_fields})
        form.rows = rows if options != NO_OPTIONS else ()
        return form

    @property
    def version(self) -> str:
        """Of one that shows what is stored (chat/templatetags/fragments.py)."""
        return f"{self._of_form} {self.initial}"

    def belonging_to(self, form_id: str) -> Self:
        """With fields that are sent with another form of the page."""
        self.fields, self._of_form = _fields_of(form_id), form_id
        return self

    @property
    def options(self) -> Options:
        """Of a form that is valid."""
        return Options(**self.cleaned_data)


OptionsForm.base_fields = SharedFields(OptionsForm.base_fields)


@cache
def _fields_of(form_id: str) -> SharedFields:
    """Those that are sent with this form of a page."""
    fields = SharedFields(deepcopy(dict(OptionsForm.base_fields)))
    for field in fields.values():
        field.widget.attrs["form"] = form_id
    return fields
