"""What the system checks say of the database."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from chat.models import audience
from chat.models.checks import check_allowed, check_search_index, check_sharing, check_transactions

IMMEDIATE = {"transaction_mode": "IMMEDIATE"}


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    def configure(**changes: Any) -> list[str]:
        default = connections.settings["default"] | changes
        monkeypatch.setitem(connections.settings, "default", default)
        return [str(found.id) for found in check_transactions(None)]

    return configure


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (IMMEDIATE, []),
        ({"transaction_mode": "immediate"}, []),
        ({"transaction_mode": "EXCLUSIVE"}, []),
        ({"transaction_mode": "DEFERRED"}, ["chat.W003"]),
        ({"transaction_mode": None}, ["chat.W003"]),
        ({}, ["chat.W003"]),
    ],
)
def test_sqlite_needs_immediate_transactions(configured: Any, options: dict[str, Any], found: list[str]) -> None:
    assert configured(OPTIONS=options) == found
    assert configured(OPTIONS=options, ENGINE="django.db.backends.postgresql") == []


def test_requests_in_a_transaction_are_an_error(configured: Any) -> None:
    assert configured(OPTIONS=IMMEDIATE, ATOMIC_REQUESTS=True) == ["chat.E001"]
    assert configured(OPTIONS=IMMEDIATE, ATOMIC_REQUESTS=False) == []


@pytest.fixture
def without_index(db: None) -> Iterator[None]:
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE chat_search RENAME TO chat_search_elsewhere")
        yield
        cursor.execute("ALTER TABLE chat_search_elsewhere RENAME TO chat_search")


@pytest.mark.django_db
def test_the_index_of_the_search_is_there() -> None:
    assert check_search_index(None, databases=["default"]) == []


def test_a_missing_index_of_the_search_is_found(without_index: None) -> None:
    assert [found.id for found in check_search_index(None, databases=["default"])] == ["chat.W005"]
    assert check_search_index(None) == [], "Only where databases may be asked"
    assert "chat.W005" in [found.id for found in run_checks(databases=["default"])]


@pytest.mark.django_db
def test_before_the_first_migration_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"].introspection, "table_names", list)
    assert check_search_index(None, databases=["default"]) == []


def test_so_it_is_on_postgresql(postgres: str, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        assert check_search_index(None, databases=[postgres]) == []
        with connections[postgres].cursor() as cursor:
            cursor.execute("ALTER INDEX chat_search RENAME TO chat_search_elsewhere")
            found = check_search_index(None, databases=[postgres])
            cursor.execute("ALTER INDEX chat_search_elsewhere RENAME TO chat_search")
    assert [each.id for each in found] == ["chat.W005"]


@pytest.mark.parametrize(
    ("said", "is_on", "may_be_public", "stays_public"),
    [
        (None, True, False, True),
        ("members", True, False, False),
        (" Public ", True, True, True),
        ("on", True, True, True),
        (True, True, True, True),
        (False, False, False, False),
        ("off", False, False, False),
        ("", False, False, False),
        ("member", False, False, False),
        (["public"], False, False, False),
    ],
    ids=str,
)
def test_what_sharing_is_set_to(
    settings: Any, said: object, is_on: bool, may_be_public: bool, stays_public: bool
) -> None:
    settings.CHAT_SHARING = said
    answers = audience.is_on, audience.may_be_public, audience.stays_public
    assert [answer() for answer in answers] == [is_on, may_be_public, stays_public]
    assert bool(check_sharing(None)) == (said in ("member", ["public"]))
    del settings.CHAT_SHARING
    assert [answer() for answer in answers] == [True, False, True]


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        ("", []),
        ("chat.view_reading", []),
        ("chat.add_conversation", []),
        ("chat.no_such", ["chat.W022"]),
        ("nowhere.view_reading", ["chat.E020"]),
        ("chat", ["chat.E020"]),
        (".view_reading", ["chat.E020"]),
    ],
)
def test_what_users_need_is_a_permission(settings: Any, allowed: str, found: list[str]) -> None:
    settings.CHAT_ALLOWED = allowed
    assert [each.id for each in check_allowed(None)] == found
