"""A prompt of the library."""

from django import forms
from django.utils.translation import gettext_lazy

from chat.core.limits import PROMPT_NAME_CHARACTERS
from chat.forms.fields import LongText, OneLine


class PromptForm(forms.Form):
    name = OneLine(
        max_length=PROMPT_NAME_CHARACTERS,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What you type after / in the composer."),
        error_messages={"required": gettext_lazy("Give it a name.")},
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    text = LongText(
        strip=False, label=gettext_lazy("Text"), error_messages={"required": gettext_lazy("Write something first.")}
    )
