"""How a stream that broke no rule has ended: the table of docs/protocol.md."""

import pytest

from chat.core.endings import INTERNAL, SENTENCES, Ending, Status, bad_end, ending_of, graver, named
from chat.i18n import said_of


@pytest.mark.parametrize(
    ("finish_reason", "is_done", "is_refused", "has_text", "status"),
    [
        ("stop", True, False, True, Status.COMPLETE),
        ("stop", False, False, True, Status.COMPLETE),
        ("", True, False, True, Status.COMPLETE),
        ("tool_calls", True, False, True, Status.COMPLETE),
        ("never heard of", True, False, True, Status.COMPLETE),
        ("length", True, False, True, Status.LENGTH),
        ("length", True, False, False, Status.LENGTH),
        ("MAX_TOKENS", True, False, True, Status.LENGTH),
        ("content_filter", True, False, True, Status.FILTERED),
        ("content_filter: RECITATION", True, False, True, Status.FILTERED),
        ("refusal", True, False, True, Status.REFUSED),
        ("error", True, False, True, Status.FAILED),
        ("abort", True, False, False, Status.FAILED),
        ("stop", True, True, True, Status.REFUSED),
        ("", False, False, True, Status.TRUNCATED),
        ("", False, True, True, Status.TRUNCATED),
        ("", False, False, False, Status.FAILED),
        ("", True, False, False, Status.FAILED),
        ("stop", True, False, False, Status.FAILED),
        ("tool_calls", True, False, False, Status.FAILED),
    ],
)
def test_an_ending_follows_from_what_the_stream_said(
    finish_reason: str, is_done: bool, is_refused: bool, has_text: bool, status: Status
) -> None:
    ending = ending_of(finish_reason, is_done=is_done, is_refused=is_refused, has_text=has_text)
    assert ending.status == status
    assert bool(ending.error) == (status == Status.FAILED), "A failure has a sentence of its own"


TRUNCATED = SENTENCES[Status.TRUNCATED]


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (Ending(Status.FAILED, "timeout", "Too slow."), said_of("The Hub", "Too slow.")),
        (Ending(Status.TRUNCATED), said_of("The Hub", TRUNCATED)),
        (Ending(Status.COMPLETE), ""),
        (Ending(Status.LENGTH), ""),
        (Ending(Status.STOPPED), ""),
        (INTERNAL, INTERNAL.error),
    ],
)
def test_a_fault_of_a_service_names_it(ending: Ending, sentence: str) -> None:
    assert named(ending, "The Hub").error == sentence
    assert named(ending, "") == ending


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("max_output_tokens", Status.LENGTH),
        ("model_length", Status.LENGTH),
        ("Content-Filter", Status.FILTERED),
        ("FINISH_REASON_SAFETY", Status.FILTERED),
        (" PROHIBITED_CONTENT ", Status.FILTERED),
        ("insufficient_system_resource", Status.FAILED),
        ("MALFORMED_FUNCTION_CALL", Status.FAILED),
        ("stop", None),
        ("STOP", None),
        ("end_turn", None),
        ("eos", None),
        ("banana", None),
        ("", None),
        (":", None),
    ],
)
def test_a_bad_end_is_known_however_it_is_written(reason: str, status: Status | None) -> None:
    assert bad_end(reason) == status


@pytest.mark.parametrize(
    ("before", "then", "believed"),
    [
        ("", "stop", "stop"),
        ("stop", "tool_calls", "tool_calls"),
        ("stop", "content_filter", "content_filter"),
        ("content_filter", "stop", "content_filter"),
        ("length", "error", "error"),
    ],
)
def test_a_good_end_takes_nothing_back_from_a_bad_one(before: str, then: str, believed: str) -> None:
    assert graver(before, then) == believed
