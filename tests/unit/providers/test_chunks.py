"""Reading the upstream's chunks."""

import json
from typing import Any

import pytest

from chat.core.tokens import Tokens, estimated
from chat.errors import UpstreamBroke
from chat.providers.chunks import Calling, Event, Finish, Reader, Reasoning, Refusal, Text, Usage, _chunk


def read(chunk: object, event: str = "message") -> list[Event]:
    return Reader().read_chunk(_chunk(event, chunk if isinstance(chunk, str) else json.dumps(chunk)))


def chunk(delta: object = None, **choice: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **choice}]}


def details(cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens_details": {"cached_tokens": cached} if cached else None,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (chunk({"content": "Hi"}), [Text("Hi")]),
        (chunk({"role": "assistant", "content": ""}), []),
        (chunk({"content": None, "refusal": None}), []),
        (chunk({"reasoning_content": "hm"}), [Reasoning("hm")]),
        (chunk({"reasoning": "hm"}), [Reasoning("hm")]),
        (chunk({"reasoning": "hm", "reasoning_content": "hm"}), [Reasoning("hm")]),
        (chunk({"refusal": "No."}), [Refusal("No.")]),
        (chunk({"reasoning": "hm", "content": "Hi"}), [Reasoning("hm"), Text("Hi")]),
        (chunk({}, finish_reason="stop"), [Finish("stop")]),
        (chunk({"content": "!"}, finish_reason="length"), [Text("!"), Finish("length")]),
        (chunk({"content": "Hi"}, finish_reason=None), [Text("Hi")]),
        ({"choices": []}, []),
        ({"choices": None}, []),
        ({}, []),
        ({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}, [Usage(1, 2)]),
        ({"choices": [], "usage": None}, []),
        ({"choices": [], "usage": {}}, [Usage(None, None)]),
        ({"choices": [], "usage": {"prompt_tokens": -1, "completion_tokens": 2**31}}, [Usage(None, None)]),
        ({"choices": [], "usage": {"prompt_tokens": "1", "completion_tokens": True}}, [Usage(None, None)]),
        ({"choices": [], "usage": {"prompt_tokens": 10**8 + 1, "completion_tokens": 10**8}}, [Usage(None, 10**8)]),
        (
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 8} | details(cached=4, reasoning=5)},
            [Usage(9, 8, 4, 5)],
        ),
        (
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 8} | details(cached=99, reasoning=-5)},
            [Usage(9, 8, 9, None)],
        ),
        (
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 8, "prompt_cache_hit_tokens": 3}},
            [Usage(9, 8, 3)],
        ),
        (
            {"choices": [{"usage": {"prompt_tokens": 9, "completion_tokens": 8, "cached_tokens": 3}}]},
            [Usage(9, 8, 3)],
        ),
        (  # what is thought is not among what is written
            {
                "choices": [],
                "usage": {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 22} | details(reasoning=5),
            },
            [Usage(9, 13, None, 5)],
        ),
        (chunk({"content": ["Hi"]}), []),
        (chunk({"content": {"a": 1}, "reasoning": 5, "refusal": False}), []),
        (chunk("Hi"), []),
        (chunk(None), []),
        (chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]}), [Calling(3)]),
        ({"choices": ["Hi", None, 5]}, []),
        ({"choices": {"index": 0}}, []),
        ({"choices": [{"delta": {"content": "Hi"}}]}, [Text("Hi")]),
        ({"choices": [{"index": 1, "delta": {"content": "B"}}, {"index": 0, "delta": {"content": "A"}}]}, [Text("A")]),
        (chunk({"content": "\ud83d"}), [Text("\ud83d")]),
    ],
)
def test_reads_what_a_chunk_says(data: object, events: list[Event]) -> None:
    assert read(data) == events


@pytest.mark.parametrize("data", ["", "nonsense", "{", "[]", "null", "5", '"text"', "[" * 100_000, "1" * 5000])
def test_refuses_what_is_not_a_chunk(data: str) -> None:
    with pytest.raises(UpstreamBroke):
        read(data)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("error", {"message": "overloaded"}),
        ("message", {"error": {"message": "overloaded", "code": 529}}),
        ("message", {"error": "overloaded"}),
        ("message", {"error": {"message": "x"}, "choices": [{"index": 0, "delta": {"content": "Hi"}}]}),
    ],
)
def test_an_error_in_the_stream_is_an_error_whose_words_are_not_shown(event: str, data: object) -> None:
    with pytest.raises(UpstreamBroke) as caught:
        read(data, event)
    assert "overloaded" not in caught.value.message


def test_usage_that_is_said_again_counts_once() -> None:
    """The last counts; what it does not say stays."""
    assert Usage(9, 1, 3).updated(Usage(9, 8)).updated(Usage(None, None, None, 2)) == Usage(9, 8, 3, 2)
    assert Usage(9, 8, 7, 6).updated(Usage(5, 4)) == Usage(5, 4, 5, 4)  # a part is no more than its whole


def test_what_took_no_token_and_was_not_empty_is_an_estimate() -> None:
    """Some services find all of a prompt in their cache, and say 0."""
    assert Usage(0, 0).tokens(30, 60) == estimated(30, 60)
    assert Usage(0, 9).tokens(30, 60) == Tokens(10, 0, 9, is_estimated=True)
    assert Usage(0, 0).tokens(0, 0) == Tokens()
    assert Usage(7, 0).tokens(30, 0) == Tokens(7)
