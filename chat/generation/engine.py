"""The engine: the generations that run in this process.

Theory. A generation is a task of its own. It belongs to no request: closing, reloading or losing the page ends a
follower, never a generation; stopping is an explicit act. Such a task starts in a fresh context, because one that
inherits a request's context would hold the request's thread for as long as it lives.

The row in the database is the truth. A generation is stored as running, with a lease, before the upstream is asked.
Once a second the checkpointer writes what all replies have grown to, in one transaction, and renews the leases; it
also learns which rows are no longer running, and lets their tasks go, and which of them somebody wants stopped who
asked at another process. A generation ends by one conditional update,
running -> an ending, together with its whole text; only after that is committed do followers hear of it. Whose
process is gone stops renewing, and a sweep in any process marks its generations interrupted when the lease runs out.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat import metrics
from chat.attachments.prompt_files import sees_images
from chat.conf import settings
from chat.conversations import messages
from chat.conversations.turns import Accepted, Continuation, Question, Regeneration
from chat.core import prompt as prompts
from chat.core.endings import INTERNAL, Ending, Status, ending_of, graver, named
from chat.core.process import process_name
from chat.core.prompt import Options
from chat.core.reply import REASONING, TEXT, Mark, Part, storable
from chat.core.think_tags import Piece, ThinkTags
from chat.errors import ChatError, Unavailable, UpstreamTimeout
from chat.failures import log_failure, unavailable
from chat.failures.subject import subject
from chat.generation import background
from chat.generation.background import spawn
from chat.generation.deadline import Deadline
from chat.generation.finishing import ask_to_stop, asked_to_stop, finish, stop_stored
from chat.generation.shutdown import shutdown
from chat.generation.stopwatch import Stopwatch
from chat.generation.storage import Storage
from chat.generation.titles import give_title
from chat.i18n import gettext_noop as _
from chat.live import hints
from chat.live.exchange import LiveReply, exchange
from chat.models import Generation, MessagePart
from chat.models.threads import in_database, write_in_database
from chat.models.users import UserId
from chat.providers import chunks, openai
from chat.providers.registry import registry

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
RENEW_SECONDS = 4.0
"""How often leases (15 s) are renewed."""
CLOSE_SECONDS = 2.0
"""How long a stopped generation waits for its upstream to be closed before it is stored as stopped."""
STOP_SECONDS = 4.0
"""How long another process may take to end what it was asked to stop: a checkpoint, CLOSE_SECONDS and some. Then it
counts as gone."""
AFTER_FINISH_SECONDS = 5.0
"""How long the usage and the end of the stream may still take after the finish reason."""


@dataclass
class Run:
    """A generation that this process runs."""

    generation: Generation
    prompt: list[dict[str, Any]]
    options: Options
    live: LiveReply
    stop: asyncio.Future[Status | None]
    """Done when the run must end from outside: with its ending, or None if the row is no longer ours to end."""
    stored: Mark
    """Up to where the reply is stored for good."""
    stored_position: int
    finish_reason: str = ""
    is_done: bool = False
    is_refused: bool = False
    usage: chunks.Usage | None = None
    first_piece_at: datetime | None = None
    tags: ThinkTags = field(default_factory=ThinkTags)
    reasoning: Stopwatch = field(default_factory=Stopwatch)
    is_finishing: bool = False

    @property
    def id(self) -> uuid.UUID:
        return self.generation.pk

    def take_prompt(self) -> list[dict[str, Any]]:
        """Once: a long conversation is not kept for as long as its answer is written."""
        prompt, self.prompt = self.prompt, []
        return prompt

    def pieces_of(self, said: chunks.Spoken) -> list[Piece]:
        """What it adds to which kind of part. Takes the time that reasoning takes."""
        if isinstance(said, chunks.Text):
            pieces = self.tags.split(said.text)
        else:
            pieces = [*self.tags.rest(), (REASONING if isinstance(said, chunks.Reasoning) else TEXT, said.text)]
        for kind, _text in pieces:
            if kind == REASONING:
                self.reasoning.start()
            else:
                self.reasoning.stop()
        return pieces

    def settle(self) -> None:
        """Nothing more will come: what waits for its other half goes as it is."""
        for kind, text in self.tags.rest():
            self.live.append(kind, text)
        self.live.reply.settle()

    def ending(self) -> Ending:
        """How the upstream's stream, which has ended without an error, has ended."""
        new = self.live.reply.since(self.generation.begins_at)
        return ending_of(
            self.finish_reason,
            is_done=self.is_done,
            is_refused=self.is_refused,
            has_text=any(part.kind == TEXT for part in new),
        )

    def outcome(self, ending: Ending) -> dict[str, object]:
        """What else is stored with an ending."""
        return {
            "code": ending.code,
            "error": ending.error,
            "finish_reason": self.finish_reason,
            "first_piece_at": self.first_piece_at,
            "reasoning_ms": round(self.reasoning.seconds * 1000),
            "prompt_tokens": self.usage and self.usage.prompt_tokens,
            "completion_tokens": self.usage and self.usage.completion_tokens,
        }

    def end_from_outside(self, status: Status | None) -> None:
        if not self.stop.done():
            self.stop.set_result(status)


