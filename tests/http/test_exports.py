"""Conversations to take along."""

import io
import json
import uuid
import zipfile

import pytest

from chat.import_export.document import read_document
from chat.models import Message
from tests.support.client import Client
from tests.support.upstream import ScriptedUpstream, answer


@pytest.fixture
def conversation(alice: Client, upstream: ScriptedUpstream, question: str) -> str:
    """One with two answers to its question; the second is on show."""
    upstream.script(question, answer("The first. ü🎈"))
    upstream.script(question, answer("The second."))
    page = alice.ask_whole(question)
    assert page.start
    alice.regenerate(page.start["message"]).rest()
    return page.start["conversation"]


def test_a_conversation_is_exported_as_json_with_all_its_branches(alice: Client, conversation: str) -> None:
    reply = alice.get(f"/c/{conversation}/export/?as=json")
    assert reply.status == 200
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="what-is-')
    assert reply.headers["Cache-Control"] == "no-store, private"
    document = read_document(reply.json)
    stored = Message.objects.filter(conversation=conversation).order_by("number")
    assert [(message.id, message.parent, message.text) for message in document.messages] == [
        (message.pk, message.parent_id, message.text) for message in stored
    ]
    assert "The first. ü🎈" in reply.text


def test_a_conversation_is_exported_as_markdown_as_it_is_on_show(
    alice: Client, conversation: str, question: str
) -> None:
    reply = alice.get(f"/c/{conversation}/export/?as=markdown")
    assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert f"## You\n\n{question}\n\n" in reply.text
    assert "The second." in reply.text
    assert "The first." not in reply.text


def test_another_form_is_refused_in_words(alice: Client, conversation: str) -> None:
    reply = alice.get(f"/c/{conversation}/export/?as=docx", Accept="application/json")
    assert (reply.status, reply.code) == (400, "bad_input")


def test_everything_is_a_zip_of_ones_own(alice: Client, bob: Client, conversation: str, question: str) -> None:
    bob.ask_whole("Bob's secret")
    alice.ask_whole(question)
    reply = alice.get("/export/")
    assert reply.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    documents = [read_document(json.loads(text)) for name, text in files.items() if name.endswith(".json")]
    assert len(documents) == 2
    assert uuid.UUID(conversation) in {document.id for document in documents}
    assert not any("secret" in text for text in files.values())


def test_everything_of_somebody_without_conversations_is_a_zip_too(alice: Client) -> None:
    with zipfile.ZipFile(io.BytesIO(alice.get("/export/").body)) as archive:
        assert archive.namelist() == ["README.txt"]
