"""One call of a tool, from a model's words to what it is told: whatever happens, it ends in time and says how.

Who asks, what they may and whether these are arguments is asked here again: what was offered may have been long ago.
A call runs in a task and a context of its own. An async tool is cancelled when its time is over; a plain function
goes on in its thread, and what it returns then is dropped.
"""

import asyncio
import contextvars
import logging
import time
import traceback
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings as project

from chat.conf import settings
from chat.core.tool_parts import Call, Outcome
from chat.failures import cause_of, log_failure
from chat.failures.subject import subject
from chat.models import Conversation
from chat.models.threads import in_database
from chat.models.users import UserId
from chat.tools.base import Context, Found, InvalidArguments, Returned, Tool, ToolError, Unanswered
from chat.tools.images import keep_images
from chat.tools.reader import Reader
from chat.tools.returning import Refused, cut
from chat.tools.toolbox import Toolbox, user_of

logger = logging.getLogger(__name__)

CANCEL_SECONDS = 0.5
"""How long an async tool may take to end once it is cancelled; then nobody waits for it any more."""
NO_ARGUMENTS = "These are no arguments of this tool."
FORBIDDEN = "The user may not use this tool, or staff have changed it since this answer began."
NAMES = 50
"""Of tools that a model is told when it has called one that there is not."""
UNKNOWN = "Whether it was done is unknown: do not call it again, tell the user."

_left = set[asyncio.Task[Returned]]()
"""Those that are cancelled and have not ended yet: the event loop itself would forget them."""


@dataclass(frozen=True, slots=True)
class Ran:
    status: Outcome
    content: str
    """For the model."""
    seconds: float = 0.0
    sources: tuple[Found, ...] = ()
    attachments: tuple[UUID, ...] = ()


class _Clock:
    """When a call has begun, and when its time is over; of one that waits for its turn, the turn's, too."""

    def __init__(self, tool: Tool) -> None:
        self.has_begun = not tool.has_turns
        self.began_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self.deadline = asyncio.timeout(settings.CHAT_TOOL_SECONDS or None)

    def begin(self) -> None:
        """In any thread."""
        if not self.has_begun:
            self.has_begun, self.began_at = True, time.monotonic()
            self._loop.call_soon_threadsafe(self._start_again)

    def _start_again(self) -> None:
        if settings.CHAT_TOOL_SECONDS and not self.deadline.expired() and self.deadline.when():
            self.deadline.reschedule(self._loop.time() + settings.CHAT_TOOL_SECONDS)

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.began_at, 3)


async def run(toolbox: Toolbox, call: Call, *, owner_id: UserId, conversation_id: UUID, message_id: UUID) -> Ran:
    """What came of it. Raises nothing but CancelledError, within a second, when whoever waits for it is cancelled."""
    tool = toolbox.find(call.name)
    if not tool:
        return Ran(Outcome.INVALID, _unknown(toolbox))
    try:
        arguments = checked(tool, call.arguments)
        found = await in_database(_asker, tool, owner_id, conversation_id)
    except InvalidArguments as exc:
        return Ran(Outcome.INVALID, exc.sentence)
    except Exception as exc:
        return _failed(tool, call, exc, 0.0)
    if not found:
        return Ran(Outcome.FORBIDDEN, FORBIDDEN)
    clock = _Clock(tool)
    user, conversation = found
    context = Context(
        user, conversation, call.id, message_id, reader=toolbox.reader or Reader.here(), begun=clock.begin
    )
    task = asyncio.create_task(_called(tool, context, arguments), context=contextvars.Context())
    try:
        async with clock.deadline:
            await asyncio.wait({task})
    except TimeoutError:
        await _give_up(task)
        return _late(tool, clock)
    except asyncio.CancelledError:
        await _give_up(task)
        raise
    return _outcome(tool, call, task, clock.seconds)


