"""What users send, checked: JSON and plain forms alike."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.errors import BadInput, TooLong
from chat.feedback import Opinion
from chat.models import Feedback
from chat.models.feedback import COMMENT_CHARS
from chat.reply import storable
from chat.sentences import gettext_noop as _
from chat.turns import Continuation, Question, Regeneration

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class ModelField(forms.CharField):
    """One of CHAT_MODELS; the first if it is left out."""

    def clean(self, value: Any) -> str:
        models: list[str] = settings.CHAT_MODELS
        if value in (None, ""):
            return models[0]
        if value not in models:
            raise forms.ValidationError(
                gettext("This model is not offered here. Offered are: %(models)s."),
                params={"models": ", ".join(models)},
            )
        return str(value)


class QuestionForm(forms.Form):
    id = forms.UUIDField()
    text = forms.CharField(strip=False, error_messages={"required": gettext_lazy("Write something first.")})
    parent = forms.UUIDField(required=False)
    model = ModelField(required=False)
    temporary = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(gettext("Write something first."))
        return text


class WishForm(forms.Form):
    """For another answer, or for more of one."""

    id = forms.UUIDField()
    model = ModelField(required=False)


class OpinionForm(forms.Form):
    value = forms.ChoiceField(
        choices=Feedback.Value,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This is neither “up” nor “down” nor empty.")},
    )
    comment = forms.CharField(required=False)


def read_question(request: HttpRequest) -> Question:
    """The question in a request's body. Raises BadInput or TooLong."""
    sent = _body(request)
    text = sent.get("text")
    if isinstance(text, str):
        # Before the form, whose fields refuse NUL and whose browsers end lines with CRLF.
        sent["text"] = text = storable(text.replace("\r\n", "\n") if posted_by_form(request) else text)
        limit = settings.CHAT_INPUT_CHARS
        if limit and len(text) > limit:
            raise TooLong(
                _("This message has %(count)s characters; %(limit)s are allowed. Shorten it."),
                values={"count": len(text), "limit": limit},
            )
    return Question(**_cleaned(QuestionForm(sent)))


def read_regeneration(request: HttpRequest) -> Regeneration:
    """The wish in a request's body. Raises BadInput."""
    return Regeneration(**_cleaned(WishForm(_body(request))))


def read_continuation(request: HttpRequest) -> Continuation:
    """The wish in a request's body. Raises BadInput."""
    return Continuation(**_cleaned(WishForm(_body(request))))


def read_opinion(request: HttpRequest) -> Opinion:
    """What somebody thinks of an answer, in a request's body. Raises BadInput or TooLong."""
    sent = _body(request, OpinionForm)
    if "value" not in sent:
        raise BadInput(fields={"value": _("This field is missing.")})
    comment = sent.get("comment")
    if comment is not None:
        sent["comment"] = comment = storable(comment.replace("\r\n", "\n")).strip()
        if len(comment) > COMMENT_CHARS:
            sentence = _("This comment has %(count)s characters; %(limit)s are allowed. Shorten it.")
            raise TooLong(sentence, values={"count": len(comment), "limit": COMMENT_CHARS})
    return Opinion(_cleaned(OpinionForm(sent))["value"], comment)


def posted_by_form(request: HttpRequest) -> bool:
    """Did a plain HTML form send this, rather than a script?"""
    return request.method == "POST" and request.content_type in FORM_TYPES


def _body(request: HttpRequest, form: type[forms.Form] = QuestionForm) -> dict[str, Any]:
    try:
        if posted_by_form(request):
            return request.POST.dict()
        body = json.loads(request.body.decode())
    except RequestDataTooBig as exc:
        raise TooLong from exc
    except (ValueError, RecursionError) as exc:
        raise BadInput(_("The body is not JSON in UTF-8.")) from exc
    if not isinstance(body, dict):
        raise BadInput(_("The body is not a JSON object."))
    wrong = {name: _type_wanted(form, name) for name, value in body.items() if not _fits(form, name, value)}
    if wrong:
        raise BadInput(_("A field is not of the right type."), fields=wrong)
    return body


def _type_wanted(form: type[forms.Form], name: str) -> str:
    is_boolean = isinstance(form.base_fields[name], forms.BooleanField)
    return _("This is neither true nor false.") if is_boolean else _("This is not a string.")


def _fits(form: type[forms.Form], name: str, value: object) -> bool:
    known = name in form.base_fields
    if known and isinstance(form.base_fields[name], forms.BooleanField):
        return isinstance(value, bool)
    return not known or isinstance(value, str) or (value is None and name in ("parent", "model", "comment"))


def _cleaned(form: forms.Form) -> dict[str, Any]:
    if not form.is_valid():
        fields = {name: " ".join(str(error) for error in errors) for name, errors in form.errors.items()}
        raise BadInput(next(iter(fields.values())) if "text" in fields else "", fields=fields)
    return form.cleaned_data
