"""What was sent is not kept once it is answered."""

import asyncio
import io

import pytest
from django.contrib.auth.models import AbstractBaseUser, User
from django.http import HttpRequest, HttpResponseBase
from django.test import RequestFactory

from chat.errors import BadInput
from chat.serving.requests import Request
from chat.views import endpoints


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