def checked(tool: Tool, arguments: Any) -> dict[str, Any]:
    """As `call` takes them. Raises InvalidArguments, whose sentence is for the model."""
    try:
        if not isinstance(arguments, dict):
            raise InvalidArguments("They must be one JSON object.")
        return tool.check(arguments)
    except InvalidArguments as exc:
        raise InvalidArguments(cut(f"{NO_ARGUMENTS} {exc.sentence}", _most())) from exc


def _asker(tool: Tool, owner_id: UserId, conversation_id: UUID) -> tuple[Any, Conversation] | None:
    """Who asks, and where; None if they may not, or no longer."""
    user = user_of(owner_id)
    conversation = Conversation.find_owned(owner_id, conversation_id)
    return (user, conversation) if user and conversation and tool.may_be_used_by(user) else None


async def _called(tool: Tool, context: Context, arguments: dict[str, Any]) -> Returned:
    subject.set(f"call {context.call_id}")
    try:
        with context.reader.active():
            returned = await tool.call(context, arguments)
        return await keep_images(returned, context, tool.name) if returned.images else returned
    except SystemExit as exc:  # which would end the event loop
        raise RuntimeError("A tool asked for the end of the process") from exc


async def _give_up(task: asyncio.Task[Returned]) -> None:
    task.cancel()
    _left.add(task)
    task.add_done_callback(_forget)
    await asyncio.wait({task}, timeout=CANCEL_SECONDS)


def _forget(task: asyncio.Task[Returned]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody hears of it any more


# What the model is told


def _outcome(tool: Tool, call: Call, task: asyncio.Task[Returned], seconds: float) -> Ran:
    try:
        returned = task.result()
        content = cut(returned.content, _most())
    except InvalidArguments as exc:
        return Ran(Outcome.INVALID, cut(exc.sentence, _most()), seconds)
    except ToolError as exc:
        if tool.changes and isinstance(exc, Unanswered):
            return Ran(Outcome.UNKNOWN, f"{cut(exc.sentence, _most())} {UNKNOWN}", seconds)
        return Ran(Outcome.FAILED, cut(exc.sentence, _most()), seconds)
    except (Exception, asyncio.CancelledError) as exc:  # its own: nobody has cancelled it here
        return _failed(tool, call, exc, seconds)
    return Ran(Outcome.DONE, content, seconds, returned.sources, returned.attachments)


def _failed(tool: Tool, call: Call, exc: BaseException, seconds: float) -> Ran:
    """The log has what happened, but for words of users, which an exception may quote."""
    if cause_of(exc):
        log_failure(logger, exc, "the tool %s failed in call %s", tool.name, call.id)
    else:
        what = str(exc) if isinstance(exc, Refused) else _without_words(exc)
        logger.error("The tool %s failed in call %s: %s", tool.name, call.id, what)
    told = f"The tool failed. Those who run this site find it in their log by {call.id}."
    hint = f" {type(exc).__qualname__}: {exc}" if project.DEBUG else ""
    return Ran(Outcome.FAILED, cut(told + hint, _most()), seconds)


def _without_words(exc: BaseException) -> str:
    return "\n".join([type(exc).__qualname__, *traceback.format_tb(exc.__traceback__)])


def _late(tool: Tool, clock: _Clock) -> Ran:
    limit = f"{settings.CHAT_TOOL_SECONDS:g} s"
    if not clock.has_begun:
        return Ran(Outcome.TIMEOUT, f"Other calls took all of {limit}, so this one was not begun.")
    if tool.changes:
        return Ran(Outcome.UNKNOWN, f"It took longer than {limit}. {UNKNOWN}", clock.seconds)
    return Ran(Outcome.TIMEOUT, f"It took longer than {limit}, and nobody waits for it any more.", clock.seconds)


def _unknown(toolbox: Toolbox) -> str:
    names = ", ".join(list(toolbox.tools)[:NAMES])
    return f"There is no tool of this name. There are: {names}." if names else "There are no tools here."


def _most() -> int:
    return int(settings.CHAT_TOOL_CHARS)
