"""What an OpenAI-compatible service's stream says: its chunks, read into events.

The format is OpenAI's "chat completion chunk object", and what others write in its place: reasoning under the names
of REASONING_NAMES, `content` as a list of parts (Mistral), a whole `message` where there is no `delta`, errors and
endings under other names. Calls of tools are put together by chat/providers/tool_calls.py. The SDK's typed object for
each chunk would cost more than all the rest of the way.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

import jiter

from chat.core import sse
from chat.core.endings import bad_end, graver
from chat.core.tokens import Tokens, estimated
from chat.errors import UpstreamBroke, UpstreamError
from chat.failures import log_repeated
from chat.failures.subject import about
from chat.providers.configuration import UPSTREAM
from chat.providers.log import masked
from chat.providers.refusals import reported
from chat.providers.tool_calls import Called, ToolCalls

logger = logging.getLogger(__name__)

REASONING_NAMES = (
    "reasoning_content",  # DeepSeek, llama.cpp, LM Studio, vLLM, Qwen, Kimi, xAI
    "reasoning",  # OpenRouter, Ollama, Groq, vLLM
    "thinking",
    "reasoning_text",
    "thinking_blocks",  # LiteLLM
    "reasoning_details",  # OpenRouter, MiniMax
)
"""Where a delta has reasoning. Some services say the same under two of them: the first that has words counts."""
REASONING_TYPES = {"thinking", "reasoning", "reasoning_text", "summary_text", "reasoning.text", "reasoning.summary"}
TEXT_TYPES = {"text", "output_text", None}
MOST_TOKENS = 100_000_000
"""Of one response. No model reads or writes a tenth of it: who says more is not believed."""
OTHERS_ENDS = ("native_finish_reason", "finishReason", "error")
"""What else a choice may say of its end."""


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
class Calling:
    """A call of a tool is being written."""

    characters: int
    """Of it that are new."""


@dataclass(frozen=True, slots=True)
class Calls:
    """All calls of the response, whole, when it ends well. Said again if more come after all."""

    calls: tuple[Called, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a response has used, as far as its service says it."""

    prompt_tokens: int | None
    completion_tokens: int | None
    cached: int | None = None
    """Of the prompt's."""
    reasoning: int | None = None
    """Of what was written. Some services do not count it in `completion_tokens`: here it is."""

    def tokens(self, prompt: int, written: int) -> Tokens:
        """Of a prompt and an answer of so many characters, which counts as far as this does not say it.

        That something took no token says nothing, as of a prompt that some services find in their cache.
        """
        about = estimated(prompt, written)
        read, wrote = self.prompt_tokens or about.input, self.completion_tokens or about.output
        is_known = read == self.prompt_tokens and wrote == self.completion_tokens
        return Tokens(read, self.cached or 0, wrote, self.reasoning or 0, is_estimated=not is_known)

    def updated(self, later: "Usage") -> "Usage":
        """As it is said again, which some services do with each chunk: the last counts, and nothing twice."""
        said = (old if new is None else new for old, new in zip(astuple(self), astuple(later), strict=True))
        prompt, completion, cached, reasoning = said
        return Usage(prompt, completion, _at_most(cached, prompt), _at_most(reasoning, completion))


@dataclass(frozen=True, slots=True)
class Done:
    """The stream said `[DONE]`."""


Spoken = Text | Reasoning | Refusal
Event = Spoken | Calling | Calls | Finish | Usage | Done


