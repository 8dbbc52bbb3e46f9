"""What a log does not say."""

import errno
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response

from chat.failures.log import FAILURE_LOGGED, repeats
from chat.models.share import new_token
from chat.serving.logs import CausesFirst, Formatter, WithoutSecrets, loggable

TOKEN = "Zk3-_hGm9dQw2Lr7Xb0YcVt5Ns8UeJa1"
RESET = "cxq2p1-0f3d9b1a5c7e8f90a1b2c3d4e5f60718"
PK = "0b9f3a52-6a1d-4c55-9d1e-7f0c2f6a8e13"


def test_what_an_extra_brings_is_not_needed_where_it_is_not_wanted() -> None:
    """logging loads each formatter that is named."""
    formatters: Any = settings.LOGGING["formatters"]
    assert list(formatters) == ["line"]


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


# The cause first


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    """As the handler of chatsite/settings.py has them, which is put aside: it would have said them already."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if any(isinstance(one, CausesFirst) for one in handler.filters)]
    for handler in ours:
        root.removeHandler(handler)
    monkeypatch.setattr(caplog.handler, "filters", [WithoutSecrets(), CausesFirst()])
    repeats.clear()
    yield caplog
    repeats.clear()
    for handler in ours:
        root.addHandler(handler)


def log_of_django(status: int, exc: Exception | None, path: str = f"/s/{TOKEN}/") -> None:
    request, response = RequestFactory().get(path), HttpResponse(status=status)
    log_response("%s: %s", "Reason", path, response=response, request=request, exception=exc)


def failed() -> Exception:
    exc = OperationalError("disk full")
    exc.__cause__ = OSError(errno.ENOSPC, "No space left on device", "/var/lib/chat/site_of_a_long_name")
    return exc


def test_what_django_logs_of_a_full_disk_is_one_line_that_begins_with_it(lines: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        log_of_django(500, failed())
    assert len(lines.messages) == 1
    said = "The disk is full: Reason: /s/…/. Free space on /var/lib/chat/site_of_a_long_name."
    assert lines.messages[0].startswith(said)
    assert "Traceback" not in lines.text


def test_a_fault_of_ours_keeps_its_traceback_each_time(lines: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        log_of_django(500, ValueError("ours"))
    assert lines.messages == ["Reason: /s/…/"] * 3
    assert lines.text.count("ValueError: ours") == 3


def test_a_refusal_has_no_traceback(lines: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        log_of_django(403, PermissionDenied())
    assert lines.messages == ["Reason: /s/…/"] * 2
    assert "PermissionDenied" not in lines.text


def test_a_foreign_host_is_one_line(lines: pytest.LogCaptureFixture) -> None:
    for host in range(100):
        exc = DisallowedHost(f"Invalid HTTP_HOST header: '{host}.evil.example{'x' * 9000}'. %s %d")
        logging.getLogger("django.security.DisallowedHost").error(str(exc), exc_info=exc)
    assert len(lines.messages) == 1
    assert lines.records[0].levelname == "WARNING"
    assert "0.evil.example" in lines.text
    assert len(lines.text) < 500


def test_a_503_is_said_once_a_minute_and_not_where_the_chat_has_said_why(lines: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        log_of_django(503, None, "/")
    assert lines.messages == ["Reason: /"]
    request = RequestFactory().get("/")
    setattr(request, FAILURE_LOGGED, True)
    repeats.clear()
    log_response("%s: %s", "Reason", "/", response=HttpResponse(status=503), request=request)
    assert lines.messages == ["Reason: /"]


def test_nobody_is_invited_to_install_http_2(lines: pytest.LogCaptureFixture) -> None:
    with lines.at_level(logging.INFO, "daphne.server"):
        logging.getLogger("daphne.server").info("HTTP/2 support not enabled (install the http2 …)")
        logging.getLogger("daphne.server").info("Listening on TCP address 127.0.0.1:8000")
    assert lines.messages == ["Listening on TCP address 127.0.0.1:8000"]
