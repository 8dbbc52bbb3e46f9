"""Calls of tools in a stream, as services really send them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core import sse
from chat.providers.chunks import Calling, Calls, Done, Event, Finish, Reader, Text
from chat.providers.tool_calls import MOST_CALLS, Called, ToolCalls, read_arguments

Delta = dict[str, Any]


def stream(*chunks: object) -> list[sse.Event]:
    return [sse.Event("message", each if isinstance(each, str) else json.dumps(each)) for each in chunks]


def delta(finish: str | None = None, **fields: object) -> Delta:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(index: int | None = None, pk: str | None = None, name: str | None = None, arguments: Any = None) -> Delta:
    """One entry of `tool_calls`, with what is given."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    entry = {key: value for key, value in (("index", index), ("id", pk)) if value is not None}
    return entry | {"type": "function", "function": function}


def calling(*entries: Delta, **fields: Any) -> Delta:
    return delta(tool_calls=list(entries), **fields)


def events(*chunks: object) -> list[Event]:
    """All that is said, but for how much of a call has come."""
    return [each for each in Reader().read(stream(*chunks)) if not isinstance(each, Calling)]


def made(*chunks: object) -> list[tuple[str, Any]]:
    """The calls of a stream that ends as it should."""
    said = [each for each in events(*chunks, delta("tool_calls"), "[DONE]") if isinstance(each, Calls)]
    assert len(said) <= 1
    return [(one.name, one.arguments) for each in said for one in each.calls]


PARIS, ROME = {"city": "Paris"}, {"city": "Rome"}
P, R = json.dumps(PARIS), json.dumps(ROME)
BOTH = [("weather", PARIS), ("weather", ROME)]