class Engine:
    """Starts, stops, checkpoints and finishes the generations of this process."""

    def __init__(self) -> None:
        self.runs: dict[uuid.UUID, Run] = {}
        self._accepting = Counter[str]()
        """By provider, as all that is counted here."""
        self._is_closing = False
        self._checkpointer: asyncio.Task[None] | None = None
        self._renewed_at = 0.0
        self._storage = Storage()
        self._to_check = set[uuid.UUID]()

    # What views call

    async def ask(self, owner_id: UserId, conversation_id: uuid.UUID, question: Question) -> Generation:
        """Store a question and start its answer, or join the one that it already has. Raises ChatError."""
        return await self._accept(messages.ask, owner_id, conversation_id, question)

    async def regenerate(self, owner_id: UserId, message_id: uuid.UUID, request: Regeneration) -> Generation:
        """Store and start another answer beside `message_id`, or join it. Raises ChatError."""
        return await self._accept(messages.regenerate, owner_id, message_id, request)

    async def continue_(self, owner_id: UserId, message_id: uuid.UUID, request: Continuation) -> Generation:
        """Store and start a generation that writes on in `message_id`, or join it. Raises ChatError."""
        return await self._accept(messages.continue_, owner_id, message_id, request)

    async def stop(self, generation: Generation) -> bool:
        """End a running generation as stopped, wherever it runs. False if it had ended in the meantime."""
        if await exchange.stop(generation.pk):
            return True
        if generation.process in ("", process_name()):
            # Nobody runs it, so nobody else will end it; who does after all will see that its row has ended.
            return await write_in_database(stop_stored, generation.pk)
        if not await write_in_database(ask_to_stop, generation.pk):
            return False
        await exchange.stop(generation.pk, generation.process)
        spawn(self._see_stopped(generation.pk))
        return True

    def check_open(self) -> None:
        """Raises Unavailable once the process is about to end. What is open before that hears of it."""
        self.expect_end()
        if self._is_closing:
            raise Unavailable(_("The site is restarting. Please send it again in a moment."), retry_after=2)

    def expect_end(self) -> None:
        """However the process ends, what it has received is stored before. Called again, it does nothing."""
        shutdown.expect(self.close, self._number_left, self.shut_down)

    def close(self) -> None:
        """Take nothing new; what runs goes on."""
        if not self._is_closing:
            self._is_closing = True
            hints.close()

    def _number_left(self) -> int:
        """Of answers, titles, imports and the like."""
        return background.number_of_tasks() + self._accepting.total()

    async def shut_down(self) -> None:
        """The process is about to end: store everything, as interrupted, and take nothing new."""
        self.close()
        try:
            while self.runs or self._accepting.total():  # what is being accepted will still become a run
                for run in self.runs.values():
                    run.end_from_outside(Status.INTERRUPTED)
                await asyncio.sleep(0.02)
        finally:
            self._storage.ends(self.runs.values())
            await exchange.close()
            await openai.close_clients()

    # Accepting

    async def _accept(
        self,
        turn: Callable[..., Accepted],
        owner_id: UserId,
        place: uuid.UUID,
        wish: Question | Regeneration | Continuation,
    ) -> Generation:
        """What is stored must also be started: not to be cancelled, which views see to (chat/views/endpoints.py)."""
        self.check_open()
        provider = registry()[wish.model].provider.name
        self._accepting[provider] += 1
        try:
            accepted = await write_in_database(turn, owner_id, place, wish, partial(self._has_room, provider))
            if accepted.is_new:
                metrics.started.labels(wish.model).inc()
                await self._start(accepted)
        finally:
            self._accepting[provider] -= 1
        return accepted.generation

    def _has_room(self, provider: str) -> bool:
        """For one more of this provider, which leaves the others theirs when it hangs."""
        limit = settings.CHAT_LIVE_PER_PROCESS
        running = sum(run.generation.provider == provider for run in list(self.runs.values()))
        return not limit or running + self._accepting[provider] <= limit

    async def _start(self, accepted: Accepted) -> None:
        run = _run_of(accepted)
        self.runs[run.id] = run
        spawn(self._generate(run, spawn(self._read(run))))
        # Findable at once: whoever follows or stops it now must not take it for one that nobody runs.
        stop, check = partial(run.end_from_outside, Status.STOPPED), partial(self._check_stop, run.id)
        await exchange.publish(run.id, run.live, stop, check)
        if not self._checkpointer or self._checkpointer.done():
            self._checkpointer = spawn(self._checkpoint_while_running())

    # Running

    async def _generate(self, run: Run, reading: asyncio.Task[Ending]) -> None:
        """From the first byte of the upstream to the stored ending. Whatever happens, the run does not stay."""
        try:
            ending = await self._ending_of(run, reading)
            run.is_finishing = True
            if ending:
                await self._finish(run, ending)
        finally:
            if not run.live.is_over:
                run.live.abandon()
            del self.runs[run.id]
            await exchange.withdraw(run.id)

    async def _ending_of(self, run: Run, reading: asyncio.Task[Ending]) -> Ending | None:
        """How it ended, by itself or from outside; None if the row is no longer ours to end."""
        either: set[asyncio.Future[Any]] = {reading, run.stop}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not run.stop.done():
            return reading.result()
        reading.cancel()
        await asyncio.wait({reading}, timeout=CLOSE_SECONDS)
        status = run.stop.result()
        return Ending(status) if status else None

    async def _read(self, run: Run) -> Ending:
        """Read the upstream into the reply until it ends, and say how it ended."""
        subject.set(f"generation {run.id}")
        try:
            async with Deadline() as deadline:
                ending = await self._read_until(run, deadline)
        except TimeoutError:
            ending = Ending(Status.FAILED, UpstreamTimeout.code, UpstreamTimeout.sentence)
        except ChatError as error:
            ending = Ending(Status.FAILED, error.code, error.message)
        except Exception as exc:
            log_failure(logger, exc, "generation %s of %s failed", run.id, run.generation.provider)
            ending = INTERNAL
        run.settle()
        # What goes wrong after the finish reason takes nothing from the answer.
        has_finished = run.finish_reason and ending and ending.status == Status.FAILED
        ending = run.ending() if has_finished or not ending else ending
        return named(ending, registry()[run.generation.model].provider.label)

    async def _read_until(self, run: Run, deadline: Deadline) -> Ending | None:
        clock = asyncio.get_running_loop().time
        last_moment = clock() + (settings.CHAT_TOTAL_SECONDS or 1e9)
        idle = settings.CHAT_IDLE_SECONDS or 1e9
        deadline.reschedule(min(clock() + (settings.CHAT_FIRST_TOKEN_SECONDS or 1e9), last_moment))
        room = settings.CHAT_OUTPUT_CHARS or 2**31
        stream = openai.stream(run.generation.model, run.take_prompt(), run.options, run.live.pause)
        async with aclosing(stream) as events:
            async for event in events:
                if run.stop.done():
                    return None
                match event:
                    case chunks.Text() | chunks.Reasoning() | chunks.Refusal():
                        run.first_piece_at = run.first_piece_at or timezone.now()
                        run.is_refused |= isinstance(event, chunks.Refusal)
                        for kind, text in run.pieces_of(event):
                            run.live.append(kind, text[:room])
                            room -= len(text)
                            if room < 0:
                                run.finish_reason = "length"
                                return Ending(Status.LENGTH, "output_limit")
                        deadline.reschedule(min(clock() + idle, last_moment))
                    case chunks.Finish(reason):
                        run.reasoning.stop()
                        run.finish_reason = graver(run.finish_reason, storable(reason)[:100])
                        deadline.reschedule(min(clock() + AFTER_FINISH_SECONDS, last_moment))
                    case chunks.Usage():
                        run.usage = event
                    case chunks.Done():
                        run.is_done = True
        return None

    # Stopped by whoever is at another process

    async def _see_stopped(self, generation_id: uuid.UUID) -> None:
        await asyncio.sleep(STOP_SECONDS)
        await write_in_database(stop_stored, generation_id)

    def _check_stop(self, generation_id: uuid.UUID) -> None:
        """Somebody says that it is to be stopped. The database says whether that is so, of all at once."""
        if not self._to_check:
            spawn(self._check_stops())
        self._to_check.add(generation_id)

    async def _check_stops(self) -> None:
        while ids := set(self._to_check):
            try:
                self._stop_asked(await in_database(asked_to_stop, ids))
            except Exception as exc:
                log_failure(logger, exc, "what was stopped at another process goes on until the next checkpoint")
            self._to_check -= ids

    def _stop_asked(self, ids: Iterable[uuid.UUID]) -> None:
        for run in [self.runs[pk] for pk in ids if pk in self.runs]:
            run.end_from_outside(Status.STOPPED)

    # Storing

    async def _finish(self, run: Run, ending: Ending) -> None:
        """Store the ending, then announce it."""
        run.reasoning.stop()
        run.settle()
        if not await self._store_ending(run, ending):
            return
        run.live.end(run.generation.ending)
        if ending.status in (Status.COMPLETE, Status.LENGTH):
            spawn(give_title(run.generation, run.live.reply.text))

    async def _store_ending(self, run: Run, ending: Ending) -> bool:
        """A database that is away is waited for: text must not be lost. False if the row had ended already."""
        outcome = run.outcome(ending)
        while True:
            try:
                is_ours = await write_in_database(
                    finish, run.generation, ending.status, run.live.reply, run.stored, **outcome
                )
                run.stored_position = run.live.reply.position
                self._storage.works([run])
                return is_ours
            except Exception as exc:
                if unavailable(exc):
                    self._storage.fails(exc, [run, *(other for other in self.runs.values() if other is not run)])
                    await asyncio.sleep(CHECKPOINT_SECONDS)
                    continue
                # Trying the same again would not help; the text alone is what must not be lost.
                line = "the end of generation %s of %s cannot be stored as it is"
                log_failure(logger, exc, line, run.id, run.generation.provider)
                if ending is INTERNAL:
                    return False
                ending, outcome = INTERNAL, {"code": INTERNAL.code, "error": INTERNAL.error}

    async def _checkpoint_while_running(self) -> None:
        while self.runs:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                with metrics.checkpoints.time():
                    await self._checkpoint()
            except Exception as exc:
                metrics.checkpoint_failures.inc()
                self._storage.fails(exc, list(self.runs.values()))

    async def _checkpoint(self) -> None:
        runs = [run for run in self.runs.values() if not run.is_finishing]
        grown = [run for run in runs if run.live.reply.position > run.stored_position]
        growth = [(run, run.live.reply.position, *run.live.reply.rows_since(run.stored)) for run in grown]
        now = time.monotonic()
        renew = now - self._renewed_at >= RENEW_SECONDS
        running, to_stop = await write_in_database(
            _store_progress,
            [run.id for run in runs],
            [(run.id, run.generation.message_id, rows) for run, _, rows, _ in growth],
            renew=renew,
        )
        self._renewed_at = now if renew else self._renewed_at
        for run, position, _rows, mark in growth:
            run.stored_position, run.stored = position, mark
        self._storage.works(runs)
        for run in runs:
            if run.id not in running and not run.is_finishing:
                run.end_from_outside(None)
        self._stop_asked(to_stop)