class Reader:
    """Reads one stream. It remembers nothing of it but whether a whole message is news, and calls of tools."""

    def __init__(self, service: str = UPSTREAM) -> None:
        """`service`: what the log calls it."""
        self._service = service
        self._has_spoken = False
        """By a delta."""
        self._told: dict[type[Spoken], str] = {}
        """By whole messages."""
        self._calls = ToolCalls()
        self._made: tuple[Called, ...] = ()
        """Those that were said."""
        self._reason = ""
        """Why it ended."""

    def read(self, events: Iterable[sse.Event]) -> Iterator[Event]:
        """What these events of the stream say. Adjacent texts of a kind are one: what has arrived together goes on so.

        Raises UpstreamError for what is not a chunk, or is an error.
        """
        kind: type[Spoken] = Text
        run: list[str] = []
        chunk: dict[str, Any] | None
        try:
            for event in events:
                if event.data.startswith("[DONE]"):
                    said: Iterable[Event] = (*self._all_calls(), Done())
                else:
                    chunk = _chunk(event.event, event.data, self._service)
                    if kind is Text and (text := _text_alone(chunk)):
                        self._has_spoken = True
                        run.append(text)
                        continue
                    said = self.read_chunk(chunk)
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

    def read_chunk(self, chunk: dict[str, Any]) -> list[Event]:
        """What one chunk says: of several choices the first alone, for a reply has one text."""
        said: list[Event] = []
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                said += self._read_choice(choice)
        if isinstance(usage := chunk.get("usage"), dict):
            said.append(_usage(usage))
        return said

    def _read_choice(self, choice: dict[str, Any]) -> list[Event]:
        delta = choice.get("delta")
        said: list[Event] = [*_read_words(delta)]
        if calling := self._read_calls(delta):
            said.append(calling)
        if said:
            self._has_spoken = True
        elif not self._has_spoken and (message := choice.get("message")):
            said += self._news_of(message)
        if choice.get("error"):
            words = masked(str(choice["error"]))
            line = "%s reported an error in its answer: %r%s"
            log_repeated(logger, logging.WARNING, (line, self._service), line, self._service, words, about())
            said.append(self._finish("error"))
        elif reason := _reason(choice):
            finish = self._finish(reason)
            said += [*self._all_calls(), finish]
        if isinstance(usage := choice.get("usage"), dict):  # Kimi
            said.append(_usage(usage))
        return said

    def _finish(self, reason: str) -> Finish:
        self._reason = graver(self._reason, reason)
        return Finish(reason)

    def _read_calls(self, delta: object) -> Calling | None:
        if not isinstance(delta, dict) or not (delta.get("tool_calls") or delta.get("function_call")):
            return None
        return Calling(self._calls.add(delta))

    def _all_calls(self) -> Iterator[Calls]:
        """Once it has ended, and not badly: of a response that was cut the last call may be half there."""
        if self._calls and not bad_end(self._reason) and (made := self._calls.made()) != self._made:
            self._made = made
            yield Calls(made)

    def _news_of(self, message: object) -> Iterator[Spoken | Calling]:
        """A message where there are no deltas: all of it, or what has come to it since the one before."""
        before, self._calls = self._calls, ToolCalls()
        if calling := self._read_calls(message):
            yield calling
        else:
            self._calls = before
        for said in _read_words(message):
            kind = type(said)
            if news := said.text.removeprefix(self._told.get(kind, "")):
                yield kind(news)
            self._told[kind] = said.text


def _chunk(event: str, data: str, service: str = UPSTREAM) -> dict[str, Any]:
    try:
        chunk = _decoded(data)
    except (ValueError, RecursionError) as exc:
        line = "%s sent what is not JSON: %r%s"
        log_repeated(logger, logging.WARNING, (line, service), line, service, masked(data), about())
        raise UpstreamBroke from exc
    if not isinstance(chunk, dict):
        raise UpstreamBroke
    if event == "error" or chunk.get("error") or ("choices" not in chunk and _is_error(chunk)):
        raise reported(service, data, chunk.get("error"))
    return chunk


def _is_error(chunk: dict[str, Any]) -> bool:
    """As Mistral and vLLM, Anthropic, DashScope and FastAPI write them."""
    return (
        "error" in (chunk.get("object"), chunk.get("type"))
        or ("message" in chunk and "code" in chunk)
        or "detail" in chunk
    )


