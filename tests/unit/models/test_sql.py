"""Plain statements store and find what the ORM would."""

import uuid
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection

from chat.models import Conversation, Message, Preferences, sql
from chat.models.sql import find, insert, update

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation() -> Conversation:
    owner = User.objects.create(username="owner")
    return Conversation(owner=owner, title="It's “100 %”", temperature=0.5, is_pinned=True)


def attributes(row: object) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_what_is_inserted_and_found_is_what_the_orm_reads(conversation: Conversation) -> None:
    insert([conversation])
    stored = Conversation.objects.get(pk=conversation.pk)
    assert attributes(find(Conversation, id=conversation.pk)) == attributes(stored)
    assert (stored.title, stored.temperature, stored.is_pinned, stored.created_at) == (
        conversation.title,
        0.5,
        True,
        conversation.created_at,
    )


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2)), ZoneInfo("UTC")])
def test_a_time_is_stored_as_the_orm_stores_it(conversation: Conversation, zone: tzinfo) -> None:
    for at in (datetime(2026, 11, 30, 18, 24, 5, 60, zone), datetime(2026, 11, 30, 18, tzinfo=zone)):
        converted = sql.prepared(Conversation, "created_at", at)
        assert converted == Conversation._meta.get_field("created_at").get_db_prep_save(at, connection)


def test_an_id_may_be_given_as_text(conversation: Conversation) -> None:
    insert([conversation])
    assert find(Conversation, id=str(conversation.pk)) == conversation


def test_all_values_must_be_those_that_are_wanted(conversation: Conversation) -> None:
    insert([conversation])
    assert find(Conversation, id=conversation.pk, owner_id=conversation.owner_id) == conversation
    assert find(Conversation, id=conversation.pk, owner_id=conversation.owner_id + 1) is None


def test_a_row_of_another_row_is_found_by_it(conversation: Conversation) -> None:
    Preferences.objects.create(user=conversation.owner, system_prompt="Be brief.")
    found = find(Preferences, user_id=conversation.owner_id)
    assert found
    assert found.system_prompt == "Be brief."


def test_an_update_says_whether_there_was_such_a_row(conversation: Conversation) -> None:
    insert([conversation])
    assert update(Conversation, conversation.pk, {"title": "Another", "left_at": None}, "title LIKE 'It%%'")
    assert not update(Conversation, conversation.pk, {"title": "A third"}, "title LIKE 'It%%'")
    assert not update(Conversation, uuid.uuid4(), {"title": "Another"})
    assert Conversation.objects.get(pk=conversation.pk).title == "Another"


def test_what_is_stored_twice_is_refused(conversation: Conversation) -> None:
    insert([conversation])
    message = Message(conversation=conversation, role="user", number=1)
    insert([message])
    with pytest.raises(IntegrityError):
        insert([Message(conversation=conversation, role="user", number=1)])
