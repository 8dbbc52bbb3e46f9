"""Middleware changes threads only where it may ask the database."""

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from chat.serving.middleware import NEEDS_THREAD


@pytest.mark.parametrize("path", settings.MIDDLEWARE)
def test_each_is_known_or_asynchronous_by_itself(path: str) -> None:
    middleware = import_string(path)
    assert middleware in NEEDS_THREAD or not issubclass(middleware, MiddlewareMixin)


@pytest.fixture
def request_with_session() -> HttpRequest:
    request = RequestFactory().get("/")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda _: HttpResponse()).process_request(request)
    return request


def needing_threads(request: HttpRequest) -> list[str]:
    return [middleware.__name__ for middleware, needs in NEEDS_THREAD.items() if needs(request)]


def test_none_needs_a_thread_where_nothing_is_to_be_stored(request_with_session: HttpRequest) -> None:
    assert needing_threads(request_with_session) == []


def test_a_changed_session_is_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    request_with_session.session["key"] = "value"
    assert needing_threads(request_with_session) == ["SessionMiddleware"]


def test_messages_are_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    messages.info(request_with_session, "Done.")
    assert needing_threads(request_with_session) == ["MessageMiddleware"]
