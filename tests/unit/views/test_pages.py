"""A conversation's page: what it costs, however much there is to show."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from chat.conversations import messages
from chat.conversations.turns import Accepted, Question, Regeneration
from chat.core import pagination
from chat.core.endings import Status
from chat.core.reply import TEXT, Part, Reply
from chat.generation.finishing import finish
from chat.views.conversations import show

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


def queries_of_page(owner: User, conversation: uuid.UUID) -> tuple[int, str]:
    request = RequestFactory().get(f"/c/{conversation}/", headers={"Accept": "text/html"})
    request.user, request.csp_nonce = owner, ""  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as queries:
        page = show.__wrapped__(request, owner, conversation)  # type: ignore[attr-defined]
    return len(queries), page.content.decode()  # type: ignore[attr-defined]


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files")
def test_a_page_takes_as_many_queries_for_3_messages_as_for_30(settings: object) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 0  # type: ignore[attr-defined]
    owner = User.objects.create(username="reader")
    few, many = converse(owner, 2), converse(owner, 15)
    (queries_of_few, _), (queries_of_many, page) = queries_of_page(owner, few), queries_of_page(owner, many)
    assert page.count("2 of 2") == pagination.MOST_MESSAGES // 2
    assert queries_of_few == queries_of_many <= 9
