"""How a reply ends when the upstream breaks off, says nothing, takes too long or says too much."""

import re
import time

import pytest

from tests.support.client import Client
from tests.support.endings import ending
from tests.support.upstream import (
    Gate,
    Head,
    Raw,
    ScriptedUpstream,
    Step,
    answer,
    chunk,
    close,
    cut,
    delta,
    done,
    finish,
    reset,
    say,
    sse,
    status,
    think,
    usage,
)

# It breaks off

TRUNCATED: dict[str, list[Step]] = {
    "end": [say("Hello"), close()],
    "end, chunked": [Head(chunked=True), say("Hello"), close()],
    "cut, chunked": [Head(chunked=True), say("Hello"), cut()],
    "end in a frame": [say("Hello"), Raw(b'data: {"choices": [{"ind'), close()],
    "end in a character": [
        say("Hello"),
        Raw(b'data: {"choices": [{"index": 0, "delta": {"content": "\xf0\x9f'),
        close(),
    ],
    "usage but no reason": [say("Hello"), usage(1, 2), close()],
}


@pytest.mark.parametrize("case", TRUNCATED)
def test_an_answer_without_its_end_is_truncated(
    alice: Client, upstream: ScriptedUpstream, question: str, case: str
) -> None:
    upstream.script(question, TRUNCATED[case])
    page = alice.ask_whole(question)
    assert page.text == "Hello"
    assert ending(page)[:2] == ("truncated", "")
    assert len(upstream.asked(question)) == 1


