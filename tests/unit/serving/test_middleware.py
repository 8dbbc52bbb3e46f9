"""Middleware changes threads only where it may ask the database."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from chat.serving.middleware import ON_EVENT_LOOP, OnEventLoop, on_event_loop


async def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@pytest.mark.parametrize("path", settings.MIDDLEWARE)
def test_each_is_known_or_asynchronous_by_itself(path: str) -> None:
    middleware = import_string(path)
    assert middleware in ON_EVENT_LOOP or not issubclass(middleware, MiddlewareMixin)


@pytest.mark.parametrize("middleware", ON_EVENT_LOOP)
def test_what_takes_its_place_differs_in_where_it_runs_alone(middleware: Any) -> None:
    ours = on_event_loop(middleware)
    assert ours.__mro__[1:3] == (OnEventLoop, middleware)
    assert set(vars(ours)) - {"__module__", "__doc__", "__firstlineno__", "__static_attributes__"} <= {
        "asks_database",
        "process_view",
    }


@pytest.mark.parametrize("middleware", ON_EVENT_LOOP)
def test_a_subclass_of_a_project_stays_as_it_is(middleware: Any) -> None:
    theirs = type(middleware.__name__, (middleware,), {})
    assert on_event_loop(theirs) is theirs


def test_tokens_in_sessions_are_read_in_threads(settings: Any) -> None:
    assert on_event_loop(CsrfViewMiddleware) is not CsrfViewMiddleware
    settings.CSRF_USE_SESSIONS = True
    assert on_event_loop(CsrfViewMiddleware) is CsrfViewMiddleware


@pytest.fixture
def request_with_session() -> HttpRequest:
    request = RequestFactory().get("/")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda _: HttpResponse()).process_request(request)
    return request


def needing_threads(request: HttpRequest) -> list[str]:
    return [ours.__name__ for ours in ON_EVENT_LOOP.values() if ours(answer).asks_database(request)]  # type: ignore[call-arg]


def test_none_needs_a_thread_where_nothing_is_to_be_stored(request_with_session: HttpRequest) -> None:
    assert needing_threads(request_with_session) == []


def test_a_changed_session_is_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    request_with_session.session["key"] = "value"
    assert needing_threads(request_with_session) == ["SessionMiddleware"]


def test_messages_are_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    messages.info(request_with_session, "Done.")
    assert needing_threads(request_with_session) == ["MessageMiddleware"]
