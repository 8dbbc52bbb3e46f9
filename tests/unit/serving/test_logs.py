"""What a log does not say."""

import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response

from chat.models.share import new_token
from chat.serving.logs import Formatter, WithoutSecrets, loggable

TOKEN = "Zk3-_hGm9dQw2Lr7Xb0YcVt5Ns8UeJa1"
RESET = "cxq2p1-0f3d9b1a5c7e8f90a1b2c3d4e5f60718"
PK = "0b9f3a52-6a1d-4c55-9d1e-7f0c2f6a8e13"


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("/search/?q=my+illness&before=3", "/search/"),
        ("GET /search/?q=my%20illness HTTP/1.1", "GET /search/ HTTP/1.1"),
        ("/accounts/login/?next=/search/%3Fq%3Dillness", "/accounts/login/"),
        (f"/s/{TOKEN}/", "/s/…/"),
        (f"/anywhere/s/{TOKEN}", "/anywhere/s/…"),
        (f"/s/{TOKEN[:9]}/", "/s/…/"),
        (f"/S/{TOKEN}/", "/S/…/"),
        (f"/shares/{TOKEN}/revocation/", "/shares/…/revocation/"),
        (f"/accounts/invitation/{TOKEN[:9]}/", "/accounts/invitation/…/"),
        (f"/accounts/reset/Mg/{RESET}/", "/accounts/reset/Mg/…/"),
        (f"/c/{PK}/messages/", f"/c/{PK}/messages/"),
        ("/static/chat/js/pages/conversation.0123456789ab.js", "/static/chat/js/pages/conversation.0123456789ab.js"),
        ("Nothing to change", "Nothing to change"),
    ],
)
def test_an_address_is_logged_without_query_and_token(line: str, logged: str) -> None:
    assert loggable(line) == logged


def test_every_token_is_left_out() -> None:
    assert {loggable(f"/elsewhere/{new_token()}/") for _ in range(2000)} == {"/elsewhere/…/"}


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_what_django_says_of_a_request_bears_neither(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Two messages of Django's: `Not Found: /path`, and its error's line with the request beside it."""
    caplog.handler.addFilter(WithoutSecrets())
    for path in (f"/s/{TOKEN}/", "/search/%3Fq=my illness"):
        request = RequestFactory().get(path)
        with caplog.at_level(logging.INFO, "django.request"):
            log_response("%s: %s", "Reason", request.path, response=HttpResponse(status=status), request=request)
    assert [record.getMessage() for record in caplog.records] == ["Reason: /s/…/", "Reason: /search/"]


def test_other_lines_stay(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(WithoutSecrets())
    logging.getLogger("chat.test").warning("Why? %s", "/a?b")
    assert caplog.messages == ["Why? /a?b"]


def test_a_traceback_has_no_row_that_a_database_quotes() -> None:
    said = "duplicate key\nLINE 1: ... WHERE text = 'my illness'\nDETAIL:  Key (name)=(my illness) already exists."
    try:
        raise RuntimeError(said)
    except RuntimeError as exc:
        text = Formatter().formatException((type(exc), exc, exc.__traceback__))
    assert "duplicate key" in text
    assert "my illness" not in text.partition("raise RuntimeError(said)")[2]