STREAMS: dict[str, tuple[list[Delta], list[tuple[str, Any]]]] = {
    "in fragments by index (OpenAI)": (
        [
            calling(call(0, "call_a", "weather", "")),
            *[calling(call(0, arguments=piece)) for piece in P],
            calling(call(1, "call_b", "weather", "")),
            *[calling(call(1, arguments=piece)) for piece in R],
        ],
        BOTH,
    ),
    "in fragments that alternate": (
        [
            calling(call(0, "a", "weather"), call(1, "b", "weather")),
            *[calling(call(0, arguments=one), call(1, arguments=two)) for one, two in zip(P, R + " ", strict=True)],
        ],
        BOTH,
    ),
    "whole, without an index (Ollama as it was)": ([calling(call(None, "a", "weather", P))], BOTH[:1]),
    "whole, several in one chunk, without index or id": (
        [calling(call(None, None, "weather", P), call(None, None, "weather", R))],
        BOTH,
    ),
    "whole, a chunk each, without index or id": (
        [calling(call(None, None, "weather", P)), calling(call(None, None, "weather", R))],
        BOTH,
    ),
    "whole, one index for all, with ids (Gemini)": (
        [calling(call(0, "a", "weather", P)), calling(call(0, "b", "weather", R))],
        BOTH,
    ),
    "whole, one index for all, empty ids": (
        [calling(call(0, "", "weather", P)), calling(call(0, "", "weather", R))],
        BOTH,
    ),
    "one index for all, in fragments (LMDeploy)": (
        [
            calling(call(0, "a", "weather", "")),
            calling(call(0, "", arguments=P)),
            calling(call(0, "b", "weather", "")),
            calling(call(0, "", arguments=R)),
        ],
        BOTH,
    ),
    "one id for all": ([calling(call(0, "x", "weather", P)), calling(call(1, "x", "weather", R))], BOTH),
    "one id for all, without an index": (
        [calling(call(None, "x", "weather", P)), calling(call(None, "x", "weather", R))],
        BOTH,
    ),
    "id and name with each fragment (SGLang)": (
        [calling(call(0, "0", "weather", piece)) for piece in P] + [calling(call(1, "1", "weather", x)) for x in R],
        BOTH,
    ),
    "another id with each fragment (vLLM)": (
        [calling(call(0, "a", "weather", P[:5])), calling(call(0, "b", None, P[5:]))],
        BOTH[:1],
    ),
    "fragments by id, without an index": (
        [
            calling(call(None, "a", "weather", "")),
            calling(call(None, "b", "weather", "")),
            calling(call(None, "b", None, R)),
            calling(call(None, "a", None, P)),
        ],
        BOTH,
    ),
    "fragments without index or id": (
        [calling(call(None, None, "weather", P[:4])), calling(call(None, None, None, P[4:]))],
        BOTH[:1],
    ),
    "the arguments before the name": (
        [calling(call(0, "a", None, P[:4])), calling(call(0, None, "weather", P[4:]))],
        BOTH[:1],
    ),
    "the name in pieces": (
        [calling(call(0, "a", "wea")), calling(call(0, None, "ther")), calling(call(0, None, None, P))],
        BOTH[:1],
    ),
    "no arguments": ([calling(call(0, "a", "now"))], [("now", {})]),
    "empty arguments": ([calling(call(0, "a", "now", ""))], [("now", {})]),
    "several without arguments": (
        [calling(call(None, None, "now"), call(None, None, "today")), calling(call(None, None, "here"))],
        [("now", {}), ("today", {}), ("here", {})],
    ),
    "arguments that are null": (
        [calling({"index": 0, "function": {"name": "now", "arguments": None}})],
        [("now", {})],
    ),
    "arguments as an object": ([calling(call(0, "a", "weather", PARIS))], BOTH[:1]),
    "arguments as JSON in JSON": ([calling(call(0, "a", "weather", json.dumps(P)))], BOTH[:1]),
    "arguments that are no JSON": ([calling(call(0, "a", "weather", "Paris"))], [("weather", "Paris")]),
    "arguments that are no object": ([calling(call(0, "a", "weather", "[1]"))], [("weather", "[1]")]),
    "a call without a name": ([calling(call(0, "a", None, P))], [("", PARIS)]),
    "nothing at all": ([calling(call(0, "a"))], []),
    "an empty list": ([delta(tool_calls=[]), delta(tool_calls=None)], []),
    "what is no call": ([delta(tool_calls=[None, 5, "x", []]), delta(tool_calls="weather")], []),
    "one that is no list": ([delta(tool_calls=call(0, "a", "weather", P))], BOTH[:1]),
    "without `function`": ([calling({"index": 0, "name": "weather", "arguments": P})], BOTH[:1]),
    "an index that is none": ([calling({"index": "0", "function": {"name": "weather", "arguments": P}})], BOTH[:1]),
    "indices with a gap, and from 1": (
        [calling(call(3, "a", "weather", P)), calling(call(9, "b", "weather", R))],
        BOTH,
    ),
    "the old function_call": (
        [delta(function_call={"name": "weather", "arguments": ""}), delta(function_call={"arguments": P})],
        BOTH[:1],
    ),
    "both ways at once": (
        [delta(tool_calls=[call(0, "a", "weather", P)], function_call={"name": "weather", "arguments": P})],
        BOTH[:1],
    ),
    "a whole message": (
        [{"choices": [{"message": {"content": "", "tool_calls": [call(None, "a", "weather", P)]}}]}],
        BOTH[:1],
    ),
    "whole messages that grow": (
        [
            {"choices": [{"message": {"content": "", "tool_calls": [call(None, "a", "weather", P)]}}]},
            {"choices": [{"message": {"tool_calls": [call(None, "a", "weather", P), call(None, "b", "weather", R)]}}]},
        ],
        BOTH,
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_puts_calls_together(name: str) -> None:
    chunks, calls = STREAMS[name]
    assert made(*chunks) == calls


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("ending", [["[DONE]"], [delta("stop")], [delta("function_call"), "[DONE]"]])
def test_whatever_the_end_is_called(name: str, ending: list[object]) -> None:
    chunks, calls = STREAMS[name]
    said = [each for each in events(*chunks, *ending) if isinstance(each, Calls)]
    assert [(one.name, one.arguments) for each in said for one in each.calls] == calls


@pytest.mark.parametrize("name", STREAMS)
def test_what_a_break_leaves_half_there_is_dropped(name: str) -> None:
    chunks, _calls = STREAMS[name]
    for ending in ([], [delta("length"), "[DONE]"], [delta("content_filter"), delta("stop"), "[DONE]"]):
        assert not [each for each in events(*chunks, *ending) if isinstance(each, Calls)]


def test_calls_stand_beside_text() -> None:
    said = events(delta(content="Let me "), calling(call(0, "a", "weather", P), content="see."), delta("tool_calls"))
    assert said == [Text("Let me see."), Calls((Called("weather", PARIS),)), Finish("tool_calls")]


def test_text_may_come_after_calls() -> None:
    said = events(calling(call(0, "a", "weather", P)), delta(content="So."), delta("stop"), "[DONE]")
    assert said == [Text("So."), Calls((Called("weather", PARIS),)), Finish("stop"), Done()]


def test_a_call_after_the_finish_reason_counts_all_the_same() -> None:
    said = events(delta("tool_calls"), calling(call(0, "a", "weather", P)), "[DONE]")
    assert said == [Finish("tool_calls"), Calls((Called("weather", PARIS),)), Done()]


def test_says_how_much_of_a_call_has_come() -> None:
    said = list(Reader().read(stream(calling(call(0, "a", "weather", "")), calling(call(0, arguments=P)))))
    assert said == [Calling(len("weather")), Calling(len(P))]


def test_reads_so_many_calls_and_no_more() -> None:
    calls = ToolCalls()
    calls.add({"tool_calls": [call(index, f"c{index}", "now", "{}") for index in range(MOST_CALLS + 5)]})
    assert len(calls.made()) == MOST_CALLS


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", {}),
        (" \n", {}),
        ("null", {}),
        ('""', {}),
        ("{}", {}),
        ('{"a": 1e3}', {"a": 1000.0}),
        ('{"a": NaN}', '{"a": NaN}'),
        ('{"a": -Infinity}', '{"a": -Infinity}'),
        ('{"a": 1e999}', '{"a": 1e999}'),
        ('{"a": 1' + "0" * 5000 + "}", '{"a": 1' + "0" * 5000 + "}"),
        ('{"a": 1', '{"a": 1'),
        ('{"a": 1}{"b": 2}', '{"a": 1}{"b": 2}'),
        ("5", "5"),
        ('"Paris"', '"Paris"'),
        (nested(40), json.loads(nested(40))),
        (nested(60), nested(60)),
        (nested(100_000), nested(100_000)),
    ],
)
def test_reads_arguments(text: str, arguments: object) -> None:
    assert read_arguments(text) == arguments


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text(), max_size=3), min_size=1, max_size=4), st.data())
def test_however_arguments_are_cut(wanted: list[dict[str, Any]], data: st.DataObject) -> None:
    chunks = []
    for index, arguments in enumerate(wanted):
        text = json.dumps(arguments)
        chunks.append(calling(call(index, f"c{index}", f"tool{index}", "")))
        cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5))), len(text)]
        chunks += [calling(call(index, arguments=text[a:b])) for a, b in pairwise(cuts)]
    assert made(*chunks) == [(f"tool{index}", arguments) for index, arguments in enumerate(wanted)]
