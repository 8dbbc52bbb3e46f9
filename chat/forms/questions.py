"""Questions, and wishes for another answer or for more of one."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from chat.conf import settings
from chat.conversations.turns import Continuation, Question, Regeneration
from chat.core.blank import is_blank
from chat.core.prompt import Options
from chat.core.reply import storable
from chat.core.rights import ALL, Rights
from chat.errors import BadInput, TooLong
from chat.forms.body import ProgramForm, as_typed, check_types, cleaned, posted_by_form, read_body
from chat.forms.decisions import read_decisions
from chat.forms.fields import SharedFields
from chat.forms.options import OptionsForm
from chat.forms.tools import read_tools_off
from chat.i18n import gettext_noop as _
from chat.providers.registry import registry


class ForModel:
    """Mixed into a form whose `model` is to answer."""

    cleaned_data: dict[str, Any]

    def __init__(self, sent: dict[str, Any], rights: Rights = ALL) -> None:
        super().__init__(sent)  # type: ignore[call-arg] # a form's
        self._rights = rights

    def clean_model(self) -> str:
        """The key of the sender's first, if it is left out. Raises Forbidden, where none is theirs.

        One that is others' alone is refused where it is asked (chat/conversations/limits.py).
        """
        key = self.cleaned_data["model"] or registry().default_of(self._rights).key
        model = registry().find(key)
        if model is None or not (model.offered or model in registry().offered_to(self._rights)):
            raise forms.ValidationError(
                gettext("This model is not offered here. Offered are: %(models)s."),
                params={"models": ", ".join(model.listed for model in registry().offered_to(self._rights))},
            )
        return str(key)


class QuestionForm(ForModel, ProgramForm):
    id = forms.UUIDField()
    text = forms.CharField(strip=False, error_messages={"required": gettext_lazy("Write something first.")})
    parent = forms.UUIDField(required=False)
    leaf = forms.UUIDField(required=False)
    model = forms.CharField(required=False, strip=False)
    temporary = forms.BooleanField(required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not is_blank(text):
            return text
        if self.fields["text"].required:
            raise forms.ValidationError(gettext("Write something first."))
        return ""


class AttachedQuestionForm(QuestionForm):
    """A question with files needs no words."""

    text = forms.CharField(strip=False, required=False)


for form in (QuestionForm, AttachedQuestionForm):
    form.base_fields = SharedFields(form.base_fields)


class AnswerForm(ForModel, ProgramForm):
    """For another answer, or for more of one."""

    id = forms.UUIDField()
    model = forms.CharField(required=False, strip=False)


def read_question(request: HttpRequest, rights: Rights = ALL) -> Question:
    """The question in a request's body, and what its sender may. Raises BadInput or TooLong."""
    sent = read_body(request, QuestionForm)
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
    fields = cleaned((AttachedQuestionForm if attachments else QuestionForm)(sent, rights))
    options, off = _own_options(request, sent), read_tools_off(request, sent)
    return Question(**fields, options=options, attachments=attachments, tools_off=off, rights=rights)


def _attachments(request: HttpRequest, sent: dict[str, Any]) -> tuple[uuid.UUID, ...]:
    """The ids of a question's files, each once. Raises BadInput."""
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


def read_regeneration(request: HttpRequest, rights: Rights = ALL) -> Regeneration:
    """The wish in a request's body. Raises BadInput."""
    return Regeneration(**cleaned(AnswerForm(read_body(request, QuestionForm), rights)), rights=rights)


def read_continuation(request: HttpRequest, rights: Rights = ALL) -> Continuation:
    """The wish in a request's body, and what it decides. Raises BadInput."""
    sent = read_body(request, QuestionForm)
    decisions = read_decisions(request, sent)
    return Continuation(**cleaned(AnswerForm(sent, rights)), rights=rights, decisions=decisions)


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
        check_types(OptionsForm, given)
    return Options(**cleaned(OptionsForm(as_typed(given))))
