"""Who asks is whom Django would find, however a project keeps its users."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User, UserManager
from django.contrib.sessions.backends import db
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest

from chat.views import session_user
from chat.views.session_user import _is_plain, get_user

pytestmark = pytest.mark.django_db
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class Others(ModelBackend):
    """A project's own way to users."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.get(username="another")


class ByToken(ModelBackend):
    """Django's own, but for how somebody logs in."""


class Inactive(UserManager[User]):
    def get_queryset(self) -> QuerySet[User]:
        return super().get_queryset().filter(is_active=True)


@pytest.fixture
def user() -> User:
    User.objects.create_user("another", password="a password")
    return User.objects.create_user("reader", password="a password")


def asked_by(user: User, backend: str = MODEL_BACKEND) -> HttpRequest:
    request = HttpRequest()
    request.session = db.SessionStore()
    another_hash = User.objects.get(username="another").get_session_auth_hash()
    request.session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: backend,
            HASH_SESSION_KEY: user.get_session_auth_hash() if backend == MODEL_BACKEND else another_hash,
        }
    )
    return request


def test_it_is_one_statement(user: User, django_assert_num_queries: Callable[..., Any]) -> None:
    request = asked_by(user)
    with django_assert_num_queries(1):
        assert get_user(request) == user


def test_whoever_logs_users_in_they_are_found_by_that_statement(
    user: User, settings: Any, django_assert_num_queries: Callable[..., Any]
) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.ByToken", MODEL_BACKEND]
    request = asked_by(user, f"{__name__}.ByToken")
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    with django_assert_num_queries(1):
        assert get_user(request) == user


def test_a_backend_of_the_project_is_asked(user: User, settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Others", MODEL_BACKEND]
    assert get_user(asked_by(user, f"{__name__}.Others")).username == "another"


def test_a_backend_that_is_no_longer_there_lets_nobody_in(user: User, settings: Any) -> None:
    request = asked_by(user)
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Others"]
    assert get_user(request) == AnonymousUser()


def test_what_a_manager_hides_stays_hidden() -> None:
    class Model:
        class _meta:  # noqa: N801
            parents: dict[Any, Any] = {}

    _is_plain.cache_clear()
    plain: Any = type("Plain", (Model,), {"_default_manager": User._default_manager})
    hiding = Inactive()
    hiding.model = User
    assert _is_plain(plain)
    assert not _is_plain(type("Hidden", (Model,), {"_default_manager": hiding}))


def test_users_of_another_database_are_found_by_the_orm(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked_by(user)
    monkeypatch.setattr(router, "db_for_read", lambda model: "another")
    assert session_user._usual_user(request.session) is None
