"""What is asked of the upstream, and how what it sends comes out, however it is cut."""

from typing import Any

import pytest

from chat.models import ThrottleEntry
from tests.support.client import Client
from tests.support.conformance import upstream_replays
from tests.support.endings import ending
from tests.support.services import service_streams
from tests.support.site import API_KEY
from tests.support.sse import Page
from tests.support.upstream import (
    Gate,
    Head,
    OneByOne,
    Raw,
    ScriptedUpstream,
    Step,
    chunk,
    delta,
    done,
    finish,
    one_by_one,
    refuse,
    reset,
    say,
    sse,
    think,
    usage,
)

# What is asked


def test_asks_for_a_stream_with_usage(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    alice.ask_whole(question)
    (asked,) = upstream.asked(question)
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {API_KEY}"
    assert asked.json == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


# How it is cut and framed

ALL_WIDTHS = "aé€😀ñ\u0301"


def test_one_byte_segments_lose_nothing(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    steps = one_by_one(think(ALL_WIDTHS), say(ALL_WIDTHS), finish("stop"), usage(1, 2), done())
    upstream.script(question, steps)
    page = alice.ask_whole(question)
    assert (page.reasoning, page.text) == (ALL_WIDTHS, ALL_WIDTHS)
    assert ending(page) == ("complete", "stop", "")


def test_characters_and_frames_cut_at_every_byte_lose_nothing(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    sent = b"".join(step.data for step in (say(ALL_WIDTHS), finish("stop"), done()))
    begin, end = sent.index(ALL_WIDTHS.encode()) - 1, sent.index(ALL_WIDTHS.encode()) + len(ALL_WIDTHS.encode()) + 1
    places = [1, 5, 6, *range(begin, end + 1), len(sent) - 2, len(sent) - 1]
    for place in places:
        gate = Gate()
        upstream.script(question, Head(chunked=place % 2 == 0), Raw(sent[:place]), gate, Raw(sent[place:]))
        # Users' limits are not the matter here, so the first post alone counts as a message of Alice's.
        with alice.ask(question) as stream:
            gate.wait_reached()
            gate.open()
            assert stream.rest().text == ALL_WIDTHS, f"cut after {place} bytes"
        ThrottleEntry.objects.filter(owner=alice.user).delete()


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"], ids=["crlf", "cr", "lf"])
@pytest.mark.parametrize("chunked", [False, True], ids=["to the end", "chunked"])
def test_any_line_ends_are_read(
    alice: Client, upstream: ScriptedUpstream, question: str, end: bytes, chunked: bool
) -> None:
    sent = b"\xef\xbb\xbf: comment\n\n" + b"".join(step.data for step in (say("He"), say("llo"), finish(), done()))
    sent = sent.replace(b"data: ", b"data:")
    upstream.script(question, Head(chunked=chunked), OneByOne(sent.replace(b"\n", end)))
    page = alice.ask_whole(question)
    assert page.text == "Hello"
    assert ending(page) == ("complete", "stop", "")


def test_data_on_several_lines_and_unknown_events_are_read(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    lines = b'event: message\nid: 7\ndata: {"choices": [{"index": 0,\ndata: "delta": {"content": "Hello"}}]}\n\n'
    upstream.script(question, Raw(lines), sse({"type": "ping"}, event="ping"), finish(), done())
    assert alice.ask_whole(question).text == "Hello"


# What the chunks say

HELD: dict[str, tuple[list[Step], list[list[str]], tuple[str, str]]] = {
    "empty choices": ([chunk(), say("Hi"), chunk(), finish(), done()], [["text", "Hi"]], ("complete", "stop")),
    "empty deltas": (
        [delta(role="assistant", content=""), delta(content=None), say("Hi"), delta(), finish(), done()],
        [["text", "Hi"]],
        ("complete", "stop"),
    ),
    "reasoning_content": (
        [think("Hm", "reasoning_content"), say("Hi"), finish(), done()],
        [["reasoning", "Hm"], ["text", "Hi"]],
        ("complete", "stop"),
    ),
    "reasoning": (
        [think("Hm", "reasoning"), say("Hi"), finish(), done()],
        [["reasoning", "Hm"], ["text", "Hi"]],
        ("complete", "stop"),
    ),
    "reasoning in the middle": (
        [say("A"), think("Hm"), say("B"), finish(), done()],
        [["text", "A"], ["reasoning", "Hm"], ["text", "B"]],
        ("complete", "stop"),
    ),
    "a refusal": ([refuse("I "), refuse("won't."), finish(), done()], [["text", "I won't."]], ("refused", "stop")),
    "a refusal after text": (
        [say("Well. "), refuse("No."), finish(), done()],
        [["text", "Well. No."]],
        ("refused", "stop"),
    ),
    "several choices": (
        [
            chunk({"index": 1, "delta": {"content": "B"}}, {"index": 0, "delta": {"content": "A"}}),
            chunk({"index": 1, "delta": {}, "finish_reason": "length"}),
            finish(),
            done(),
        ],
        [["text", "A"]],
        ("complete", "stop"),
    ),
    "the length limit": ([say("Hi"), finish("length"), done()], [["text", "Hi"]], ("length", "length")),
    "the content filter": (
        [say("Hi"), finish("content_filter"), done()],
        [["text", "Hi"]],
        ("filtered", "content_filter"),
    ),
    "the content filter alone": ([finish("content_filter"), done()], [], ("filtered", "content_filter")),
    "tool calls with text": ([say("Hi"), finish("tool_calls"), done()], [["text", "Hi"]], ("complete", "tool_calls")),
    "an unknown reason": ([say("Hi"), finish("banana"), done()], [["text", "Hi"]], ("complete", "banana")),
    "no [DONE]": ([say("Hi"), finish()], [["text", "Hi"]], ("complete", "stop")),
    "no [DONE], then a reset": ([say("Hi"), finish(), reset()], [["text", "Hi"]], ("complete", "stop")),
    "[DONE] without a reason": ([say("Hi"), done()], [["text", "Hi"]], ("complete", "")),
    "something after [DONE]": (
        [say("Hi"), finish(), done(), say(" never"), Raw(b"nonsense\n\n")],
        [["text", "Hi"]],
        ("complete", "stop"),
    ),
}


@pytest.mark.parametrize("case", HELD)
def test_text_and_ending_come_out_as_sent(alice: Client, upstream: ScriptedUpstream, question: str, case: str) -> None:
    steps, parts, (ended_as, reason) = HELD[case]
    upstream.script(question, steps)
    page = alice.ask_whole(question)
    assert page.parts == parts
    assert ending(page)[:2] == (ended_as, reason)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ((12, 211), {"prompt_tokens": 12, "completion_tokens": 211}),
        ((0, 0), {"prompt_tokens": 0, "completion_tokens": 0}),
        ((10**30, -1), None),
        (("many", None), None),
        (None, None),
    ],
)
def test_usage_is_told_if_it_is_one(
    alice: Client, upstream: ScriptedUpstream, question: str, sent: tuple[object, object] | None, told: object
) -> None:
    upstream.script(question, say("Hi"), finish(), usage(*sent) if sent else [], done())
    page = alice.ask_whole(question)
    assert page.end
    assert page.end["usage"] == told


def test_usage_in_every_chunk_is_told_once(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    counted = [
        chunk({"index": 0, "delta": {"content": "x"}}, usage={"prompt_tokens": 5, "completion_tokens": number})
        for number in (1, 2)
    ]
    upstream.script(question, counted, finish(), done())
    assert (alice.ask_whole(question).end or {})["usage"] == {"prompt_tokens": 5, "completion_tokens": 2}


# Compatible services: tests/unit/providers/test_services.py reads all of these, cut everywhere.

BY_HTTP = (
    "mistral-thinking",
    "lmstudio-think",
    "think-cut-by-length",
    "whole-message",
    "azure-filter-before-stop",
    "openrouter-network-error",
    "vllm-abort",
    "lmstudio-context",
)


@pytest.mark.parametrize(("sent", "expected"), [case for case in service_streams() if case.id in BY_HTTP])
def test_a_services_stream_comes_out_as_it_was_meant(
    alice: Client, upstream: ScriptedUpstream, question: str, sent: bytes, expected: dict[str, Any]
) -> None:
    upstream.script(question, OneByOne(sent))
    page = alice.ask_whole(question)
    assert page.parts == expected["parts"]
    assert ending(page) == (expected["status"], expected["finish_reason"], expected["code"])
    assert page.end
    assert page.end["usage"] == expected["usage"]


def test_what_could_become_a_tag_is_kept_when_it_is_stopped(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("<think>Hm. </thi"), Gate())
    with alice.ask(question) as stream:
        stream.until("reasoning")
        alice.cancel(stream.ids["generation"])
        page = stream.rest()
    assert page.reasoning == "Hm. </thi"
    assert ending(page)[0] == "stopped"


# Recorded streams


@pytest.mark.parametrize(("sent", "held"), upstream_replays())
def test_a_recorded_stream_comes_out_exactly(
    alice: Client, upstream: ScriptedUpstream, question: str, sent: bytes, held: dict[str, Any]
) -> None:
    upstream.script(question, Raw(sent))
    assert_holds(alice.ask_whole(question), held)


@pytest.mark.parametrize(("sent", "held"), [case for case in upstream_replays() if len(case.values[0]) < 5000])
def test_a_recorded_stream_comes_out_exactly_in_one_byte_segments(
    alice: Client, upstream: ScriptedUpstream, question: str, sent: bytes, held: dict[str, Any]
) -> None:
    upstream.script(question, OneByOne(sent))
    assert_holds(alice.ask_whole(question), held)


def assert_holds(page: Page, held: dict[str, Any]) -> None:
    text = held["text"].get("0", "") + held["refusal"]
    assert (page.text, page.reasoning) == (text, held["reasoning"])
    reason = dict(held["finish"])[0]
    reached = {"stop": "complete", "length": "length", "tool_calls": "complete"}[reason]
    expected = "refused" if held["refusal"] else reached if text else "failed"
    assert ending(page)[:2] == (expected, reason)
    assert page.end
    told = page.end["usage"]
    assert told == {name: held["usage"][name] for name in ("prompt_tokens", "completion_tokens")}
