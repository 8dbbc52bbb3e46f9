"""The parts of a reply that say what a model did: calls of tools, decisions on them, results, sources. Pure.

Theory. Each is one event of the reply (chat/core/reply.py): its text is JSON, it counts 1, and nothing changes it
later. A *round* is the calls that a model made at once, which stand side by side; their decisions and results follow.
All that is asked of a reply is read from these parts alone: what waits for a yes, what has no result yet, what a model
is told.

What a file has forged, or another version writes, is no part that this module knows, and says nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from math import isfinite
from typing import Any

from chat.core.json_text import compact, refuse_constant
from chat.core.reply import TEXT, Part, storable
from chat.i18n import gettext_noop as _

CALL, DECISION, RESULT, SOURCE = "tool_call", "tool_decision", "tool_result", "source"
YES, NO = "yes", "no"


class Outcome(StrEnum):
    """How a call ended."""

    DONE = "done"
    FAILED = "failed"
    """The tool said so, or could not be run."""
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    """Its answer was stopped meanwhile."""
    DECLINED = "declined"
    """The user said no."""
    FORBIDDEN = "forbidden"
    """It may not be run, or no longer."""
    INVALID = "invalid"
    """There is no such tool, or these are no arguments of it. The model may try again."""
    UNKNOWN = "unknown"
    """It changes something and was begun; whether it was done nobody knows. It is never run again."""


OUTCOMES = {
    Outcome.DONE: _("done"),
    Outcome.FAILED: _("failed"),
    Outcome.TIMEOUT: _("took too long"),
    Outcome.STOPPED: _("stopped"),
    Outcome.DECLINED: _("declined"),
    Outcome.FORBIDDEN: _("not allowed"),
    Outcome.INVALID: _("not understood"),
    Outcome.UNKNOWN: _("unknown whether it was done"),
}
"""What people call them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A model wants a tool to be run."""

    id: str
    """A UUID of ours, whatever the service calls it: no other call has it."""
    name: str
    title: str
    """For people; of an unknown tool its name."""
    arguments: Any
    """An object; what is none stands as the text that came."""
    changes: bool = False
    """Does it change something?"""
    outside: bool = False
    """Does it send data outside?"""
    asks: bool = False
    """Does it wait for the user's yes? Settled when it is recorded."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the user said to calls that asked."""

    calls: tuple[str, ...]
    answer: str
    """YES or NO."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call."""

    id: str
    """The call's."""
    status: Outcome
    content: str
    """What the model is shown."""
    seconds: float = 0.0
    attachments: tuple[str, ...] = ()
    """The ids of images in it."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer rests on: a page outside, or an object of the project, by an address of the site."""

    number: int
    """By which the text names it: [1]."""
    title: str
    url: str = ""
    object: str = ""
    """Which one, for people: `order 17`."""


ToolPart = Call | Decision | Result | Source
KINDS: dict[str, type[ToolPart]] = {CALL: Call, DECISION: Decision, RESULT: Result, SOURCE: Source}
_KIND_OF = {part: kind for kind, part in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Round:
    """Calls that were made at once, and what became of them, by their ids."""

    text: str
    """What was said before them, since the round before."""
    calls: tuple[Call, ...]
    decisions: dict[str, Decision] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def pending(self) -> list[Call]:
        """That wait for a yes."""
        settled = self.decisions.keys() | self.results.keys()
        return [each for each in self.calls if each.asks and each.id not in settled]

    @property
    def unfinished(self) -> list[Call]:
        """That wait for nothing and have no result."""
        settled = self.results.keys() | {each.id for each in self.pending}
        return [each for each in self.calls if each.id not in settled]


def written(part: ToolPart) -> Part:
    """As a part of a reply."""
    said = {name: value for name, value in asdict(part).items() if value != () or name == "calls"}
    return Part(_KIND_OF[type(part)], storable(compact(said)))


def read(part: Part) -> ToolPart | None:
    """What a part says; None for one of another kind, or that `written` could not have made."""
    kind = KINDS.get(part.kind)
    if not kind:
        return None
    try:
        given = json.loads(part.text, parse_constant=refuse_constant)
        known = {name: given[name] for name in kind.__dataclass_fields__ if name in given}
        return _checked(kind(**known))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def _checked(part: ToolPart) -> ToolPart:
    """Raises ValueError, TypeError or OverflowError where a value is of another type than it has to be, or endless."""
    for name, value in asdict(part).items():
        kind = type(part).__dataclass_fields__[name].type
        if kind is str and not isinstance(value, str):
            raise TypeError(name)
        if kind is bool and not isinstance(value, bool):
            raise TypeError(name)
        if kind in (int, float) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TypeError(name)
        if kind in (int, float) and not isfinite(value):
            raise ValueError(name)
        if kind == tuple[str, ...]:
            if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
                raise TypeError(name)
            object.__setattr__(part, name, tuple(value))
    if isinstance(part, Result):
        object.__setattr__(part, "status", Outcome(part.status))
    if isinstance(part, Decision) and part.answer not in (YES, NO):
        raise ValueError(part.answer)
    return part


def with_images(part: Part, names: Mapping[str, str]) -> Part:
    """A result with its images by other ids, without those that have none; any other part as it is."""
    result = read(part) if part.kind == RESULT else None
    if not isinstance(result, Result) or not result.attachments:
        return part
    return written(replace(result, attachments=tuple(names[each] for each in result.attachments if each in names)))


def rounds(parts: Iterable[Part]) -> tuple[list[Round], str]:
    """The rounds of a reply, and what was said after the last of them.

    A decision or a result that names no call before it, or one that has such, says nothing.
    """
    found, said = list[Round](), list[str]()
    by_call = dict[str, Round]()
    calls = dict[str, Call]()

    def close() -> None:
        if calls:
            found.append(Round("".join(said), tuple(calls.values())))
            by_call.update(dict.fromkeys(calls, found[-1]))
            calls.clear()
            said.clear()

    for part in parts:
        tool_part = read(part)
        if isinstance(tool_part, Call):
            if tool_part.id not in by_call:
                calls.setdefault(tool_part.id, tool_part)
            continue
        close()
        if part.kind == TEXT:
            said.append(part.text)
        elif isinstance(tool_part, Decision):
            for pk in tool_part.calls:
                if pk in by_call:
                    by_call[pk].decisions.setdefault(pk, tool_part)
        elif isinstance(tool_part, Result) and tool_part.id in by_call:
            by_call[tool_part.id].results.setdefault(tool_part.id, tool_part)
    close()
    return found, "".join(said)


def pending(parts: Iterable[Part]) -> list[Call]:
    """The calls of a reply that wait for a yes: they ask, and have neither decision nor result."""
    return [call for each in rounds(parts)[0] for call in each.pending]


def unfinished(parts: Iterable[Part]) -> list[Call]:
    """The calls of a reply that wait for nothing and have no result: whose run ended before they did."""
    return [call for each in rounds(parts)[0] for call in each.unfinished]


def sources(parts: Iterable[Part]) -> Iterator[Source]:
    """What a reply rests on, in order."""
    return (each for each in map(read, parts) if isinstance(each, Source))
