"""What a script sends is read without Django's form where nothing is wrong with it, and as that reads it."""

import json
import uuid
from typing import Any

import pytest
from django.test import RequestFactory

from chat.core.rights import ALL
from chat.errors import BadInput
from chat.forms import questions
from chat.forms.body import cleaned
from chat.forms.questions import QuestionForm, read_question

ID, PARENT = str(uuid.uuid4()), str(uuid.uuid4())
QUESTION: dict[str, Any] = {"id": ID, "text": "Hi"}
FAULTLESS = [
    QUESTION,
    QUESTION | {"text": " Hi\r\n\n", "parent": PARENT, "leaf": PARENT, "model": "gpt-4o-mini", "temporary": True},
    QUESTION | {"id": ID.upper(), "parent": None, "leaf": "", "model": ""},
    QUESTION | {"id": f"{{{ID}}}", "leaf": f"urn:uuid:{PARENT}", "temporary": False},
]
FAULTY = [
    {"text": "Hi"},
    {"id": ID},
    QUESTION | {"id": "1"},
    QUESTION | {"text": " \u200b"},
    QUESTION | {"parent": "1"},
    QUESTION | {"model": "nobody's"},
    QUESTION | {"model": " gpt-4o-mini"},
]


@pytest.mark.parametrize("sent", FAULTLESS)
def test_what_is_right_is_read_as_the_form_reads_it(sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    values = cleaned(QuestionForm(sent))
    monkeypatch.setattr(questions, "cleaned", None)
    request = RequestFactory().post("/", json.dumps(sent), content_type="application/json")
    question = read_question(request)
    assert {name: getattr(question, name) for name in values} == values


@pytest.mark.parametrize("sent", FAULTY)
def test_what_is_wrong_the_form_says(sent: dict[str, Any]) -> None:
    assert questions._faultless(sent, ALL) is None
    with pytest.raises(BadInput):
        cleaned(QuestionForm(sent))


def test_what_surrounds_an_id_the_form_takes_away() -> None:
    sent = QUESTION | {"id": f" {ID} "}
    assert questions._faultless(sent, ALL) is None
    assert cleaned(QuestionForm(sent))["id"] == uuid.UUID(ID)
