"""The migration of what the admin's log says of readings: there and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from pytest_django.plugin import DjangoDbBlocker

from chat.models import Conversation, Prompt
from tests.support.migrating import migrate, migrating

BEFORE, AFTER = "0009_readings", "0010_readings_so_far"
NOW = datetime(2026, 3, 5, 12, 0, 0, 123456, tzinfo=UTC)
READ = "Read the transcript."


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """A database as an earlier version left it."""
    with migrating(request, tmp_path, django_db_blocker, BEFORE) as alias:
        yield alias


@cache
def historical(name: str) -> type[Model]:
    """The app's model as it was between the two migrations, whatever became of its table since."""
    state = MigrationLoader(None).project_state(("chat", AFTER))
    return state.apps.get_model("chat", name)


def person(alias: str, name: str, **fields: object) -> User:
    return User.objects.using(alias).create(username=name, **({"is_staff": True, "password": "!"} | fields))


def stand_in(alias: str, number: int, **fields: object) -> User:
    """As earlier versions made them."""
    unusable = {"password": make_password(None), "is_active": False, "is_staff": False}
    return person(alias, f"(erased {number})", **(unusable | fields))


def entry(user: User, message: str = READ, seconds: int = 0, **fields: object) -> LogEntry:
    alias = user._state.db
    kind = ContentType.objects.db_manager(alias).get_for_model(Conversation)
    known = {"content_type": kind, "object_id": f"id-{seconds}", "object_repr": "Gardening", "action_flag": CHANGE}
    time = NOW + timedelta(seconds=seconds)
    return LogEntry.objects.using(alias).create(
        user=user, change_message=message, action_time=time, **(known | fields)
    )


def readings(alias: str) -> list[tuple[object, ...]]:
    names = ("user_key", "user_name", "object_kind", "object_key", "object_name", "action", "created_at")
    return list(historical("Reading")._base_manager.using(alias).order_by("created_at").values_list(*names))


def entries(alias: str) -> list[tuple[object, ...]]:
    names = ("user__username", "object_id", "object_repr", "action_flag", "change_message", "action_time")
    return list(LogEntry.objects.using(alias).order_by("action_time").values_list(*names))


def test_readings_are_copied_and_nothing_else(alias: str) -> None:
    reader = person(alias, "stefan")
    entry(reader)
    entry(reader, "Read the thumbnail of attachment 5.", 1)
    entry(reader, "", 2, action_flag=DELETION)
    prompts = ContentType.objects.db_manager(alias).get_for_model(Prompt)
    entry(reader, "Read it.", 3, content_type=prompts)
    before = entries(alias)
    migrate(alias, AFTER)
    kind, key = "chat.conversation", str(reader.pk)
    assert readings(alias) == [
        (key, "stefan", kind, "id-0", "Gardening", READ, NOW),
        (key, "stefan", kind, "id-1", "Gardening", "Read the thumbnail of attachment 5.", NOW + timedelta(seconds=1)),
    ]
    assert entries(alias) == before
    migrate(alias)  # to what there is today, which names no object that is gone
    assert len(entries(alias)) == len(before)


def test_many_are_copied_in_batches(alias: str) -> None:
    reader = person(alias, "stefan")
    kind = ContentType.objects.db_manager(alias).get_for_model(Conversation)
    known = {"user": reader, "content_type": kind, "object_repr": "x", "action_flag": CHANGE, "change_message": READ}
    LogEntry.objects.using(alias).bulk_create(LogEntry(object_id=str(number), **known) for number in range(1203))
    migrate(alias, AFTER)
    keys = historical("Reading")._base_manager.using(alias).values_list("object_key", flat=True)
    assert sorted(map(int, keys)) == list(range(1203))