engine = Engine()
"""The process's engine."""
metrics.running.set_function(lambda: len(engine.runs))


def _run_of(accepted: Accepted) -> Run:
    generation, written = accepted.generation, accepted.written
    live = LiveReply(generation.message.conversation_id, written.reply.parts() if written else ())
    system_prompts = settings.CHAT_SYSTEM_PROMPT, accepted.options.system_prompt
    prompt = prompts.build(accepted.turns, *system_prompts, sees=sees_images(generation.model))
    stop: asyncio.Future[Status | None] = asyncio.get_running_loop().create_future()
    stored = written.mark if written else Mark()
    return Run(generation, prompt, accepted.options, live, stop, stored, live.reply.position)


def _store_progress(
    ids: list[uuid.UUID], grown: list[tuple[uuid.UUID, uuid.UUID, list[tuple[int, Part]]]], *, renew: bool
) -> tuple[set[uuid.UUID], list[uuid.UUID]]:
    """Write the replies that grew, of those generations that still run. Returns these, and which are to be stopped."""
    with transaction.atomic():
        locked = Generation.objects.running().filter(pk__in=ids).select_for_update()
        asked = dict(locked.values_list("pk", "stop_asked_at"))
        running = set(asked)
        MessagePart.store((message_id, rows) for pk, message_id, rows in grown if pk in running)
        if renew:
            Generation.objects.renew(running)
    return running, [pk for pk, asked_at in asked.items() if asked_at]
