"""Conversations to take along."""

import asyncio
import io
import json
import tracemalloc
import uuid
import zipfile
from collections.abc import AsyncIterator
from typing import cast

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import AsyncClient

from chat.import_export.document import read_document
from chat.models import Conversation, Message
from tests.support.client import Client
from tests.support.conversations import stored_conversation
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


# However long it is

MESSAGES = 1_200
TEXT = "A line of a message, of which there are many. " * 20
LONG = "x" * 500_000
STEP_BYTES = 2_000_000
"""That a step may give: a message of the greatest size among those of ordinary size."""


@pytest.fixture
def long(alice: Client) -> Conversation:
    assert alice.user
    texts = [TEXT] * MESSAGES
    texts[1000:1004] = [LONG] * 4
    return stored_conversation(alice.user.pk, texts)[0]


async def taken(response: HttpResponseBase) -> tuple[bytes, int]:
    """What is sent, and the size of its largest piece."""
    assert isinstance(response, StreamingHttpResponse)
    pieces = [piece async for piece in cast(AsyncIterator[bytes], response.streaming_content)]
    return b"".join(pieces), max(map(len, pieces))


@pytest.mark.parametrize("path", ["/c/{pk}/export/", "/c/{pk}/export/?as=markdown", "/export/"])
def test_a_long_conversation_is_exported_in_steps(alice: Client, long: Conversation, path: str) -> None:
    """In this process, where memory can be measured: of 5 MB of text no more than a few steps are in it."""
    assert alice.user
    client = AsyncClient(headers={"Host": "127.0.0.1"})
    client.force_login(alice.user)

    async def export() -> tuple[bytes, int]:
        return await taken(await client.get(path.format(pk=long.pk)))

    tracemalloc.start()
    try:
        file, largest = asyncio.run(export())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert largest < STEP_BYTES
    assert peak - len(file) < 40_000_000
    words = file.decode(errors="replace") if path != "/export/" else unpacked(file)
    assert words.count(TEXT.strip()) >= MESSAGES - 4
    assert words.count(LONG) >= 4


def unpacked(file: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def test_the_head_of_an_export_makes_none(alice: Client, long: Conversation) -> None:
    reply = alice.request("HEAD", f"/c/{long.pk}/export/")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Disposition"].startswith("attachment")
