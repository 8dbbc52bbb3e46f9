"""Who asks is found out with plain statements, and is whom Django would find."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import override_settings
from django.utils import timezone

from chat.serving.sessions import SessionStore
from chat.views.session_user import get_user
from tests.support.client import session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("reader", password="a password", first_name="Ada", last_login=timezone.now())


def who(key: str | None) -> User | AnonymousUser:
    request = HttpRequest()
    request.session = SessionStore(key)
    return get_user(request)


def test_it_is_the_user_as_the_orm_reads_it(user: User) -> None:
    found = who(session_of(user))
    assert isinstance(found, User)
    stored = User.objects.get(pk=user.pk)
    rules = vars(found).pop("chat_rules")
    assert rules == 0, "no right is restricted"
    assert {**vars(found), "_state": None} == {**vars(stored), "_state": None}
    assert not found._state.adding


@pytest.mark.parametrize("key", ["\0" * 32, "x" * 31 + "\0", "é" * 32], ids=ascii)
def test_what_can_be_no_key_is_not_looked_for(django_assert_num_queries: Callable[..., Any], key: str) -> None:
    """PostgreSQL takes no NUL, which a cookie can say: `sessionid="\\000…"`."""
    with django_assert_num_queries(0):
        assert who(key) == AnonymousUser()


@pytest.mark.parametrize("key", [None, "", "x" * 32, "'; --" * 4])
def test_it_is_nobody_without_a_session(key: str | None) -> None:
    assert who(key) == AnonymousUser()


def no_longer_valid(user: User, key: str) -> None:
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))


def tampered_with(user: User, key: str) -> None:
    Session.objects.filter(pk=key).update(session_data="e30:abc:def")


def of_who_logged_out(user: User, key: str) -> None:
    SessionStore(key).flush()


def of_who_has_another_password(user: User, key: str) -> None:
    user.set_password("another")
    user.save()


def of_who_may_not_log_in(user: User, key: str) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def of_who_is_gone(user: User, key: str) -> None:
    user.delete()


@pytest.mark.parametrize(
    "make",
    [
        no_longer_valid,
        tampered_with,
        of_who_logged_out,
        of_who_has_another_password,
        of_who_may_not_log_in,
        of_who_is_gone,
    ],
)
def test_it_is_nobody_with_a_session(user: User, make: Callable[[User, str], None]) -> None:
    key = session_of(user)
    assert who(key) == user
    make(user, key)
    assert who(key) == AnonymousUser()


def test_a_session_outlives_a_change_of_the_secret_key(user: User) -> None:
    with override_settings(SECRET_KEY="an older one"):
        key = session_of(user)
    assert who(key) == AnonymousUser()
    with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["an older one"]):
        assert who(key) == user


def test_what_is_stored_otherwise_is_read_anew(user: User) -> None:
    key = session_of(user)
    first, again = SessionStore(key), SessionStore(key)
    first["a list"] = [1]
    first.save()
    again["a list"].append(2)
    assert SessionStore(key)["a list"] == [1], "what one request does to it is its own until it is saved"
    again.save()
    assert SessionStore(key)["a list"] == [1, 2]
    with override_settings(SECRET_KEY="another"):
        assert SessionStore(key).get("a list") is None
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert SessionStore(key)["a list"] == [1, 2]
