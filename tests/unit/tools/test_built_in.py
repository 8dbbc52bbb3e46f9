"""The tools that come with the chat: what is the user's own, and nothing else."""

import asyncio
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from chat.attachments.excerpts import AROUND, PAGE, page_of, pages_in, passages
from chat.core.search_terms import indexed
from chat.models import Conversation, SearchEntry
from chat.tools import Context, ToolError
from chat.tools.built_in import BUILT_IN, built_in, current_time, read_attachment, search_conversations
from chat.tools.registry import tools
from chat.tools.returning import as_text
from tests.support.attachments import attach
from tests.support.conversations import stored_conversation


def test_none_is_on_until_it_is_named(settings: Any) -> None:
    assert not {*BUILT_IN} & {*tools()}
    settings.CHAT_TOOLS = ["current_time", "nosuch", "read_attachment"]
    assert {*BUILT_IN} & {*tools()} == {"current_time", "read_attachment"}
    for name in BUILT_IN:
        tool = built_in(name)
        assert not tool.changes
        assert not tool.outside
        assert tool.description
        assert all("description" in each for each in tool.parameters["properties"].values())


def test_the_clock_is_the_users() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        said = asyncio.run(current_time())
    assert said["time"].endswith("+09:00")
    assert said["zone"] == "Asia/Tokyo"
    assert json.loads(as_text(said, 0)) == said


def conversation_of(owner: User, words: str) -> Conversation:
    conversation, (question, _) = stored_conversation(owner.pk, [words, "Yes."])
    Conversation.objects.filter(pk=conversation.pk).update(title=words[:20])
    SearchEntry.objects.index_messages(conversation.pk, owner.pk, [(question.pk, indexed(words))])
    conversation.refresh_from_db()
    return conversation


@pytest.mark.django_db
def test_a_search_finds_ones_own_other_conversations() -> None:
    alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
    here, there, _ = (conversation_of(owner, "Roses are red") for owner in (alice, alice, bob))
    context = Context(alice, here)
    said = search_conversations(context, "rose")
    assert said == {"found": [{"conversation": "Roses are red", "says": "Roses are red"}], "next": None}
    assert context.sources == [("Roses are red", f"/c/{there.pk}/", "")]
    assert search_conversations(Context(alice, here), "violets") == {"found": [], "next": None}


@pytest.mark.django_db
def test_files_of_this_conversation_are_read_in_parts_or_around_words() -> None:
    alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
    text = "A long line of words.\n" * 1000 + "Here is the needle.\n" + "And so on.\n" * 1000
    mine, messages = stored_conversation(alice.pk, ["Read this", "Yes."])
    others, theirs = stored_conversation(bob.pk, ["Read this", "Yes."])
    elsewhere, beside = stored_conversation(alice.pk, ["Read this", "Yes."])
    for question in (messages[0], theirs[0], beside[0]):
        attach(question, f"{question.conversation_id}.txt", text.encode(), text=text)
    context = Context(alice, mine)
    name = f"{mine.pk}.txt"
    first = read_attachment(context, name)
    assert (first["file"], first["page"], first["pages"]) == (name, 1, pages_in(text))
    parts = [read_attachment(context, name, page)["text"] for page in range(1, first["pages"] + 1)]
    assert "".join(parts) == text
    (passage,) = read_attachment(context, name, search="NEEDLE haystack")["found"]
    assert "Here is the needle.\n" in passage["text"]
    assert "needle" in parts[passage["page"] - 1]
    assert [source[0] for source in context.sources] == [name]
    for page in (0, first["pages"] + 1):
        with pytest.raises(ToolError, match="This file has the parts 1 to"):
            read_attachment(context, name, page)
    for others_file in (f"{others.pk}.txt", f"{elsewhere.pk}.txt", "nosuch.txt"):
        with pytest.raises(ToolError, match=rf"There are: {name}\."):
            read_attachment(context, others_file)
    with pytest.raises(ToolError):
        read_attachment(Context(bob, mine), name)


def test_excerpts_of_any_text() -> None:
    assert (pages_in(""), page_of("", 1), passages("", "word")) == (1, "", [])
    assert passages("some words", "") == []
    for text in ("x" * 3 * PAGE, "word " * PAGE, "äöü\n" * PAGE):
        parts = [page_of(text, number) for number in range(1, pages_in(text) + 1)]
        assert "".join(parts) == text
        assert all(0 < len(part) <= PAGE for part in parts)
    apart = ("needle needle" + " x" * 2 * AROUND + " ") * 30
    found = passages(f"{apart} hay needle", "needle hay")
    assert len(found) == 10
    assert str(found[0]["text"]).endswith("hay needle"), "what has more of the words comes first"
    assert all(len(str(each["text"])) <= 3 * AROUND + 20 for each in found)
