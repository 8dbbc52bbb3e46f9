"""Failures in the log: the cause first, once a minute, and how many there were."""

import errno
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.failures import log_failure, log_waiting
from chat.failures.log import Repeats, repeats

logger = logging.getLogger("chat.test")
FULL = OSError(errno.ENOSPC, "No space left on device", "/var/lib/chatsite")


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    repeats.clear()
    yield
    repeats.clear()


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("chat.failures.log.time", clock)
    return clock


def test_the_cause_comes_first_and_what_to_do_last_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(logger, FULL, "%s answers are kept in memory", 12)
    said = "The disk is full: 12 answers are kept in memory. Free space on /var/lib/chatsite. "
    assert caplog.messages[0].startswith(said)
    assert (caplog.records[0].levelname, caplog.records[0].exc_info) == ("ERROR", None)
    assert "\n" not in caplog.text.strip()


def test_a_fault_of_ours_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(logger, KeyError("name"), "a task failed")
    assert caplog.messages == ["A task failed"]
    assert "KeyError: 'name'" in caplog.text


def test_what_goes_on_is_said_once_a_minute_with_a_count(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    for number in range(41):
        log_failure(logger, FULL, "%s answers are kept in memory", number)
    assert len(caplog.messages) == 1
    clock.now += 61
    log_failure(logger, FULL, "%s answers are kept in memory", 7)
    assert len(caplog.messages) == 2
    assert "full: 7 answers" in caplog.messages[1]
    assert caplog.messages[1].endswith(" (40 more like this since it was last said)")


def test_other_causes_and_other_consequences_are_said_at_once(caplog: pytest.LogCaptureFixture) -> None:
    log_failure(logger, FULL, "answers wait")
    log_failure(logger, FULL, "requests are refused")
    log_failure(logger, OSError(errno.EROFS, "Read-only"), "answers wait")
    log_failure(logger, KeyError(), "answers wait")
    assert len(caplog.messages) == 4


def test_what_is_tried_again_is_said_together_where_there_is_a_cause(caplog: pytest.LogCaptureFixture) -> None:
    for consequence in ("nothing is swept", "nothing is erased", "nobody is asked"):
        log_waiting(logger, FULL, consequence)
    assert len(caplog.messages) == 1
    log_waiting(logger, KeyError(), "nothing is swept")
    log_waiting(logger, KeyError(), "nothing is erased")
    assert caplog.messages[1:] == ["Nothing is swept", "Nothing is erased"]


def test_a_wall_clock_that_jumps_neither_hides_nor_repeats(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (0.0, 4e9, 1e9):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        log_failure(logger, FULL, "answers wait")
    assert len(caplog.messages) == 1


def test_what_is_remembered_is_bounded() -> None:
    some = Repeats(seconds=3600, most=10)
    assert [some.take(number) for number in range(1000)] == [0] * 1000
    assert [some.take(number) for number in range(990, 1000)] == [None] * 10
    assert len(some._said) == 10


def test_threads_count_together() -> None:
    some = Repeats(seconds=3600)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: some.take("key"), range(2000)))
    assert (taken.count(0), taken.count(None)) == (1, 1999)
    some._seconds = 0
    assert some.take("key") == 1999
