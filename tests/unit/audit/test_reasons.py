"""Why staff read, and what owners are told of it: what is stored, what holds, who sees it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from chat import audit
from chat.audit import checks
from chat.models import Conversation, Feedback, Reading, ReadingContext
from tests.support.conversations import stored_conversation

pytestmark = pytest.mark.django_db
HOUR, SECOND, DAY = timedelta(hours=1), timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def reader() -> User:
    return User.objects.create_user("rita", is_staff=True)


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return stored_conversation(owner.pk, ["Why?", "So."])[0]


def moved(reading: Reading, by: timedelta) -> Reading:
    Reading.objects.filter(pk=reading.pk).update(created_at=timezone.now() + by)
    return reading


# Reasons


def test_off_nobody_is_asked_and_none_is_repeated(settings: Any, reader: User, conversation: Conversation) -> None:
    audit.give_reason(reader, Conversation, str(conversation.pk), "T-1")
    assert not audit.is_missing(reader, Conversation, conversation.pk)
    assert audit.record(reader, conversation, "Read the transcript.").context.reason == ""
    settings.CHAT_READING_REASON = "asked"
    assert audit.record(reader, conversation, "Read the transcript.").context.reason == "T-1"


@pytest.mark.parametrize("mode", ["asked", "required", "nonsense"])
def test_a_reason_holds_for_an_hour_for_one_person_and_one_conversation(
    settings: Any, reader: User, owner: User, conversation: Conversation, mode: str
) -> None:
    settings.CHAT_READING_REASON = mode
    other, _ = stored_conversation(owner.pk, ["Why?", "So."])
    somebody = User.objects.create_user("rob")
    assert audit.is_missing(reader, Conversation, conversation.pk)
    given = audit.give_reason(reader, Conversation, str(conversation.pk), "T-1")
    asked = [(reader, conversation), (reader, other), (somebody, conversation)]
    assert [audit.is_missing(user, Conversation, each.pk) for user, each in asked] == [False, True, True]
    assert audit.is_missing(reader, Conversation), "Nor does it hold for the list"
    moved(given, 5 * SECOND - HOUR)
    assert not audit.is_missing(reader, Conversation, conversation.pk)
    moved(given, -HOUR)
    assert audit.is_missing(reader, Conversation, conversation.pk)
    moved(given, HOUR)
    assert audit.is_missing(reader, Conversation, conversation.pk), "One of a clock that was wrong"


def test_the_last_reason_counts_and_an_empty_one_holds_too(
    settings: Any, reader: User, conversation: Conversation
) -> None:
    settings.CHAT_READING_REASON = "asked"
    for reason in ("T-1", "T-2", ""):
        audit.give_reason(reader, Conversation, str(conversation.pk), reason)
        assert not audit.is_missing(reader, Conversation, conversation.pk)
        assert audit.record(reader, conversation, "Read the transcript.").context.reason == reason


def test_a_list_has_a_reason_of_its_own_and_no_owner(settings: Any, reader: User, conversation: Conversation) -> None:
    settings.CHAT_READING_REASON, settings.CHAT_READING_NOTICE = "required", "at once"
    audit.give_reason(reader, Feedback, "", "weekly look")
    assert not audit.is_missing(reader, Feedback)
    reading = audit.record_list(reader, Feedback, "Read the list.", 3)
    assert (reading.context.reason, reading.context.owner_key) == ("weekly look", "")
    assert not audit.told(conversation.owner_id)
    assert not audit.told("")


# Notices


@pytest.mark.parametrize(
    ("notice", "ages"), [("never", []), ("at once", [0, 2, 9]), (0, [0, 2, 9]), ("2", [2, 9]), (3, [9]), ("x", [])]
)
def test_owners_are_told_when_it_is_time(
    settings: Any, reader: User, conversation: Conversation, notice: object, ages: list[int]
) -> None:
    settings.CHAT_READING_NOTICE = notice
    readings = {
        age: moved(audit.record(reader, conversation, "Read the transcript."), -age * DAY) for age in (9, 2, 0)
    }
    assert [row.pk for row in audit.told(conversation.owner_id)] == [readings[age].pk for age in ages]
    short = audit.told_in_short(conversation.owner_id, conversation.pk)
    assert (short["count"] if short else 0) == len(ages)


def test_each_is_told_of_what_is_theirs(settings: Any, reader: User, owner: User, conversation: Conversation) -> None:
    settings.CHAT_READING_NOTICE = "at once"
    other, (_asked, answer) = stored_conversation(User.objects.create_user("otto").pk, ["Why?", "So."])
    mine = audit.record(reader, conversation, "Read the transcript.")
    feedback = Feedback.objects.create(message=answer, value="up", comment="Good")
    theirs = audit.record(reader, feedback, "Read this feedback.")
    audit.record(reader, mine, "Read this entry of the log.")
    assert [row.pk for row in audit.told(owner.pk)] == [mine.pk]
    assert [row.pk for row in audit.told(other.owner_id, other.pk)] == [theirs.pk]
    assert not audit.told(owner.pk, other.pk)


def test_who_gets_the_id_of_an_erased_owner_is_told_nothing(
    settings: Any, reader: User, owner: User, conversation: Conversation
) -> None:
    settings.CHAT_READING_REASON, settings.CHAT_READING_NOTICE = "required", "at once"
    audit.give_reason(reader, Conversation, str(conversation.pk), "Olga complains")
    reading = audit.record(reader, conversation, "Read the transcript.")
    key = owner.pk
    owner.delete()
    assert not audit.told(key)
    context = ReadingContext.objects.get(pk=reading.pk)
    assert (context.reason, context.owner_key) == (audit.ERASED, "")
    assert Reading.objects.get(pk=reading.pk).object_key == str(conversation.pk)


# Roles


def test_a_check_says_who_may_both_read_and_change(settings: Any, reader: User) -> None:
    def give(holder: Any, *codenames: str) -> None:
        permissions = Permission.objects.filter(codename__in=codenames)
        assert len(permissions) == len(codenames)
        (holder.permissions if isinstance(holder, Group) else holder.user_permissions).add(*permissions)

    readers, keepers, both = (Group.objects.create(name=name) for name in ("readers", "keepers", "both"))
    give(readers, "view_conversation", "view_feedback", "change_feedback", "delete_share", "view_reading")
    give(keepers, "change_mcpserver", "delete_conversation", "change_user")
    give(both, "change_feedback", "delete_conversation")
    one, two, three, four = (User.objects.create_user(f"user-{number}") for number in range(4))
    one.groups.add(readers, keepers)
    give(two, "view_conversation", "delete_user")
    three.groups.add(readers)
    give(three, "view_hold", "view_certificate")
    give(four, "view_conversation", "add_hold")
    give(reader, "view_conversation", "add_prompt")
    User.objects.filter(pk=reader.pk).update(is_active=False)
    User.objects.create_superuser("root").groups.add(both)
    assert checks.check_roles(None, ["default"]) == []
    settings.CHAT_SEPARATE_ROLES = True
    assert checks.check_roles(None) == [], "Without leave to ask the database"
    (warning,) = checks.check_roles(None, ["default"])
    assert warning.id == "chat.W063"
    assert f": the group “both”, user {one.pk}, user {two.pk}, user {four.pk}." in warning.msg
    assert "Superusers" in str(warning.hint)


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("CHAT_READING_REASON", "required", []),
        ("CHAT_READING_REASON", "on", ["chat.E061"]),
        ("CHAT_READING_NOTICE", "at once", []),
        ("CHAT_READING_NOTICE", 30, []),
        ("CHAT_READING_NOTICE", "30", []),
        ("CHAT_READING_NOTICE", "-1", ["chat.E062"]),
        ("CHAT_READING_NOTICE", None, ["chat.E062"]),
    ],
)
def test_a_check_says_what_cannot_be(settings: Any, name: str, value: object, ids: list[str]) -> None:
    setattr(settings, name, value)
    assert [found.id for found in checks.check_readings(None)] == ids
