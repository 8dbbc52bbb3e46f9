"""What a message shows is in the page; what it may come to have stands there once."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from chat.models import Conversation, Feedback, Generation, Message
from chat.models.branches import spots
from tests.support.conversations import stored_conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored() -> tuple[Conversation, list[Message]]:
    return stored_conversation(User.objects.create(username="ann").pk, ["Why?", "Because.", "And?", "So."])


def html_of(message: Message, **context: Any) -> str:
    (loaded,) = message.conversation.load([message.pk], spots=spots([message.pk]))
    known = {
        "message": loaded,
        "role": loaded.role,
        "generation": loaded.generation,
        "conversation": loaded.conversation,
    }
    return render_to_string("chat/message/_message.html", known | context)


def test_it_is_small(stored: tuple[Conversation, list[Message]]) -> None:
    for message in stored[1]:
        html = html_of(message)
        assert len(re.sub(r"\n\s*", "\n", html)) < 750
        assert "<form" not in html
        assert "<path" not in html


@pytest.mark.parametrize(("index", "forms"), [(1, []), (3, ["continuations", "regenerations"])])
def test_only_the_last_answer_offers_what_can_be_done_about_its_ending(
    stored: tuple[Conversation, list[Message]], index: int, forms: list[str]
) -> None:
    Generation.objects.update(status="stopped")
    html = html_of(stored[1][index])
    assert "You stopped the answer." in html
    assert re.findall(r'action="/messages/[0-9a-f-]+/(\w+)/"', html) == forms


def test_of_its_alternatives_it_names_no_more_than_those_beside_it_and_the_last(
    stored: tuple[Conversation, list[Message]],
) -> None:
    conversation, (question, answer, *_) = stored
    others = [
        Message.objects.create(conversation=conversation, parent=question, role="assistant", number=number)
        for number in range(10, 40)
    ]
    assert 'data-number="1" data-count="31"' in html_of(answer)
    html = html_of(others[9])
    named = re.findall(r'data-(number|count|previous|next|last)="([^"]+)"', html)
    beside = [("previous", str(others[8].pk)), ("next", str(others[10].pk)), ("last", str(others[-1].pk))]
    assert named == [("number", "11"), ("count", "31"), *beside]
    assert "11 of 31" in html
    assert "data-next" not in html_of(others[-1])


def test_what_is_thought_of_it_is_text(stored: tuple[Conversation, list[Message]]) -> None:
    answer = stored[1][1]
    Feedback.objects.create(message=answer, value="up", comment='"><b>\r\nWhy')
    html = html_of(answer)
    assert 'data-feedback="up" data-comment="&quot;&gt;&lt;b&gt;&#13;\nWhy"' in html