def _text_alone(chunk: dict[str, Any]) -> str:
    """The text of a chunk that says nothing else, as nearly all; empty for any other. Half the cost, nothing else."""
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
    if choice.get("index") != 0 or choice.get("finish_reason") or type(delta) is not dict:
        return ""
    if len(choice) > 3 and any(map(choice.get, OTHERS_ENDS)):
        return ""
    if len(delta) > 1:
        for name, value in delta.items():
            if value and name not in ("content", "role"):
                return ""
    return _string(delta.get("content"))


def _decoded(data: str) -> object:
    """JSON, read the fast way, and by Python's own reader where the fast one is too strict (lone surrogates)."""
    try:
        decoded: object = jiter.from_json(data.encode())
    except ValueError:
        decoded = json.loads(data)
    return decoded


def _read_words(message: object) -> list[Spoken]:
    """What a delta, or a message, says."""
    if not isinstance(message, dict):
        return []
    said: list[Spoken] = []
    for name in REASONING_NAMES:
        if (value := message.get(name)) and (text := _words(value)):
            said.append(Reasoning(text))
            break
    if content := message.get("content"):
        said += [Text(content)] if isinstance(content, str) else _read_parts(content)
    if text := _string(message.get("refusal")):
        said.append(Refusal(text))
    return said


def _read_parts(content: object) -> list[Spoken]:
    """A content that is a list, or one part of such. Those without words (`reference`, `image_url`) say nothing."""
    said: list[Spoken] = []
    for part in content if isinstance(content, list) else [content]:
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if kind in REASONING_TYPES:
            said.append(Reasoning(_words(part)))
        elif kind == "refusal":
            said.append(Refusal(_string(part.get("refusal"))))
        elif kind in TEXT_TYPES:
            said.append(Text(_string(part.get("text"))))
    return [each for each in said if each.text]


def _words(value: object, depth: int = 4) -> str:
    """Reasoning as a string, as a part that has it under some name, or as a list of these (Mistral has both)."""
    if isinstance(value, str):
        return value
    if not depth:
        return ""
    if isinstance(value, list):
        return "".join(_words(part, depth - 1) for part in value)
    if isinstance(value, dict):
        said = (_words(value.get(name), depth - 1) for name in ("text", "thinking", "reasoning", "summary", "content"))
        return next(filter(None, said), "")
    return ""


def _reason(choice: dict[str, Any]) -> str:
    """Why it ended. A service's word for its own end is worth less than the model's own that it was no good one."""
    reason = _string(choice.get("finish_reason") or choice.get("finishReason"))
    native = _string(choice.get("native_finish_reason"))
    return graver(native, reason) if native else reason


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _usage(said: dict[str, Any]) -> Usage:
    """By the names of OpenAI, of those who do as it does (Groq, Mistral, OpenRouter, vLLM, xAI), and of others."""
    prompt, completion = _count(said.get("prompt_tokens")), _count(said.get("completion_tokens"))
    cached = _first(
        _detail(said, "prompt_tokens_details", "cached_tokens"),
        said.get("prompt_cache_hit_tokens"),  # DeepSeek
        said.get("cached_tokens"),  # Kimi
        said.get("cache_read_input_tokens"),  # LiteLLM, of Anthropic's
    )
    reasoning = _first(_detail(said, "completion_tokens_details", "reasoning_tokens"), said.get("reasoning_tokens"))
    if prompt is not None and completion is not None and reasoning:
        besides = _count(said.get("total_tokens")) == prompt + completion + reasoning  # xAI
        completion += reasoning if besides and completion + reasoning <= MOST_TOKENS else 0
    return Usage(prompt, completion, _at_most(cached, prompt), _at_most(reasoning, completion))


def _detail(said: dict[str, Any], name: str, member: str) -> object:
    details = said.get(name)
    return details.get(member) if isinstance(details, dict) else None


def _first(*values: object) -> int | None:
    return next((count for value in values if (count := _count(value)) is not None), None)


def _at_most(part: int | None, whole: int | None) -> int | None:
    """A part is no more than its whole, whatever is said."""
    return None if part is None or whole is None else min(part, whole)


def _count(value: object) -> int | None:
    """A number of tokens, or None for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None
