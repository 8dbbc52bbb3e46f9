"""What is empty in a body of JSON: null and "", where a field may be empty at all, and nothing else."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django import forms
from django.http import HttpRequest
from django.test import RequestFactory

from chat.errors import ChatError
from chat.forms.body import ProgramForm, cleaned, filled_in
from chat.forms.feedback import OpinionForm, read_opinion
from chat.forms.notice import AcceptanceForm, read_version
from chat.forms.options import OptionsForm
from chat.forms.organizing import LinkForm, TitleForm, read_flags, read_link, read_title
from chat.forms.prompts import PromptForm
from chat.forms.questions import (
    AnswerForm,
    AttachedQuestionForm,
    QuestionForm,
    read_continuation,
    read_question,
    read_regeneration,
)
from chat.forms.tools import ToolForm, read_switch
from chat.forms.uploads import UploadForm
from chat.models.audience import Audience

LOOK_EMPTY = ["null", '""', "0", "false", "[]", "{}"]
ID = str(uuid.uuid4())

Read = Callable[[HttpRequest], object]


def of(form: type[forms.Form]) -> Read:
    return lambda request: cleaned(filled_in(request, form))


QUESTION = {"id": ID, "text": "Hi", "settings": {}}

BODIES: dict[str, tuple[Read, dict[str, Any], dict[str, dict[str, object]]]] = {
    "question": (
        read_question,
        QUESTION,
        {
            "id": {},
            "text": {},
            "parent": {"null": None, '""': None},
            "leaf": {"null": None, '""': None},
            "model": {"null": "gpt-4o-mini", '""': "gpt-4o-mini"},
            "temporary": {"false": False},
            "attachments": {"null": (), "[]": ()},
            "tools_off": {"null": (), "[]": ()},
        },
    ),
    "regeneration": (read_regeneration, {"id": ID}, {"id": {}, "model": {"null": "gpt-4o-mini", '""': "gpt-4o-mini"}}),
    "continuation": (read_continuation, {"id": ID}, {"id": {}, "model": {"null": "gpt-4o-mini", '""': "gpt-4o-mini"}}),
    "opinion": (read_opinion, {"value": "up"}, {"value": {'""': ""}, "comment": {"null": None, '""': ""}}),
    "title": (read_title, {"title": "Mine"}, {"title": {}}),
    "flags": (
        read_flags,
        {},
        {"pinned": {"null": None, "false": False}, "archived": {"null": None, "false": False}},
    ),
    "link": (
        lambda request: dict(zip(("days", "audience", "id"), read_link(request), strict=True)),
        {},
        {"days": {"null": None, '""': None}, "audience": {'""': Audience.MEMBERS}, "id": {'""': None}},
    ),
    "tool": (read_switch, {"name": "clock", "on": True}, {"name": {}, "on": {"false": False}}),
    "notice": (lambda request: {"version": read_version(request)}, {"version": "9f"}, {"version": {}}),
    "prompt": (of(PromptForm), {"name": "Mine", "text": "Hi"}, {"name": {}, "text": {}}),
}
OPTIONS: dict[str, dict[str, object]] = {
    "system_prompt": {'""': ""},
    "temperature": {"null": None, "0": 0.0},
    "max_tokens": {"null": None},
}
"""What is said of a field that looks empty; what is not here is refused."""


def request(body: Mapping[str, Any]) -> HttpRequest:
    return RequestFactory().post("/", json.dumps(body), content_type="application/json")


def outcome(read: Read, body: Mapping[str, Any], field: str) -> object:
    """The value of the field, or the ChatError."""
    try:
        found = read(request(body))
    except ChatError as error:
        return error
    if isinstance(found, Mapping):
        return found[field]
    return getattr(found, field) if hasattr(found, field) else found


@pytest.mark.parametrize(
    ("read", "body", "field", "taken"),
    [
        pytest.param(read, body, field, taken, id=f"{name}-{field}")
        for name, (read, body, fields) in BODIES.items()
        for field, taken in fields.items()
    ],
)
def test_a_field_that_looks_empty(read: Read, body: dict[str, Any], field: str, taken: dict[str, object]) -> None:
    for sent in LOOK_EMPTY:
        judge(outcome(read, body | {field: json.loads(sent)}, field), field, sent, taken)


@pytest.mark.parametrize("field", OPTIONS)
def test_a_setting_that_looks_empty(field: str) -> None:
    for sent in LOOK_EMPTY:
        given = {field: json.loads(sent)}
        judge(outcome(of(OptionsForm), given, field), field, sent, OPTIONS[field])

        def with_question(posted: HttpRequest) -> object:
            return read_question(posted).options

        judge(outcome(with_question, QUESTION | {"settings": given}, field), field, sent, OPTIONS[field])


@pytest.mark.parametrize("sent", LOOK_EMPTY)
def test_settings_that_look_empty(sent: str) -> None:
    found = outcome(read_question, QUESTION | {"settings": json.loads(sent)}, "options")
    if sent in ("null", "{}"):
        assert not isinstance(found, ChatError)
        assert (found is None) == (sent == "null"), "an object without anything in it is not nothing"
    else:
        judge(found, "settings", sent, {})


def judge(found: object, field: str, sent: str, taken: dict[str, object]) -> None:
    if sent in taken:
        assert (found, type(found)) == (taken[sent], type(taken[sent])), f"{field}: {sent}"
    else:
        assert isinstance(found, ChatError), f"{field}: {sent} is refused"
        assert (found.status, list(found.fields)) == (400, [field]), f"{field}: {sent}"


def test_no_field_is_missing_here() -> None:
    known = {field for _, _, fields in BODIES.values() for field in fields} | set(OPTIONS) | {"settings"}
    named: set[type[forms.Form]] = {TitleForm, LinkForm, OpinionForm, PromptForm, OptionsForm}
    named |= {QuestionForm, AttachedQuestionForm, AnswerForm, ToolForm, AcceptanceForm}
    classes = {form for form in descendants(forms.Form) if form.__module__.startswith("chat.forms.")}
    assert classes - named == {ProgramForm, UploadForm}, "of which one has no fields, and the other is no JSON"
    assert {name for form in named for name in form.base_fields} <= known


def descendants(form: type[forms.Form]) -> set[type[forms.Form]]:
    found = set(form.__subclasses__())
    return found.union(*(descendants(each) for each in found))
