"""The rounds of an answer: ask the model, run the tools that it calls, ask it again with what came of them.

Theory. All that happened stands in the reply, as parts, and what is to be done next follows from these. The calls of a
round are stored before the first of them runs, and each result before the model is asked again: so a process that dies
between two steps leaves what Continue goes on from. What changes something is run at most once: it begins only in the
generation that the user's yes made, and where that ended without a result, nobody knows whether it was done; it gets
the result `unknown`, and is never run again. Only what has a row of its own (chat/models/tool_call.py) is run at all.

Where no tool is offered all of this is one request, whose prompt is not kept.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from chat.attachments.prompt_files import prompt_tokens, sees_images
from chat.conf import settings
from chat.conversations.turns import Accepted
from chat.core import prompt as prompts
from chat.core import tool_parts
from chat.core.context_window import left_out, with_room_for_results
from chat.core.endings import Ending, Status
from chat.core.limits import TOOL_NAME_CHARACTERS
from chat.core.reply import REASONING
from chat.core.tool_parts import Call, Outcome, Result, Round, Source, rounds, unfinished, written
from chat.failures import log_failure, unavailable
from chat.generation.checkpoints import CHECKPOINT_SECONDS
from chat.generation.finishing import Write, do_all
from chat.generation.reserving import NO_QUOTA, reserve_prompt, reserve_request
from chat.generation.response import TIMEOUT, read_response
from chat.generation.run import Run
from chat.generation.unfinished_calls import Recorded, add_result, append, end_calls, outcome_of_left
from chat.i18n import gettext_noop as _
from chat.models import Message, ToolCall
from chat.models.threads import in_database
from chat.models.tool_call import RUNNING, WAITING
from chat.models.users import UserId
from chat.providers.registry import registry
from chat.providers.tool_calls import Called
from chat.tools.base import InvalidArguments, Tool
from chat.tools.running import NO_ARGUMENTS, Ran, checked
from chat.tools.running import run as run_tool
from chat.tools.toolbox import EMPTY, Toolbox, toolbox_for
from chat.usage.quotas import estimated_prompt

logger = logging.getLogger(__name__)

CALLS = 16
"""That are run of one round."""
AT_ONCE = 4
TOO_MANY_ROUNDS = Ending(
    Status.LENGTH,
    "tool_limit",
    _("The model used its tools as often as one answer may. Continue to let it go on."),
)

# What the model is told, and the user reads unfolded.
TOO_MANY_CALLS = f"Not run: {CALLS} calls are run at once. Call it again."
NO_ROOM = "Not run: tools have given back as much as one answer has room for. Answer with what there is."
CUT = "\n[Cut here: tools have given back as much as one answer has room for.]"

Store = Callable[[Run, Write | None], Awaitable[None]]
"""Once the reply is stored, and what else is done in that transaction (chat/generation/checkpoints.py)."""


async def answer(run: Run, store: Store) -> Ending:
    """The answer of `run`'s model, in its reply, and how it ended. The prompt is kept no longer than it is needed."""
    accepted, run.accepted = run.accepted, None
    assert accepted
    offers = registry()[run.generation.model].tools
    is_left = bool(accepted.written and accepted.written.has_calls and unfinished(run.live.reply.parts()))
    toolbox = await _toolbox(run) if offers or is_left else EMPTY
    if toolbox or is_left:
        rounds_of = _Rounds(run, accepted, toolbox, store, toolbox.definitions if offers else [])
        del accepted
        return await rounds_of.answer(is_left=is_left)
    run.prompt = prompts.build(accepted.turns, *_system_prompts(run), sees=sees_images(run.generation.model))
    del accepted
    return await read_response(run)


async def _toolbox(run: Run) -> Toolbox:
    """A database that is away is waited for: what the user said yes to must not be lost for it."""
    conversation = run.generation.message.conversation
    while True:
        try:
            return await toolbox_for(run.generation.owner_id, conversation, run.reader)
        except Exception as exc:
            if not unavailable(exc) or asyncio.get_running_loop().time() > run.last_moment:
                raise
            log_failure(logger, exc, "generation %s waits to be told its tools", run.id)
            await asyncio.sleep(CHECKPOINT_SECONDS)


