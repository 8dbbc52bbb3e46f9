"""What a question asks of the database, whatever is above it."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.conversations import messages
from chat.conversations.turns import Question
from chat.core.endings import Status
from chat.generation.finishing import finish
from chat.models import Conversation, Generation

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(settings: object) -> User:
    settings.CHAT_LIVE_PER_USER = settings.CHAT_MESSAGES_PER_MINUTE = 0  # type: ignore[attr-defined]
    return User.objects.create(username="owner")


def ask(owner: User, conversation_id: uuid.UUID, parent: uuid.UUID | None = None) -> Generation:
    question = Question(uuid.uuid4(), "And then?", parent, "gpt-4o-mini", leaf=parent)
    generation = messages.ask(owner.pk, conversation_id, question, lambda: True).generation
    finish(generation, Status.COMPLETE, generation.message.reply)
    return generation


def test_a_question_takes_as_many_statements_wherever_it_stands(owner: User) -> None:
    pk = uuid.uuid4()
    last, counts = ask(owner, pk).message_id, set()
    for _ in range(3):
        question = Question(uuid.uuid4(), "And then?", last, "gpt-4o-mini", leaf=last)
        with CaptureQueriesContext(connection) as queries:
            generation = messages.ask(owner.pk, pk, question, lambda: True).generation
        counts.add(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
        finish(generation, Status.COMPLETE, generation.message.reply)
        last = generation.message_id
    assert counts == {9}


def test_the_conversation_that_was_asked_last_is_first(owner: User) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    last = ask(owner, one).message_id
    ask(owner, other)
    answer = ask(owner, one, last).message
    assert [answer.number, answer.parent.number] == [4, 3]
    assert list(Conversation.objects.recent().values_list("pk", "activity")) == [(one, 3), (other, 2)]
