"""Calls of tools in a stream, put together from what services really send. Pure.

The format is OpenAI's `delta.tool_calls`: a call's name first, then its arguments in fragments, told apart by `index`.
In its place others send calls whole, several at once, without an index or an id (Ollama and many gateways); one index
for all (Gemini's compatible interface, LMDeploy); an id or a name with each fragment (SGLang); another id with each
(vLLM); arguments that are an object already, or none; the old `function_call`; or a whole message. What is a fragment,
and what a call of its own, is told by what there is already.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chat.core.json_text import refuse_constant

MOST_CALLS = 64
"""Of one response. More are not read."""
DEPTH = 50
"""Arguments that are nested more deeply are no arguments: what reads them next may not be able to."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call as a model made it."""

    name: str
    arguments: Any
    """An object; what is none stands as the text that came."""


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    fragments: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return "".join(self.fragments)


class ToolCalls:
    """The calls of one response, growing."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, message: dict[str, Any]) -> int:
        """What a delta, or a message, has of calls. Returns how many characters of them are new."""
        return sum(self._add(entry) for entry in _entries(message))

    def made(self) -> tuple[Called, ...]:
        """Those that there are, as if no more came."""
        calls = [Called(call.name.strip(), read_arguments(call.arguments)) for call in self._calls]
        return tuple(call for call in calls if call.name or call.arguments != {})

    def _add(self, entry: dict[str, Any]) -> int:
        function = entry.get("function")
        said = function if isinstance(function, dict) else entry
        name, arguments = _string(said.get("name")), _as_text(said.get("arguments"))
        pk, index = _string(entry.get("id")), entry.get("index")
        index = index if type(index) is int else None
        call = self._begun(pk, index, name, arguments)
        if not call:
            if len(self._calls) == MOST_CALLS or not (name or arguments):
                return 0
            call = _Call()
            self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        call.id = call.id or pk
        if not call.name or (name != call.name and not call.fragments):
            call.name += name
        if arguments:
            call.fragments.append(arguments)
        return len(name) + len(arguments)

    def _begun(self, pk: str, index: int | None, name: str, arguments: str) -> _Call | None:
        """The call that this is a fragment of; None if it begins one."""
        if index is not None:
            call = self._by_index.get(index)
        else:
            same = [call for call in self._calls if pk and call.id == pk]
            call = (same or self._calls)[-1] if self._calls else None
            if pk and name and not same:
                return None
        return None if not call or _is_another(call, pk, index, name, arguments) else call


def _is_another(call: _Call, pk: str, index: int | None, name: str, arguments: str) -> bool:
    """Does this begin a call, and not go on with that one, in whose place it comes?"""
    has_other_id = bool(pk and call.id and pk != call.id)
    if not name or not call.name:
        return has_other_id and bool(arguments) and _is_whole(call)
    if not call.fragments:
        return has_other_id or (not pk and index is None and name != call.name)
    return name != call.name or ((bool(arguments) or has_other_id) and _is_whole(call))


def _is_whole(call: _Call) -> bool:
    """Nothing can be added to its arguments. Looked at for each fragment, of which most do not end so."""
    return bool(call.fragments) and call.fragments[-1].rstrip().endswith("}") and _is_object(call.arguments)


def _is_object(text: str) -> bool:
    return isinstance(_decoded(text), dict)


def _entries(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    calls = message.get("tool_calls")
    if isinstance(calls, dict):
        calls = [calls]
    if not isinstance(calls, list) or not calls:
        calls = [message.get("function_call")]
    return (entry for entry in calls if isinstance(entry, dict))


def read_arguments(text: str) -> Any:
    """What a model wrote as arguments: an object, or the text itself where it is none. Nothing at all is no arguments.

    Some services write the object as JSON in a JSON string.
    """
    said = _decoded(text)
    if isinstance(said, str) and said is not text:
        said = _decoded(said)
    if said is None or said == "":
        return {}
    return said if isinstance(said, dict) and _is_flat(said) else text


def _decoded(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text, parse_constant=refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return text


def _finite(number: str) -> float:
    """JSON knows no infinity: what is too large for a number is no argument."""
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError(number)
    return value


def _is_flat(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def _as_text(arguments: Any) -> str:
    if isinstance(arguments, dict | list):
        return json.dumps(arguments, ensure_ascii=False)
    return _string(arguments)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
