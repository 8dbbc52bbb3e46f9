"""Error pages that come from no view of the chat: Django's handlers, and the refusal of a request without a token."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from chat.views import errors

Respond = Callable[[HttpRequest], HttpResponse]
HANDLERS: dict[int, list[Respond]] = {
    400: [lambda request: errors.bad_request(request, Exception())],
    403: [lambda request: errors.permission_denied(request, Exception()), errors.csrf_failure],
    404: [lambda request: errors.page_not_found(request, Exception())],
    413: [errors.too_large],
    500: [errors.server_error],
}
CASES = [(status, each) for status, handlers in HANDLERS.items() for each in handlers]


def requests() -> list[HttpRequest]:
    """A page, a script's question and a form, of somebody who is logged in."""
    ann, made = User(pk=1, username="ann-who-asks"), RequestFactory()
    sent: list[HttpRequest] = [
        made.get("/nowhere/", headers={"Accept": "text/html"}),
        made.get("/nowhere/", headers={"Accept": "application/json"}),
        made.post("/nowhere/", {"text": "My draft"}, headers={"Accept": "text/html"}),
    ]
    for request in sent:
        request.user, request.META["CSRF_COOKIE"] = ann, "c" * 32
    return sent


@pytest.mark.parametrize(("status", "respond"), CASES)
def test_they_are_kept_by_no_cache_and_say_nothing_of_who_asks(
    status: int, respond: Respond, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for request in requests():
        with django_assert_num_queries(0):
            response = respond(request)
        assert response.status_code == status
        assert response["Cache-Control"] == "no-store, private"
        assert b"ann-who-asks" not in response.content
        assert b"csrfmiddlewaretoken" not in response.content
        assert "CSRF_COOKIE_NEEDS_UPDATE" not in request.META


def test_what_a_form_sent_is_given_back_for_want_of_a_token() -> None:
    assert b"My draft" in errors.csrf_failure(requests()[2]).content
