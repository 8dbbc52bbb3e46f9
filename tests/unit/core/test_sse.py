"""Server-sent events: what we send, what positions we read, and decoding by the WHATWG standard."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core import sse
from tests.support.conformance import event_source_cases, sent_bytes

HOSTILE = [
    "\n\nevent: end\ndata: {}\n\n",
    "\r\r",
    "\r\nid: 5\r\n",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "\0",
    "\ufeff",
    "😀",
]


def test_a_frame_is_an_id_an_event_and_one_line_of_json() -> None:
    assert sse.frame("text", {"text": "Grüße"}, 14) == 'event: text\ndata: {"text":"Grüße"}\nid: 14\n\n'.encode()


def test_a_frame_without_a_position_has_no_id() -> None:
    assert sse.frame("title", {"title": "T"}) == b'event: title\ndata: {"title":"T"}\n\n'


def test_position_zero_is_an_id() -> None:
    assert sse.frame("reset", {}, 0) == b"event: reset\ndata: {}\nid: 0\n\n"


def test_retry_and_keep_alive_dispatch_nothing() -> None:
    assert sse.retry(1000) == b"retry: 1000\n\n"
    assert sse.KEEP_ALIVE.startswith(b":")
    assert sse.Decoder().feed(sse.retry(1000) + sse.KEEP_ALIVE) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_can_leave_its_frame(text: str) -> None:
    frame = sse.frame("text", {"text": text}, 1)
    assert frame.count(b"\n") == 4
    assert b"\r" not in frame
    (event,) = sse.Decoder().feed(frame)
    assert (event.event, event.last_event_id, json.loads(event.data)) == ("text", "1", {"text": text})


@given(st.text(), st.integers(0, 10**9))
def test_what_is_framed_is_decoded_again(text: str, position: int) -> None:
    (event,) = sse.Decoder().feed(sse.frame("text", {"text": text}, position))
    assert (event.last_event_id, json.loads(event.data)["text"]) == (str(position), text)


@pytest.mark.parametrize(
    ("last_event_id", "after", "position"),
    [
        (None, None, 0),
        ("0", None, 0),
        ("14", None, 14),
        (None, "14", 14),
        ("14", "3", 14),
        ("x", "3", None),
        ("", "3", None),
        ("007", None, 7),
        ("-1", None, None),
        ("+1", None, None),
        ("1.0", None, None),
        ("1e3", None, None),
        (" 1", None, None),
        ("1_000", None, None),
        ("٣", None, None),
        ("1\n", None, None),
        ("9" * 18, None, 10**18 - 1),
        ("9" * 19, None, None),
        ("9" * 10_000, None, None),
        (None, "", None),
        (None, "null", None),
    ],
)
def test_reads_the_position_that_a_follower_asks_for(
    last_event_id: str | None, after: str | None, position: int | None
) -> None:
    assert sse.position_after(last_event_id, after) == position


# Decoding

CASES = event_source_cases()


@pytest.mark.parametrize("connection", CASES)
def test_decodes_a_stream_of_web_platform_tests_whole(connection: dict[str, Any]) -> None:
    assert decoded(connection, [sent_bytes(connection)]) == expected(connection)


@pytest.mark.parametrize("connection", CASES)
def test_decodes_a_stream_of_web_platform_tests_byte_by_byte(connection: dict[str, Any]) -> None:
    sent = sent_bytes(connection)
    assert decoded(connection, [sent[index : index + 1] for index in range(len(sent))]) == expected(connection)


@pytest.mark.parametrize("connection", CASES)
def test_decodes_a_stream_of_web_platform_tests_cut_at_every_place(connection: dict[str, Any]) -> None:
    sent = sent_bytes(connection)
    for cut in range(1, len(sent), max(1, len(sent) // 300)):
        assert decoded(connection, [sent[:cut], sent[cut:]]) == expected(connection), f"cut after {cut} bytes"


def decoded(connection: dict[str, Any], pieces: list[bytes]) -> list[tuple[str, str, str]]:
    if connection.get("connection_must_fail"):
        return []  # for its MIME type: that is the reader's to see, not the decoder's
    decoder = sse.Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    # A client's last event id outlives its connections; a decoder is of one connection.
    before = connection["request_last_event_id"]
    return [(event.event, event.data, event.last_event_id or before) for event in events]


def expected(connection: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(event["event"], event["data"], event["lastEventId"]) for event in connection["expected"]]


def test_invalid_utf_8_becomes_replacement_characters() -> None:
    (event,) = sse.Decoder().feed(b"data: a\xffb\xe2\x82\n\n")
    assert event.data == "a\ufffdb\ufffd"


def test_drops_an_event_that_the_end_cuts_off() -> None:
    assert sse.Decoder().feed(b"data: a\n\ndata: b\n") == [sse.Event("message", "a")]


def test_a_cr_at_the_end_of_a_piece_ends_its_line_at_once() -> None:
    decoder = sse.Decoder()
    assert decoder.feed(b"data: a\r\r") == [sse.Event("message", "a")]
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [sse.Event("message", "b")]


def test_only_line_feeds_and_carriage_returns_end_a_line() -> None:
    (event,) = sse.Decoder().feed("data: a\u2028b\x85c\x0bd\n\n".encode())
    assert event.data == "a\u2028b\x85c\x0bd"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_long_lines_cost_no_more_than_their_length(end: str) -> None:
    decoder = sse.Decoder()
    text = "x" * 300_000
    sent = f"data: {text}{end}{end}".encode()
    events = [event for index in range(0, len(sent), 100) for event in decoder.feed(sent[index : index + 100])]
    assert [event.data for event in events] == [text]


LINES = st.sampled_from(["data: a", "data: {}", "data:", "data: ", "data", "event: e", "id: 7", ": comment", "", "x"])
ENDS = st.sampled_from(["\n"] * 8 + ["\n\n"] * 8 + ["\r", "\r\n"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=30), st.lists(st.integers(0, 300), max_size=6))
def test_the_short_way_gives_the_same_events(lines: list[tuple[str, str]], cuts: list[int]) -> None:
    sent = "".join(line + end for line, end in lines).encode()
    places = [0, *sorted(cuts), len(sent)]
    pieces = [sent[begin:end] for begin, end in itertools.pairwise(places)]
    short, long = sse.Decoder(), sse.Decoder()
    long._plain = lambda text: []  # type: ignore[method-assign]
    assert [short.feed(piece) for piece in pieces] == [long.feed(piece) for piece in pieces]


@given(st.text(), st.integers(0, 10**9))
def test_a_frame_of_text_is_the_frame_of_an_object_with_that_text(text: str, position: int) -> None:
    text = text.encode(errors="replace").decode()
    assert sse.text_frame("text", text, position) == sse.frame("text", {"text": text}, position)
