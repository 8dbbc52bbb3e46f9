"""What users send, checked: JSON and plain forms alike."""

import json
import uuid
from dataclasses import dataclass
from typing import IO, Any, TypeVar, cast

from django import forms
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.attachments.uploads import check_size
from chat.conversations.feedback import Opinion
from chat.conversations.messages import Continuation, Question, Regeneration
from chat.conversations.organizing import Shelf
from chat.conversations.sharing import SHARED_DAYS
from chat.core.prompt import Options
from chat.core.reply import storable
from chat.errors import BadInput, TooLong
from chat.forms.options import OptionsForm
from chat.i18n import gettext_noop as _
from chat.models import Feedback
from chat.models.conversation import TITLE_LENGTH
from chat.models.feedback import COMMENT_CHARS

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
MAY_BE_NULL = ("parent", "model", "comment", "temperature", "max_tokens")
"""In JSON; all others are left out where they have no value."""

Form = TypeVar("Form", bound=forms.Form)


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


class SharedFields(dict[str, forms.Field]):
    """The fields of a form that nobody changes: else each form would copy them, which takes longer than the rest."""

    def __deepcopy__(self, memo: object) -> "SharedFields":
        return self


class QuestionForm(forms.Form):
    id = forms.UUIDField()
    text = forms.CharField(strip=False, error_messages={"required": gettext_lazy("Write something first.")})
    parent = forms.UUIDField(required=False)
    model = ModelField(required=False)
    temporary = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if text.strip():
            return text
        if self.fields["text"].required:
            raise forms.ValidationError(gettext("Write something first."))
        return ""


class BearingForm(QuestionForm):
    """A question that bears files needs no words."""

    text = forms.CharField(strip=False, required=False)


for form in (QuestionForm, BearingForm):
    form.base_fields = SharedFields(form.base_fields)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is to be attached to a question."""

    id: uuid.UUID
    file: IO[bytes]
    name: str


class UploadForm(forms.Form):
    id = forms.UUIDField()
    file = forms.FileField(allow_empty_file=True, error_messages={"required": gettext_lazy("Choose a file first.")})


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


class TitleForm(forms.Form):
    title = forms.CharField(
        max_length=TITLE_LENGTH, error_messages={"required": gettext_lazy("A conversation needs a title.")}
    )


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
    attachments = _attachments(request, sent)
    fields = _cleaned((BearingForm if attachments else QuestionForm)(sent))
    return Question(**fields, options=_own_options(request, sent), attachments=attachments)


def _attachments(request: HttpRequest, sent: dict[str, Any]) -> tuple[uuid.UUID, ...]:
    """The ids of what a question bears, each once. Raises BadInput."""
    given = request.POST.getlist("attachments") if posted_by_form(request) else sent.get("attachments")
    fault = BadInput(fields={"attachments": _("This is not a list of ids.")})
    if not isinstance(given, list | None):
        raise fault
    try:
        ids = dict.fromkeys(uuid.UUID(each) for each in given or [] if each != "")
    except (TypeError, AttributeError, ValueError) as exc:
        raise fault from exc
    limit = settings.CHAT_ATTACHMENTS_PER_MESSAGE
    if limit and len(ids) > limit:
        sentence = _("A message can bear %(limit)s files. Send the others with another.")
        raise BadInput(sentence, values={"limit": limit})
    return tuple(ids)


def read_upload(request: HttpRequest) -> Upload:
    """The file in a request's body. Raises BadInput or TooLong."""
    if request.content_type != "multipart/form-data":
        raise BadInput(_("A file is sent as multipart/form-data."))
    sent = _cleaned(UploadForm(request.POST, request.FILES))
    check_size(sent["file"].size)
    return Upload(sent["id"], cast(IO[bytes], sent["file"].file), sent["file"].name)


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


def filled_in(request: HttpRequest, form: type[Form]) -> Form:
    """`form` with what a request's body says. Raises BadInput or TooLong for what cannot be filled in."""
    return form(_as_typed(_body(request, form)))


def fault_in(form: forms.Form) -> BadInput | TooLong | None:
    """What is filled in wrongly."""
    if form.is_valid():
        return None
    fields = {name: " ".join(str(error) for error in errors) for name, errors in form.errors.items()}
    is_told = not isinstance(form, QuestionForm | WishForm | OpinionForm) or "text" in fields
    faults = [fault for faults in form.errors.as_data().values() for fault in faults]
    kind = TooLong if any(fault.code == "too_long" for fault in faults) else BadInput
    return kind(next(iter(fields.values())) if is_told else "", fields=fields)


def read_days(request: HttpRequest) -> int | None:
    """How long a link shall live, in a request's body; None: until it is revoked. Raises BadInput."""
    days = _body(request).get("days") or None
    if days is None:
        return None
    if str(days) not in map(str, SHARED_DAYS):
        raise BadInput(fields={"days": _("This is neither 1 nor 7 nor 30 nor empty.")})
    return int(days)


def read_title(request: HttpRequest) -> str:
    """What a conversation is to be called, on one line, in a request's body. Raises BadInput."""
    sent = _body(request, TitleForm)
    sent["title"] = " ".join(storable(sent.get("title", "")).split())
    return str(_cleaned(TitleForm(sent))["title"])


def read_shelf(request: HttpRequest) -> Shelf:
    """Where a conversation is to be kept, in a request's body. Raises BadInput."""
    sent = _body(request, forms.Form)
    return Shelf(_switch(sent, "pinned"), _switch(sent, "archived"))


def posted_by_form(request: HttpRequest) -> bool:
    """Did a plain HTML form send this, rather than a script?"""
    return request.method == "POST" and request.content_type in FORM_TYPES


def _own_options(request: HttpRequest, sent: dict[str, Any]) -> Options | None:
    """Those that a question brings for the conversation that it makes."""
    if posted_by_form(request):
        given = {name: sent[name] for name in OptionsForm.base_fields if name in sent} or None
    else:
        given = sent.get("settings")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadInput(fields={"settings": _("This is not an object.")})
    if not posted_by_form(request):
        _check_types(OptionsForm, given)
    return Options(**_cleaned(OptionsForm(_as_typed(given))))


def _as_typed(sent: dict[str, Any]) -> dict[str, Any]:
    """Numbers as somebody types them: `float` fails for those that are too large, forms say so in words."""
    return {name: str(value) if isinstance(value, int | float) else value for name, value in sent.items()}


def _switch(sent: dict[str, Any], name: str) -> bool | None:
    """True or false, from JSON or a plain form; None if it is left out."""
    value = sent.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise BadInput(fields={name: _("This is neither true nor false.")})
    return bool(value == "true")


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
    _check_types(form, body)
    return body


def _check_types(form: type[forms.Form], sent: dict[str, Any]) -> None:
    wrong = {
        name: fault for name, value in sent.items() if (fault := _wrong_type(form.base_fields.get(name), name, value))
    }
    if wrong:
        raise BadInput(_("A field is not of the right type."), fields=wrong)


def _wrong_type(field: forms.Field | None, name: str, value: object) -> str:
    if field is None or (value is None and name in MAY_BE_NULL):
        return ""
    if isinstance(field, forms.BooleanField):
        return "" if isinstance(value, bool) else _("This is neither true nor false.")
    if isinstance(field, forms.IntegerField):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number else _("This is not a number.")
    return "" if isinstance(value, str) else _("This is not a string.")


def _cleaned(form: forms.Form) -> dict[str, Any]:
    if fault := fault_in(form):
        raise fault
    return form.cleaned_data