class _Rounds:
    def __init__(
        self,
        run: Run,
        accepted: Accepted,
        toolbox: Toolbox,
        store: Store,
        definitions: list[dict[str, Any]],
    ) -> None:
        """`definitions`: of the tools that are offered. What an earlier generation has left is run in any case."""
        self._run = run
        self._store = store
        self._toolbox = toolbox
        self._definitions = definitions
        self._decided = accepted.decided
        turns = accepted.turns
        self._turns = turns[:-1] if accepted.written and turns and turns[-1].role == Message.Role.ASSISTANT else turns
        """What was said before this answer."""
        parts = run.live.reply.parts()
        self._sources = {(each.title, each.url, each.object): each.number for each in tool_parts.sources(parts)}
        self._given = sum(len(result.content) for each in rounds(parts)[0] for result in each.results.values())
        """Characters of all results of this answer."""
        self._has_foreign_text = any(turn.attachments for turn in self._turns) or _is_imported(run)

    async def answer(self, *, is_left: bool) -> Ending:
        """`is_left`: there are calls of an earlier generation to be ended first."""
        try:
            async with asyncio.timeout_at(self._run.last_moment):
                if is_left and await self._end_left():
                    return Ending(Status.WAITING)
            return await self._ask_and_run()
        except TimeoutError:
            end_calls(self._run, Status.FAILED)
            return TIMEOUT

    async def _ask_and_run(self) -> Ending:
        run, number = self._run, 0
        while True:
            run.prompt, tokens = self._prompt()
            if not await (reserve_request(run, tokens) if number else reserve_prompt(run, tokens)):
                return NO_QUOTA
            ending = await read_response(run, self._definitions)
            if ending.status != Status.COMPLETE or not run.heard.calls:
                return ending
            if 0 < settings.CHAT_TOOL_ROUNDS <= number:
                return TOO_MANY_ROUNDS
            number += 1
            async with asyncio.timeout_at(run.last_moment):
                if await self._run_round(run.heard.calls):
                    return Ending(Status.WAITING)

    # What the model is asked

    def _prompt(self) -> tuple[list[dict[str, Any]], int]:
        """All that was said, and what came of the rounds so far: of the oldest results what there is room for.

        And about how many tokens that has.
        """
        model = self._run.generation.model
        said = [part for part in self._run.live.reply.parts() if part.kind != REASONING]
        turns = [*self._turns, prompts.turn(Message.Role.ASSISTANT, said)] if said else self._turns
        system_prompts = _system_prompts(self._run)
        besides = "".join(system_prompts) + (json.dumps(self._definitions) if self._definitions else "")
        tokens = prompt_tokens(model)
        fitted = with_room_for_results(turns, tokens, besides)
        shown = fitted[left_out(fitted, tokens, besides) :]
        messages = prompts.build(shown, *system_prompts, sees=sees_images(model), calls=bool(self._definitions))
        return messages, estimated_prompt(shown, besides) if self._run.reserved else 0

    # A round

    async def _run_round(self, made: Sequence[Called]) -> bool:
        """Record its calls, and run those that wait for no yes. Are there others?"""
        known = self._names_of_results()
        calls = [self._call(called, number, known) for number, called in enumerate(made)]
        for call, _fault in calls:
            self._append(call)
        self._run.unwritten["rows"] = partial(ToolCall.record, [self._row(call) for call, _fault in calls])
        await self._write()
        for call, fault in calls:
            if fault:
                self._add_result(call, Outcome.INVALID, fault)
        await self._write()
        await self._run_calls([call for call, fault in calls if not fault and not call.asks])
        return any(call.asks for call, _fault in calls)

    def _call(self, called: Called, number: int, known: set[str]) -> tuple[Call, str]:
        """As it is recorded, and why it cannot be run."""
        tool = self._toolbox.find(called.name)
        name = called.name[:TOOL_NAME_CHARACTERS]
        if not tool:
            return self._recorded(Call(str(uuid.uuid4()), name, name, called.arguments)), ""
        fault = TOO_MANY_CALLS if number >= CALLS else _fault(tool, called)
        call = Call(
            str(uuid.uuid4()),
            name,
            self._title(tool),
            called.arguments,
            changes=tool.changes,
            outside=tool.outside,
            asks=not fault and tool.asks(self._is_tainted(tool, known)),
        )
        return self._recorded(call), fault

    def _recorded(self, call: Call) -> Call:
        """As it can be stored: what is shown, and what the user says yes to, is what is run."""
        recorded = tool_parts.read(written(call))
        assert isinstance(recorded, Call)
        return recorded

    def _title(self, tool: Tool) -> str:
        """In the user's language."""
        if not self._toolbox.reader:
            return str(tool.title)
        with self._toolbox.reader.active():
            return str(tool.title)

    def _row(self, call: Call) -> ToolCall:
        tool = self._toolbox.find(call.name)
        generation = self._run.generation
        return ToolCall(
            id=uuid.UUID(call.id),
            message_id=generation.message_id,
            generation=generation,
            owner_id=generation.owner_id,
            name=tool.name if tool else "",  # what a model makes up may be a user's words
            server=tool.server if tool else "",
            changes=call.changes,
            status=WAITING if call.asks else RUNNING,
        )

    def _names_of_results(self) -> set[str]:
        """The tools whose results the prompt holds."""
        said = [each for turn in self._turns for each in turn.rounds] + self._own_rounds()
        return {call.name for each in said for call in each.calls if call.id in each.results}

    def _own_rounds(self) -> list[Round]:
        return rounds(self._run.live.reply.parts())[0]

    # Running

    async def _run_calls(self, calls: Iterable[Call]) -> None:
        """Each result is stored when it comes."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as running:
            for call in calls:
                running.create_task(self._run_call(call, gate))

    async def _run_call(self, call: Call, gate: asyncio.Semaphore) -> None:
        async with gate:
            if 0 < settings.CHAT_TOOL_TOTAL_CHARS <= self._given:
                self._add_result(call, Outcome.FAILED, NO_ROOM)
            else:
                ran = await self._ran(call)
                self._add_result(call, ran.status, self._cut(ran.content), ran)
        await self._write()

    def _cut(self, content: str) -> str:
        """What there is room for, as far as others have left some."""
        most = settings.CHAT_TOOL_TOTAL_CHARS
        room = max(0, most - self._given)
        return content if not most or len(content) <= room else content[:room] + CUT

    async def _write(self) -> None:
        """Once all is stored that is to be stored beside the reply, and that itself."""
        if unwritten := dict(self._run.unwritten):
            await self._store(self._run, partial(do_all, unwritten.values()))
            for key in unwritten:
                self._run.unwritten.pop(key, None)

    async def _ran(self, call: Call) -> Ran:
        generation = self._run.generation
        self._run.begun.add(call.id)
        return await run_tool(
            self._toolbox,
            call,
            owner_id=generation.owner_id,
            conversation_id=generation.message.conversation_id,
            message_id=generation.message_id,
        )

    def _add_result(self, call: Call, status: Outcome, content: str, ran: Ran | None = None) -> None:
        """To the reply, with its sources."""
        new = self._new_sources(ran) if ran else []
        content += self._cited(ran) if ran and ran.sources else ""
        self._given += len(content)
        attachments = tuple(map(str, ran.attachments)) if ran else ()
        result = Result(call.id, status, content, ran.seconds if ran else 0.0, attachments)
        add_result(self._run, result)
        for source in new:
            self._append(source)

    def _new_sources(self, ran: Ran) -> list[Source]:
        """Those that this answer has not named yet, numbered on."""
        new = list[Source]()
        for found in ran.sources:
            if found not in self._sources:
                self._sources[found] = len(self._sources) + 1
                new.append(Source(self._sources[found], *found))
        return new

    def _cited(self, ran: Ran) -> str:
        named = "; ".join(f"[{self._sources[found]}] {found[0]}" for found in ran.sources)
        return f"\n\nSources, by the numbers that cite them in the answer: {named}"

    def _append(self, part: tool_parts.ToolPart) -> None:
        append(self._run, part)

    # What an earlier generation has left

    async def _end_left(self) -> bool:
        """Give each call that waits for nothing its result. Is there one that waits for a yes?"""
        own = await in_database(_recorded_calls, self._run.generation.message_id, self._run.generation.owner_id)
        to_run, waits = list[Call](), False
        for each in self._own_rounds():
            waits = waits or bool(each.pending)
            for call in each.unfinished:
                if ended := self._ended(call, each, own):
                    self._add_result(call, *ended)
                else:
                    to_run.append(call)
        await self._write()
        await self._run_calls(to_run)
        return waits

    def _ended(self, call: Call, within: Round, own: dict[str, Recorded]) -> tuple[Outcome, str] | None:
        tool = self._toolbox.find(call.name)
        return outcome_of_left(
            call,
            within.decisions.get(call.id),
            tool,
            own.get(call.id),
            is_decided=call.id in self._decided,
            asks=bool(tool and tool.asks(self._is_tainted(tool, self._names_of_results()))),
        )

    def _is_tainted(self, tool: Tool, known: set[str]) -> bool:
        """May what others wrote have made the model call it? `known`: the tools whose results it has seen."""
        return self._has_foreign_text or bool(known - {tool.name})


def _fault(tool: Tool, called: Called) -> str:
    """Why these are no arguments of the tool. Nobody is asked for a yes to such."""
    try:
        checked(tool, called.arguments)
    except InvalidArguments as exc:
        return exc.sentence
    except Exception as exc:
        # What it says may quote what the model wrote.
        logger.error("The arguments of the tool %s could not be looked at: %s", tool.name, type(exc).__qualname__)
        return NO_ARGUMENTS
    return ""


def _recorded_calls(message_id: uuid.UUID, owner_id: UserId) -> dict[str, Recorded]:
    """By their ids."""
    rows = ToolCall.objects.filter(message=message_id, owner=owner_id)
    return {str(pk): Recorded(*tool) for pk, *tool in rows.values_list("pk", "server", "name")}


def _is_imported(run: Run) -> bool:
    return bool(run.generation.message.conversation.imported_bytes)


def _system_prompts(run: Run) -> tuple[str, str]:
    return settings.CHAT_SYSTEM_PROMPT, run.options.system_prompt
