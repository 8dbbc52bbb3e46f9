"""What an OpenAI-compatible service's stream says: its chunks, read into events.

The format is OpenAI's "chat completion chunk object", plus `reasoning_content` (DeepSeek, llama.cpp, vLLM) and
`reasoning` (OpenRouter, Ollama). The SDK's typed object for each chunk would cost more than all the rest of the way.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jiter

from chat.core import sse
from chat.errors import UpstreamBroke, UpstreamError
from chat.i18n import gettext_noop as _
from chat.providers.refusals import masked

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """The stream said `[DONE]`."""


Spoken = Text | Reasoning | Refusal
Event = Spoken | Finish | Usage | Done


def read_events(events: Iterable[sse.Event]) -> Iterator[Event]:
    """What these events of the stream say. Adjacent texts of a kind are one: what has arrived together goes on so."""
    kind: type[Spoken] = Text
    run: list[str] = []
    chunk: dict[str, Any] | None
    try:
        for event in events:
            if event.data.startswith("[DONE]"):
                said: Iterable[Event] = (Done(),)
            else:
                chunk = _chunk(event.event, event.data)
                if kind is Text and (text := _text_alone(chunk)):
                    run.append(text)
                    continue
                said = _read_chunk(chunk)
            for each in said:
                if run and type(each) is not kind:
                    yield kind("".join(run))
                    run = []
                if isinstance(each, Spoken):
                    kind = type(each)
                    run.append(each.text)
                else:
                    yield each
    except UpstreamError:
        if run:
            yield kind("".join(run))
        raise
    if run:
        text = "".join(run)
        # It waits here for as long as its reader does, and would hold what it has read: 5 kB for one event.
        events, event, chunk, said, run = (), None, None, (), []  # type: ignore[assignment]
        yield kind(text)


def read_chunk(event: str, data: str) -> Iterator[Event]:
    """What one event of the stream says. Raises UpstreamBroke for what is not a chunk, or is an error."""
    return _read_chunk(_chunk(event, data))


def _chunk(event: str, data: str) -> dict[str, Any]:
    try:
        chunk = _decoded(data)
    except (ValueError, RecursionError) as exc:
        logger.warning("The upstream sent what is not JSON: %r", masked(data))
        raise UpstreamBroke from exc
    if not isinstance(chunk, dict):
        raise UpstreamBroke
    if event == "error" or chunk.get("error"):
        logger.warning("The upstream reported an error in its answer: %r", masked(data))
        raise UpstreamBroke(_("The model's service reported an error while it answered. Try again in a moment."))
    return chunk


def _text_alone(chunk: dict[str, Any]) -> str:
    """The text of a chunk that says nothing else, as nearly all; empty for any other. Only a short way, 4 of 7 µs."""
    choices = chunk.get("choices")
    if (
        chunk.get("usage") is not None
        or type(choices) is not list
        or len(choices) != 1
        or type(choices[0]) is not dict
    ):
        return ""
    choice = choices[0]
    delta = choice.get("delta")
    if choice.get("index") != 0 or choice.get("finish_reason") or type(delta) is not dict or len(delta) != 1:
        return ""
    return _string(delta.get("content"))


def _read_chunk(chunk: dict[str, Any]) -> Iterator[Event]:
    yield from _read_choice(chunk.get("choices"))
    if isinstance(usage := chunk.get("usage"), dict):
        yield Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _decoded(data: str) -> object:
    """JSON, read the fast way, and by Python's own reader where the fast one is too strict (lone surrogates)."""
    try:
        decoded: object = jiter.from_json(data.encode())
    except ValueError:
        decoded = json.loads(data)
    return decoded


def _read_choice(choices: object) -> Iterator[Event]:
    """The first of several choices alone: a reply has one text."""
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict) or choice.get("index") not in (0, None):
            continue
        if isinstance(delta := choice.get("delta"), dict):
            if text := _string(delta.get("reasoning_content")) or _string(delta.get("reasoning")):
                yield Reasoning(text)
            if text := _string(delta.get("content")):
                yield Text(text)
            if text := _string(delta.get("refusal")):
                yield Refusal(text)
        if reason := _string(choice.get("finish_reason")):
            yield Finish(reason)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    """A number of tokens, or None for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
