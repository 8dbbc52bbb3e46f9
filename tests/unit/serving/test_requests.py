"""What was sent is not kept once it is answered."""

import asyncio
import gc
import io
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from chat.errors import BadInput
from chat.serving.middleware import CSPMiddleware
from chat.serving.requests import Request
from chat.views import endpoints
from chat.views.pages import render_page


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_request_lets_go_of_its_body(content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    request = Request(scope, io.BytesIO(b"text=Hello"))
    assert request.body == b"text=Hello"
    assert bool(request.POST) == (content_type != "application/json")
    request.close()
    assert request.body == b""
    assert not request.POST


def test_nothing_of_it_waits_for_the_collector() -> None:
    """It, and what a page is made of: nothing refers to itself."""
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}, io.BytesIO())
    with pythons_collector_off():
        for middleware in (SessionMiddleware, MessageMiddleware, CSPMiddleware):
            middleware(lambda request: HttpResponse()).process_request(request)
        request.user, request.auser = User(username="somebody"), partial(str, request)  # type: ignore[assignment]
        values = {"error": BadInput(), "thing": Thing()}
        refs = [weakref.ref(each) for each in (request, values["thing"])]
        assert render_page(request, "chat/errors/error.html", values).status_code == 200
        request.close()
        del request, values
        assert [ref() for ref in refs] == [None, None]


class Thing:
    pass


@contextmanager
def pythons_collector_off() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.django_db(transaction=True)  # a thread of the login may have looked at it before
def test_an_error_holds_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold what was sent, and one of them the error."""
    error = BadInput()

    async def view(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
        raise error

    monkeypatch.setattr(endpoints, "get_user", lambda request: User(username="somebody", is_superuser=True))
    request = RequestFactory().get("/", headers={"Accept": "application/json"})
    assert asyncio.run(endpoints.endpoint("GET")(view)(request)).status_code == 400
    assert error.__traceback__ is None
