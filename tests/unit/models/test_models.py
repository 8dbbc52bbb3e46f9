"""The stored data: what must fit."""

import uuid
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model

from chat.conversations import messages
from chat.conversations.turns import Question
from chat.core.endings import Status
from chat.core.reply import TEXT, Part, Reply
from chat.generation.finishing import finish
from chat.models import Conversation, Generation, MessagePart
from tests.support.conversations import stored_conversation


def largest(model: type[Model], name: str) -> int:
    """The largest number that a field can hold in every database."""
    kind = model._meta.get_field(name).get_internal_type()
    return BaseDatabaseOperations.integer_field_ranges[kind][1]


def test_as_many_parts_can_be_stored_as_a_reply_may_have() -> None:
    """A model that changes between reasoning and text at each character makes a part of each."""
    assert largest(MessagePart, "number") >= settings.CHAT_OUTPUT_CHARS


def test_positions_can_be_stored_without_an_output_limit() -> None:
    assert largest(Generation, "ends_at") >= 2**31 - 1


@pytest.mark.django_db
def test_an_answer_that_ends_while_its_page_is_read_is_not_shown_as_complete_without_its_end() -> None:
    owner = User.objects.create(username="reader")
    question = Question(uuid.uuid4(), "Why?", None, "m")
    generation = messages.ask(owner.pk, uuid.uuid4(), question, lambda: True).generation
    whole = Reply([Part(TEXT, "All of it.")])

    def finish_after_the_first_prefetch(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if "chat_generation" in sql or "chat_messagepart" in sql:
            stack.close()
            finish(generation, Status.COMPLETE, whole)
        return result

    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(finish_after_the_first_prefetch))
        shown = generation.message.conversation.branch()[-1]
    assert shown.generation
    assert shown.generation.is_running or shown.text == "All of it."


@pytest.mark.django_db
def test_reasoning_has_a_paragraph_for_each_time_that_something_came_in_between() -> None:
    owner = User.objects.create(username="thinker")
    _, (_, answer) = stored_conversation(owner.pk, ["Why?", "…"])
    kinds = ["reasoning", "reasoning", "tool_call", "tool_result", "reasoning", "text"]
    answer.parts.all().delete()
    MessagePart.store([(answer.pk, [(number, Part(kind, f"{number}.")) for number, kind in enumerate(kinds)])])
    again = type(answer).objects.get(pk=answer.pk)
    assert (again.reasoning, again.has_gone_past_reasoning) == ("0.1.\n\n4.", True)


@pytest.mark.django_db
def test_a_process_that_knows_no_providers_may_still_write() -> None:
    """One of the version before, which has not been restarted yet since the tables were changed."""
    owner = User.objects.create(username="old")
    generation = messages.ask(
        owner.pk, uuid.uuid4(), Question(uuid.uuid4(), "Why?", None, "m"), lambda: True
    ).generation
    finish(generation, Status.COMPLETE, Reply([Part(TEXT, "So.")]))
    for row, new in ((generation, ("provider", "label")), (generation.message.conversation, ("provider", "model"))):
        table, columns = row._meta.db_table, [field.column for field in row._meta.concrete_fields]
        old = [column for column in columns if column not in new]
        values = [{"id": "%s", "number": "number + 1"}.get(column, column) for column in old]
        copied = row._meta.pk.get_db_prep_value(uuid.uuid4(), connection)
        this = row._meta.pk.get_db_prep_value(row.pk, connection)
        with connection.cursor() as cursor:
            statement = f"INSERT INTO {table} ({', '.join(old)}) SELECT {', '.join(values)} FROM {table} WHERE id = %s"
            cursor.execute(statement, [copied, this])
    ours = Generation.objects.filter(owner=owner)
    assert [*ours.values_list("provider", "label")] == [("default", "")] * 2
    assert set(Conversation.objects.filter(owner=owner).values_list("provider", "model")) == {
        ("default", "m"),
        ("default", ""),
    }
