"""What the first view of a process does."""

import logging
from typing import Any

import pytest

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
