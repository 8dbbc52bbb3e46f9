"""What a model is to be told and how it is to answer, as users fill it in; and their prompts."""

from dataclasses import asdict
from typing import Any, Self

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from chat.core.prompt import Options
from chat.core.reply import storable
from chat.models.prompt import NAME_LENGTH

HOTTEST = 2
"""The highest temperature: OpenAI's, and no compatible service takes a higher one."""
MOST_TOKENS = 1_000_000

TEMPERATURE_FAULT = gettext_lazy("The temperature is a number from 0 to 2.")
TOKENS_FAULT = gettext_lazy("The token limit is a whole number from 1 to 1,000,000.")


class StorableText(forms.CharField):
    """A text as the database can hold it."""

    def to_python(self, value: Any) -> str:
        return storable(super().to_python(value) or "")


class LongText(StorableText):
    """No longer than a message may be."""

    widget = forms.Textarea(attrs={"rows": 5, "dir": "auto"})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace("\r\n", "\n")
        limit = settings.CHAT_INPUT_CHARS
        if limit and len(text) > limit:
            sentence = gettext_lazy("This text has %(count)s characters; %(limit)s are allowed. Shorten it.")
            raise forms.ValidationError(sentence, code="too_long", params={"count": len(text), "limit": limit})
        return text


class OptionsForm(forms.Form):
    system_prompt = LongText(
        required=False,
        label=gettext_lazy("System prompt"),
        help_text=gettext_lazy("What the model is told before all else, such as who it is and how it answers."),
    )
    temperature = forms.FloatField(
        required=False,
        min_value=0,
        max_value=HOTTEST,
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

    @classmethod
    def showing(cls, options: Options) -> Self:
        return cls(initial=asdict(options))

    def belonging_to(self, form_id: str) -> Self:
        """With fields that are sent with another form of the page."""
        for field in self.fields.values():
            field.widget.attrs["form"] = form_id
        return self

    @property
    def options(self) -> Options:
        """Of a form that is valid."""
        return Options(**self.cleaned_data)


class PromptForm(forms.Form):
    name = StorableText(
        max_length=NAME_LENGTH,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What you type after / in the composer."),
        error_messages={"required": gettext_lazy("Give it a name.")},
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    text = LongText(
        strip=False, label=gettext_lazy("Text"), error_messages={"required": gettext_lazy("Write something first.")}
    )