def test_accounts_that_stood_in_go_and_their_readings_keep_their_words(alias: str) -> None:
    first, second = stand_in(alias, 17), stand_in(alias, 4)
    entry(first)
    entry(second, seconds=1)
    migrate(alias, AFTER)
    assert [row[:2] for row in readings(alias)] == [("17", "(erased 17)"), ("4", "(erased 4)")]
    assert not User.objects.using(alias).exists()
    assert not LogEntry.objects.using(alias).exists()


def test_none_goes_that_is_anything_else(alias: str) -> None:
    """Somebody whose name only looks like it, or whom anything refers to."""
    stays = [
        stand_in(alias, 1, is_active=True),
        stand_in(alias, 2, password=make_password("a real password")),
        person(alias, "(erased 3) no more", is_active=False),
        person(alias, "x (erased 4)", is_active=False),
        stand_in(alias, 5),
        stand_in(alias, 6),
        stand_in(alias, 7),
    ]
    entry(stays[4], "", action_flag=DELETION)
    historical("Conversation")._base_manager.using(alias).create(owner_id=stays[5].pk)
    stays[6].groups.add(Group.objects.using(alias).create(name="staff"))
    for user in stays:
        entry(user)
    migrate(alias, AFTER)
    assert set(User.objects.using(alias)) == set(stays)
    assert len(readings(alias)) == len(stays)
    assert LogEntry.objects.using(alias).count() == len(stays) + 1


def test_one_that_a_table_of_no_model_refers_to_stays(alias: str) -> None:
    user = stand_in(alias, 17)
    entry(user)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "CREATE TABLE of_another_age (id integer PRIMARY KEY, user_id integer REFERENCES auth_user (id))"
        )
        cursor.execute("INSERT INTO of_another_age VALUES (1, %s)", [user.pk])
    migrate(alias, AFTER)
    assert list(User.objects.using(alias)) == [user]
    assert LogEntry.objects.using(alias).count() == 1
    assert len(readings(alias)) == 1


def test_on_the_way_back_nothing_is_lost(alias: str) -> None:
    reader = person(alias, "stefan")
    entry(reader)
    entry(stand_in(alias, 17), seconds=1)
    before = entries(alias)
    migrate(alias, AFTER)
    made = historical("Reading")._base_manager.using(alias)
    made.create(
        user_key=str(reader.pk), user_name="stefan", object_kind="chat.conversation", object_key="id-2",
        object_name="Cooking", action=READ, created_at=NOW + timedelta(seconds=2),
    )  # fmt: skip
    made.create(
        user_key="99", user_name="(erased 99)", object_kind="chat.conversation", object_key="id-3", object_name="Tea",
        action=READ, created_at=NOW + timedelta(seconds=3),
    )  # fmt: skip
    migrate(alias, BEFORE)
    assert entries(alias) == [
        *before,
        ("stefan", "id-2", "Cooking", CHANGE, READ, NOW + timedelta(seconds=2)),
        ("(erased 99)", "id-3", "Tea", CHANGE, READ, NOW + timedelta(seconds=3)),
    ]
    assert not User.objects.using(alias).get(username="(erased 17)").is_active
    historical("Reading")._base_manager.using(alias).all().delete()
    migrate(alias, AFTER)
    assert [row[1] for row in readings(alias)] == ["stefan", "(erased 17)", "stefan", "(erased 99)"]


def test_without_the_admins_table_there_is_nothing_to_copy(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("ALTER TABLE django_admin_log RENAME TO elsewhere")
    migrate(alias, AFTER)
    migrate(alias, BEFORE)
    with connections[alias].cursor() as cursor:
        cursor.execute("ALTER TABLE elsewhere RENAME TO django_admin_log")
    assert readings(alias) == []


def test_without_the_admin_there_is_nothing_to_copy(alias: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(person(alias, "stefan"))
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django.contrib.admin")
    migrate(alias, AFTER)
    migrate(alias, BEFORE)
    monkeypatch.undo()
    assert readings(alias) == []
    assert LogEntry.objects.using(alias).count() == 1
