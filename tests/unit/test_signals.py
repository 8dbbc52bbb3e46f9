"""The signals: after the commit, to whoever listens, whatever that does."""

import logging
import threading
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.dispatch import Signal
from django.test.utils import CaptureQueriesContext

from chat import signals
from chat.signals import announce


class Listener:
    """Remembers what it hears."""

    def __init__(self, signal: Signal, error: Exception | None = None) -> None:
        self.heard: list[dict[str, Any]] = []
        self.threads: set[str] = set()
        self.error = error
        self._news = threading.Event()
        signal.connect(self.hear)

    def hear(self, **named: Any) -> None:
        self.threads.add(threading.current_thread().name)
        self.heard.append(named)
        self._news.set()
        if self.error:
            raise self.error

    def wait(self) -> None:
        assert self._news.wait(30)
        self._news.clear()


@pytest.fixture
def signal() -> Signal:
    return Signal()


@pytest.fixture(autouse=True)
def _database(committed: None) -> None:
    """No transaction around a test, which would never be committed."""


def test_is_sent_after_the_commit_in_a_thread_of_its_own(signal: Signal) -> None:
    listener = Listener(signal)
    with transaction.atomic():
        announce(signal, Listener, number=1)
        assert not listener.heard
    listener.wait()
    assert [named["number"] for named in listener.heard] == [1]
    assert listener.threads == {"chat-signals_0"}


def test_is_not_sent_of_what_was_rolled_back(signal: Signal) -> None:
    listener = Listener(signal)
    with transaction.atomic():
        announce(signal, Listener, number=1)
        transaction.set_rollback(True)
    announce(signal, Listener, number=2)
    listener.wait()
    assert [named["number"] for named in listener.heard] == [2]


def test_a_receiver_that_fails_is_logged_and_hurts_nobody(signal: Signal, caplog: pytest.LogCaptureFixture) -> None:
    failing, other = Listener(signal, ValueError("no")), Listener(signal)
    for _ in range(2):
        announce(signal, Listener)
        other.wait()
    assert (len(failing.heard), len(other.heard)) == (2, 2)
    assert "ValueError" in caplog.text


def test_a_failing_receiver_that_has_no_name_is_logged_as_well(
    signal: Signal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", True)
    nameless, later = partial(int, "no number"), Signal()
    signal.connect(nameless)
    listener = Listener(later)
    announce(signal, Listener)
    announce(later, Listener)
    listener.wait()
    assert "A receiver of a signal failed" in caplog.text


def test_where_nobody_listens_nothing_is_done(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_send_soon", None)
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        announce(signal, Listener)
        assert not connection.run_on_commit
    assert len(queries) <= 2