def test_an_answer_that_is_reset_is_truncated(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Hello"), Raw(b'data: {"cho'), gate, reset())
    with alice.ask(question) as stream:
        stream.until_text("Hello")  # a reset takes with it what has not been read
        gate.open()
        page = stream.rest()
    assert page.text == "Hello"
    assert ending(page)[:2] == ("truncated", "")


NOTHING: dict[str, list[Step]] = {
    "end at once": [Head(), close()],
    "[DONE] alone": [done()],
    "comments alone": [Raw(b": hello\n\n"), close()],
    "a reason alone": [finish("stop"), done()],
    "tool calls alone": [
        delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "{}"}}]),
        finish("tool_calls"),
        done(),
    ],
    "a function call alone": [finish("function_call"), done()],
    "reasoning alone": [think("Hm"), finish("stop"), done()],
    "half a frame": [Raw(b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n'), close()],
    "a page": [Head(200, {"Content-Type": "text/html"}), Raw(b"<h1>Welcome</h1>")],
    "a page as a stream": [Raw(b"<!doctype html>\n<h1>Welcome</h1>\n")],
    "plain JSON": status(200, '{"choices": [{"message": {"content": "Hi"}}]}'),
    "an error as 200": status(200, '{"error": {"message": "Nope"}}'),
    "nothing": status(200, b""),
    "no content": status(204, b""),
    "not HTTP": [Raw(b"")],
}


@pytest.mark.parametrize("case", [case for case in NOTHING if case != "not HTTP"])
def test_an_answer_without_a_word_has_failed(
    alice: Client, upstream: ScriptedUpstream, question: str, case: str
) -> None:
    upstream.script(question, NOTHING[case])
    page = alice.ask_whole(question)
    assert page.text == ""
    assert ending(page)[0] == "failed"
    assert len(upstream.asked(question)) == 1


BROKEN: dict[str, Raw] = {
    "malformed JSON": Raw(b"data: {nonsense\n\n"),
    "an error": sse({"error": {"message": "secret words", "type": "server_error"}}),
    "a named error": sse({"message": "secret words"}, event="error"),
    "a list": sse([1, 2]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_answer_that_breaks_has_failed_and_keeps_its_text(
    alice: Client, upstream: ScriptedUpstream, question: str, case: str
) -> None:
    upstream.script(question, say("Hello"), BROKEN[case], say(", never"), finish(), done())
    with alice.ask(question) as stream:
        page = stream.rest()
    assert page.text == "Hello"
    assert ending(page)[0] == "failed"
    assert b"secret words" not in stream.raw


def test_invalid_utf_8_becomes_replacement_characters(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, Raw(b'data: {"choices": [{"delta": {"content": "a\xffb"}}]}\n\n'), finish(), done())
    assert alice.ask_whole(question).text == "a\ufffdb"


# Deadlines


COMMENTS = Raw(b": OPENROUTER PROCESSING\n\n")


@pytest.mark.alone
@pytest.mark.parametrize("steps", [[], [Head()], [Head(), COMMENTS], [chunk(), delta(role="assistant")]])
def test_no_first_piece_in_time_fails(
    hurried: Client, upstream: ScriptedUpstream, question: str, steps: list[Step]
) -> None:
    gate = Gate()
    upstream.script(question, steps, gate, answer("Too late"))
    began = time.monotonic()
    page = hurried.ask_whole(question)
    assert time.monotonic() - began < 2.8
    assert page.text == ""
    assert ending(page) == ("failed", "", "timeout")
    upstream.wait_asked(question).wait_closed(2)


@pytest.mark.alone
def test_silence_in_the_middle_fails_and_keeps_the_text(
    hurried: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hello"), Gate(), answer(", too late"))
    page = hurried.ask_whole(question)
    assert page.text == "Hello"
    assert ending(page) == ("failed", "", "timeout")
    upstream.wait_asked(question).wait_closed(2)


@pytest.mark.alone
def test_comments_extend_no_deadline(hurried: Client, upstream: ScriptedUpstream, question: str) -> None:
    gates = [Gate() for _ in range(100)]
    upstream.script(question, say("Hello"), [step for gate in gates for step in (COMMENTS, gate)], answer())
    began = time.monotonic()
    with hurried.ask(question) as stream:
        stream.until_text("Hello")
        asked = upstream.wait_asked(question)
        for gate in gates:
            if asked.closed.wait(0.03):  # the pace of the comments, until the site has had enough
                break
            gate.open()
        page = stream.rest()
    assert time.monotonic() - began < 2.8
    assert ending(page) == ("failed", "", "timeout")


@pytest.mark.alone
def test_an_answer_that_never_ends_fails_in_the_end(
    hurried: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gates = [Gate() for _ in range(100)]
    upstream.script(question, [step for gate in gates for step in (say("x"), gate)], answer())
    began = time.monotonic()
    with hurried.ask(question) as stream:
        asked = upstream.wait_asked(question)
        for gate in gates:
            if asked.closed.wait(0.1):  # a piece every 0.1 s
                break
            gate.open()
        page = stream.rest()
    assert 2.9 < time.monotonic() - began < 6
    assert re.fullmatch("x{5,35}", page.text)
    assert ending(page) == ("failed", "", "timeout")


@pytest.mark.alone
def test_retries_count_towards_the_first_deadline(hurried: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, status(503, Retry_After="5"))
    began = time.monotonic()
    assert ending(hurried.ask_whole(question)) == ("failed", "", "timeout")
    assert time.monotonic() - began < 2.8


def test_an_upstream_that_stays_open_after_done_holds_nothing_up(
    hurried: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Hello"), Gate())
    page = hurried.ask_whole(question)
    assert ending(page) == ("complete", "stop", "")
    upstream.wait_asked(question).wait_closed()


# Too much


def test_the_output_limit_closes_the_upstream_and_says_length(
    hurried: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("😀" * 600), say("é" * 600), Gate(), answer(" never"))
    page = hurried.ask_whole(question)
    assert page.text == "😀" * 600 + "é" * 400
    assert ending(page)[:2] == ("length", "length")
    upstream.wait_asked(question).wait_closed()


def test_an_answer_of_exactly_the_output_limit_is_complete(
    hurried: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("x" * 1000))
    page = hurried.ask_whole(question)
    assert len(page.text) == 1000
    assert ending(page) == ("complete", "stop", "")


def test_reasoning_counts_towards_the_output_limit(hurried: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, think("x" * 5000), answer("never"))
    page = hurried.ask_whole(question)
    assert page.position == 1000
    assert ending(page)[0] == "length"


def test_a_piece_of_a_megabyte_passes(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    text = "word 😀 " * 20_000  # 140,000 characters
    upstream.script(question, answer(text, text))
    page = alice.ask_whole(question)
    assert page.text == (text + text)[:200_000]
    assert ending(page)[0] == "length"


def test_an_answer_that_changes_between_reasoning_and_text_all_the_time_passes(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, [step for _ in range(1000) for step in (think("a"), say("b"))], finish(), done())
    page = alice.ask_whole(question)
    assert page.parts == [["reasoning", "a"], ["text", "b"]] * 1000
    assert ending(page) == ("complete", "stop", "")
