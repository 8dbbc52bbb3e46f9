"""Texts as the database can hold them, and no longer than a message may be; and fields that are not copied."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from chat.conf import settings
from chat.core.blank import is_blank
from chat.core.reply import storable


class StorableText(forms.CharField):
    """A text as the database can hold it."""

    def to_python(self, value: Any) -> str:
        return storable(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        """What shows nothing is empty."""
        super().validate("" if is_blank(value) else value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Browsers count half of an emoji as a character, and would stop too soon: it is said where it is too long."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class OneLine(StorableText):
    """A name: its white space is one blank each."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


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


class SharedFields(dict[str, forms.Field]):
    """The fields of a form that nobody changes: else each form would copy them, which takes longer than the rest."""

    def __deepcopy__(self, memo: object) -> "SharedFields":
        return self
