"""Where a view runs, and what the first one of a process does."""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation

from chat.errors import BadInput
from chat.views import endpoints


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`started(True)`: nothing had begun before the view."""
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", True)
    return lambda began: monkeypatch.setattr(endpoints, "start_sweeps", lambda: began)


def test_where_another_handler_calls_it_that_is_said(started: Any, caplog: pytest.LogCaptureFixture) -> None:
    started(True)
    endpoints.start_with_the_first_view()
    assert "chat.serving.asgi.get_asgi_application()" in caplog.text


def test_after_the_first_view_and_with_our_handler_nothing_is_said(
    started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    started(False)
    endpoints.start_with_the_first_view()
    assert not caplog.text


# Where a view runs


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of threads in which something was done, in order."""
    seen: list[str] = []

    def look(request: HttpRequest) -> User:
        note(seen)
        return User(username="reader")

    monkeypatch.setattr(endpoints, "get_user", look)
    monkeypatch.setattr(endpoints, "find_left", lambda ids: None)
    monkeypatch.setattr(endpoints, "come_back", lambda *args: note(seen))
    return seen


def note(places: list[str]) -> None:
    places.append(threading.current_thread().name.rpartition("_")[0])


def asked(view: Any, method: str = "GET") -> HttpResponseBase:
    async def ask() -> HttpResponseBase:
        set_script_prefix("/site/")
        translation.activate("de")
        answer: Coroutine[Any, Any, HttpResponseBase] = view(RequestFactory().generic(method, "/site/"))
        return await answer

    return asyncio.run(ask())


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "place"), [("GET", "chat-reading"), ("POST", "chat-writing")])
def test_a_plain_view_runs_where_its_user_was_looked_for(places: list[str], method: str, place: str) -> None:
    @endpoints.endpoint("GET", "POST")
    def view(request: HttpRequest, user: Any) -> HttpResponseBase:
        note(places)
        return HttpResponse(f"{user} {translation.get_language()} {get_script_prefix()}")

    assert asked(view, method).content == b"reader de /site/"  # type: ignore[attr-defined]
    assert places == [place, place]


@pytest.mark.django_db
def test_a_coroutine_stays_on_the_event_loop(places: list[str]) -> None:
    @endpoints.endpoint("GET")
    async def view(request: HttpRequest, user: Any) -> HttpResponseBase:
        note(places)
        return HttpResponse()

    asked(view)
    assert places == ["chat-login", ""]


@pytest.mark.django_db
@pytest.mark.parametrize("fails", [False, True])
def test_who_comes_back_is_noted_among_those_who_write(places: list[str], fails: bool) -> None:
    @endpoints.endpoint("GET")
    def view(request: HttpRequest, user: Any) -> HttpResponseBase:
        endpoints.comes_back_to(request, 1)
        if fails:
            raise BadInput
        return HttpResponse()

    assert asked(view).status_code == (400 if fails else 200)
    assert places == ["chat-reading", "chat-writing"]
