"""A conversation's page: what it costs, however much there is to show."""

import os
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from chat.audit import record
from chat.conversations import messages, notice
from chat.conversations.turns import Accepted, Question, Regeneration
from chat.core import pagination
from chat.core.endings import Status
from chat.core.reply import TEXT, Part, Reply
from chat.generation.finishing import finish
from chat.models import Conversation, Feedback, Message
from chat.models.rights import rights_of
from chat.retention import fragments
from chat.tools.registry import read_due
from chat.views.conversations import show
from tests.support.conversations import stored_conversation

ANSWER = Reply([Part(TEXT, "Because.")])


def finished(accepted: Accepted) -> uuid.UUID:
    finish(accepted.generation, Status.COMPLETE, ANSWER)
    return accepted.generation.message_id


def converse(owner: User, exchanges: int) -> uuid.UUID:
    """A conversation of so many questions, each with two versions of its answer. Its id."""
    conversation, parent = uuid.uuid4(), None
    for _ in range(exchanges):
        question = Question(uuid.uuid4(), "Why?", parent, "m")
        first = finished(messages.ask(owner.pk, conversation, question, lambda: True))
        parent = finished(messages.regenerate(owner.pk, first, Regeneration(uuid.uuid4(), "m"), lambda: True))
    return conversation


def page_of(owner: User, conversation: uuid.UUID, language: str = "en") -> tuple[list[str], str]:
    """What it asked the database, and itself."""
    request = RequestFactory().get(f"/c/{conversation}/", headers={"Accept": "text/html"})
    request.user, request.csp_nonce, request.LANGUAGE_CODE = owner, "", language  # type: ignore[attr-defined]
    rights_of(owner)  # as `_let_in` has found them
    read_due()  # which a process does once in a few seconds, whatever is asked
    with CaptureQueriesContext(connection) as queries:
        page = show.__wrapped__(request, owner, conversation)  # type: ignore[attr-defined]
    return [query["sql"] for query in queries], page.content.decode()


def queries_of_page(owner: User, conversation: uuid.UUID) -> tuple[int, str]:
    queries, page = page_of(owner, conversation)
    return len(queries), page


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made is kept, as in a process that serves."""
    monkeypatch.setattr(fragments, "_looks_in", {os.getpid()})
    monkeypatch.setattr(fragments, "_store", None)


def without_ids(page: str) -> str:
    """Tokens and fresh ids are another one each time."""
    return re.sub(r'name="(csrfmiddlewaretoken|id)" value="[^"]*"', "", page)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files")
def test_a_page_takes_as_many_queries_for_3_messages_as_for_30(settings: object) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 0  # type: ignore[attr-defined]
    owner = User.objects.create(username="reader")
    few, many = converse(owner, 2), converse(owner, 15)
    (queries_of_few, _), (queries_of_many, page) = queries_of_page(owner, few), queries_of_page(owner, many)
    assert page.count("2 of 2") == pagination.MOST_MESSAGES // 2
    assert queries_of_few == queries_of_many == 7


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files")
def test_what_owners_are_told_of_readings_costs_one_query_and_nothing_where_they_are_not(settings: Any) -> None:
    owner = User.objects.create(username="reader")
    conversation, _messages = stored_conversation(owner.pk, ["Why?", "Because."])
    for _ in range(3):
        record(User.objects.get_or_create(username="staff")[0], conversation, "Read the transcript.")
    never, page = queries_of_page(owner, conversation.pk)
    assert "Staff have looked" not in page
    settings.CHAT_READING_NOTICE = "at once"
    told, page = queries_of_page(owner, conversation.pk)
    assert f'href="/settings/privacy/?of={conversation.pk}"' in page
    assert "Staff have looked into this conversation 3 times, last on" in page
    assert (never, told) == (6, 7)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files", "kept")
def test_a_notice_costs_a_page_one_query_and_is_for_whom_it_is_for(settings: Any, tmp_path: Path) -> None:
    ann, bob = User.objects.create(username="ann"), User.objects.create(username="bob")
    (tmp_path / "notice.md").write_text("Be kind.")
    hers, his = (stored_conversation(user.pk, ["Why?", "Because."])[0].pk for user in (ann, bob))
    without, page = queries_of_page(ann, hers)
    assert "composer" in page
    settings.CHAT_NOTICE = str(tmp_path / "notice.md")
    shown = notice.current()
    assert shown
    notice.accept(ann.pk, shown.version)
    (accepted, free), (pending, held) = page_of(ann, hers), page_of(bob, his)
    assert (without, len(accepted), len(pending)) == (6, 7, 7)
    assert ('id="composer"' in free, 'id="composer"' in held) == (True, False)
    assert ("Read the notice" in free, "Read the notice" in held) == (False, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files", "kept")
def test_what_is_kept_is_the_same_and_its_texts_are_not_read_again(settings: object) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 0  # type: ignore[attr-defined]
    owner = User.objects.create(username="reader")
    conversation = converse(owner, 3)
    (queries, made), (fewer, found) = page_of(owner, conversation), page_of(owner, conversation)
    assert without_ids(made) == without_ids(found)
    assert len(fewer) == len(queries) - 2 == 5, "nor the alternatives"
    assert "SUBSTR(text" in "".join(queries)
    assert "SUBSTR(text" not in "".join(fewer)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files", "kept")
def test_what_has_changed_is_made_anew_and_what_is_anothers_is_not_shown(settings: object) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 0  # type: ignore[attr-defined]
    owner, staff = User.objects.create(username="her"), User.objects.create(username="him", is_staff=True)
    hers, his = converse(owner, 2), converse(staff, 1)
    _queries, english = page_of(owner, hers)
    _queries, german = page_of(owner, hers, "de")
    _queries, of_staff = page_of(staff, his)
    assert ("Settings" in english, "Einstellungen" in english) == (True, False)
    assert ("Settings" in german, "Einstellungen" in german) == (False, True)
    assert ("Administration" in english, "Administration" in of_staff) == (False, True)
    assert ("her" in of_staff.split(), str(owner.pk) in re.findall('data-user="(.*?)"', of_staff)) == (False, False)
    answer = Message.objects.filter(conversation=hers, role="assistant").latest("number")
    Feedback.objects.create(message=answer, value="down", comment="<i>Wrong</i>")
    _queries, rated = page_of(owner, hers)
    assert 'data-feedback="down"' in rated
    assert "&lt;i&gt;Wrong&lt;/i&gt;" in rated
    Conversation.objects.filter(pk=hers).update(title="<b>Zebra</b>")
    _queries, renamed = page_of(owner, hers)
    assert "<b>Zebra" not in renamed
    assert renamed.count("&lt;b&gt;Zebra&lt;/b&gt;") >= 3, "in the title, the heading, the list"
    assert without_ids(page_of(owner, hers, "de")[1]) != without_ids(german)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files")
def test_a_page_of_ten_messages_and_thirty_entries_is_small() -> None:
    owner = User.objects.create(username="reader")
    for number in range(30):
        texts = [f"Why is this so, number {each}?" for each in range(10)] if not number else ["Why?", "Because."]
        conversation, _messages = stored_conversation(owner.pk, texts)
        Conversation.objects.filter(pk=conversation.pk).update(title=f"A conversation of some length, number {number}")
    _queries, page = page_of(owner, Conversation.objects.filter(owner=owner).earliest("activity").pk)
    assert page.count('class="message"') == 10
    assert page.count('class="sidebar__entry"') == 30
    assert len(page.encode()) <= 40_000
