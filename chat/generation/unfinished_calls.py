"""Calls of tools without a result: those that a run leaves when it ends, and those that an earlier one has left.

Theory. What changes something is run at most once. Whether it was done is unknown where it was begun and has no
result, so it is never run again; nor is what the user said yes to, but by the generation that this yes has made.
"""

from functools import partial
from typing import NamedTuple

from chat import metrics
from chat.core import tool_parts
from chat.core.endings import Status
from chat.core.reply import Part
from chat.core.tool_parts import NO, YES, Call, Decision, Outcome, Result, unfinished, written
from chat.generation.run import Run
from chat.models import ToolCall
from chat.tools.base import Tool

# What the model is told, and the user reads unfolded.
NOT_RECORDED = "Not run: it was not called here."
ANOTHER = "Not run: the tool of this name is another one by now."
GONE = "Not run: the user may not use this tool any more, or it is turned off here."
ASKS_BY_NOW = "Not run: by now this tool waits for the user's yes, which was not asked for. Call it again to ask."
DOES_MORE = "Not run: the tool does more by now than the user said yes to. Call it again to ask."
DECLINED = "The user said no."
UNKNOWN = "Whether it was done is unknown: it was begun and cut off. Do not call it again; tell the user."
STOPPED = "Not done: the user stopped the answer."
CUT_OFF = "Cut off: the user stopped the answer."
LATE = "Cut off: the answer took too long."


class Recorded(NamedTuple):
    """What the row of a call says of its tool."""

    server: str
    name: str
    """Empty where there was no such tool."""


def outcome_of_left(
    call: Call, decision: Decision | None, tool: Tool | None, row: Recorded | None, *, is_decided: bool, asks: bool
) -> tuple[Outcome, str] | None:
    """What a call has come to that an earlier generation has left, and what is said of it; None: it is to be run.

    `tool` is what is called so by now, and `asks` whether that asks for a yes; `is_decided`: this very generation was
    made by a yes to the call.
    """
    if decision and decision.answer == NO:
        return Outcome.DECLINED, f"{DECLINED} {decision.reason}".strip()
    if not row:
        return Outcome.FORBIDDEN, NOT_RECORDED
    if tool and (tool.server != row.server or (tool.server and str(tool.title) != call.title)):
        return Outcome.FORBIDDEN, ANOTHER  # names of servers' tools are given by what else there is
    if not is_decided and (call.changes or (tool and tool.changes) or (decision and decision.answer == YES)):
        return Outcome.UNKNOWN, UNKNOWN
    if not tool:
        return (Outcome.FORBIDDEN, GONE) if row.name else None
    if is_decided:
        return (Outcome.FORBIDDEN, DOES_MORE) if _does_more(tool, call) else None
    return (Outcome.FORBIDDEN, ASKS_BY_NOW) if asks else None


def _does_more(tool: Tool, call: Call) -> bool:
    """Than the user was told before they said yes?"""
    return (tool.changes and not call.changes) or (tool.outside and not call.outside)


def end_calls(run: Run, status: Status) -> None:
    """The run has ended as this, and what it has begun comes to an end with it.

    What is interrupted is run again by who continues it, but for what changes something.
    """
    for call in unfinished(run.live.reply.parts()):
        is_begun = call.id in run.begun
        if call.changes and is_begun:
            add_result(run, Result(call.id, Outcome.UNKNOWN, UNKNOWN))
        elif status == Status.STOPPED:
            add_result(run, Result(call.id, Outcome.STOPPED, CUT_OFF if is_begun else STOPPED))
        elif status == Status.FAILED:
            add_result(run, Result(call.id, Outcome.TIMEOUT, LATE))


def add_result(run: Run, result: Result) -> None:
    append(run, result)
    run.unwritten[result.id] = partial(ToolCall.end, result.id, str(result.status), result.seconds)
    metrics.tool_calls.labels(str(result.status)).inc()


def append(run: Run, part: tool_parts.ToolPart) -> None:
    said: Part = written(part)
    run.live.append(said.kind, said.text)
