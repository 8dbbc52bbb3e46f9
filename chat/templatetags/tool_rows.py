"""What a message shows of the tools that its model called. static/chat/js/tools/ shows the same while it is written.

A reply is shown as it came: text, a round of calls, text. Whatever a model, a tool or a file says in it is text.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.core.endings import Status
from chat.core.json_text import compact, cut, indented, visible
from chat.core.limits import COMMENT_CHARACTERS, IMAGES_PER_CALL
from chat.core.tool_parts import CALL, OUTCOMES, Call, Decision, Outcome, Result, Round, Source, rounds, sources
from chat.i18n import gettext_noop, translated

if TYPE_CHECKING:
    from chat.models import Message

register = template.Library()

WAITING, RUNNING, UNFINISHED, CUT = "waiting", "running", "unfinished", "cut"
"""States of a call that has no result; one that has some has its outcome."""
STATES: dict[str, str] = {outcome.value: label for outcome, label in OUTCOMES.items()} | {
    WAITING: gettext_noop("waits for your yes"),
    RUNNING: gettext_noop("running…"),
    UNFINISHED: gettext_noop("not finished"),
    CUT: gettext_noop("the rest is not shown"),
}
WEB_ADDRESS = re.compile(r"(?i:https?)://([^/?#\\\x00-\x20\x7f]+)[^\\\x00-\x20\x7f]*")
OWN_ADDRESS = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True)
class Row:
    """A call, and what came of it."""

    call: Call
    state: str
    decision: Decision | None
    result: Result | None

    @property
    def words(self) -> str:
        """How it stands: of one that is done how long it took."""
        if self.result and self.state == Outcome.DONE:
            return took(self.result.seconds)
        return translated(STATES[self.state])

    @property
    def arguments(self) -> str:
        """As data."""
        given = self.call.arguments
        return visible(indented(given if isinstance(given, str) else compact(given)))

    @property
    def result_text(self) -> str:
        return visible(indented(self.result.content)) if self.result else ""

    @property
    def images(self) -> list[uuid.UUID]:
        """The ids of those in its result. What an import has forged is no id, or nobody's whom it is shown to."""
        found = []
        for each in self.result.attachments[:IMAGES_PER_CALL] if self.result else ():
            with suppress(ValueError):
                found.append(uuid.UUID(each))
        return found

    @property
    def values(self) -> list[tuple[str, str]]:
        """The arguments one by one, each as text."""
        given = self.call.arguments
        if not isinstance(given, dict):
            return []
        shown = (
            (name, value if isinstance(value, str) else indented(compact(value))) for name, value in given.items()
        )
        return [(visible(name), visible(value)) for name, value in shown]


@dataclass(frozen=True)
class RoundRows:
    """The calls that were made at once."""

    rows: Sequence[Row]
    is_open: bool
    """May the next call belong to it?"""

    @property
    def titles(self) -> str:
        return ", ".join(dict.fromkeys(row.call.title for row in self.rows))

    @property
    def state(self) -> str:
        """Of all of them: what the reader should know first."""
        states = [row.state for row in self.rows]
        if first := next((state for state in (WAITING, RUNNING) if state in states), ""):
            return first
        return Outcome.DONE if all(state == Outcome.DONE for state in states) else "mixed"

    @property
    def words(self) -> str:
        if self.state in STATES:
            return translated(STATES[self.state])
        done = sum(row.state == Outcome.DONE for row in self.rows)
        count = len(self.rows)
        return ngettext("%(done)s of %(count)s done", "%(done)s of %(count)s done", count) % {
            "done": done,
            "count": count,
        }


@dataclass(frozen=True)
class Text:
    text: str
    rows: tuple[()] = ()


class Shown:
    """What a message shows of its tools."""

    def __init__(self, message: Message) -> None:
        self._parts = message.reply.parts()
        self._rounds, self._text = rounds(self._parts)
        self._is_running = bool(message.generation and message.generation.is_running)
        self._is_cut = message.is_cut

    @cached_property
    def segments(self) -> list[Text | RoundRows]:
        """Its text and its rounds, in order."""
        last = self._parts[-1].kind if self._parts else ""
        found = list[Text | RoundRows]()
        for number, each in enumerate(self._rounds, 1):
            is_open = last == CALL and number == len(self._rounds)
            found += [Text(each.text)] if each.text else []
            found.append(RoundRows([self._row(each, call) for call in each.calls], is_open))
        return [*found, Text(self._text)] if self._text or not found else found

    @cached_property
    def pending(self) -> list[Row]:
        """What can be decided on now."""
        rows = [row for segment in self.segments for row in segment.rows if row.state == WAITING]
        return [] if self._is_running or self._is_cut else rows

    @property
    def many_pending(self) -> bool:
        return len(self.pending) > 1

    @cached_property
    def sources(self) -> list[Source]:
        return list(sources(self._parts))

    def _row(self, among: Round, call: Call) -> Row:
        result = among.results.get(call.id)
        return Row(call, self._state(among, call, result), among.decisions.get(call.id), result)

    def _state(self, among: Round, call: Call, result: Result | None) -> str:
        if result:
            return result.status.value
        if self._is_cut:
            return CUT
        if call.asks and call.id not in among.decisions:
            return WAITING
        return RUNNING if self._is_running else UNFINISHED


@register.filter
def tools_of(message: Message | None) -> Shown | None:
    """None of a message whose model called none, as nearly all."""
    return Shown(message) if message and message.has_calls else None


@register.filter
def may_go_on(message: Message) -> bool:
    """Is there something that its model can go on from, and nothing that waits?"""
    if message.generation and message.generation.status == Status.WAITING:
        return False
    tools = tools_of(message)
    return not tools.pending if tools else bool(message.text)


@register.filter
def shown_part(text: str) -> str:
    """Of a long text, what is shown before somebody asks for more."""
    return cut(text)[0]


@register.filter
def hidden_part(text: str) -> str:
    return cut(text)[1]


@register.filter
def took(seconds: float) -> str:
    """How long a tool took: "0.3 s", "12 s", "2 min 5 s"; static/chat/js/lib/duration.js says the same."""
    tenths = int(seconds * 10 + 0.5)
    if tenths < 100:
        return _("%(seconds)s s") % {"seconds": number_format(tenths / 10, decimal_pos=1)}
    whole = int(seconds + 0.5)
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}


@register.filter
def safe_address(source: Source | None) -> str:
    """Where it is to be found: on the web, or by a path of the site; empty for anything else."""
    url = source.url if source else ""
    return url if WEB_ADDRESS.fullmatch(url) or OWN_ADDRESS.fullmatch(url) else ""


@register.filter
def whereabouts(source: Source | None) -> str:
    """What stands beside its title: which object it is, or whose page."""
    if not source:
        return ""
    found = WEB_ADDRESS.fullmatch(source.url)
    return source.object or (found[1] if found else "")


@register.simple_tag
def tool_words() -> str:
    """What scripts say of calls, as JSON."""
    return json.dumps({state: translated(label) for state, label in STATES.items()}, ensure_ascii=False)


@register.simple_tag
def reason_characters() -> int:
    """How long a reason may be."""
    return COMMENT_CHARACTERS


@register.filter
def or_none(rows: Iterable[Any] | None) -> Iterator[Any]:
    """These, or nothing once: for a part that scripts copy."""
    return iter(rows or [None])
