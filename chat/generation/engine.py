"""The engine: the generations that run in this process.

Theory. A generation is a task of its own. It belongs to no request: closing, reloading or losing the page ends a
follower, never a generation; stopping is an explicit act. Such a task starts in a fresh context, because one that
inherits a request's context would hold the request's thread for as long as it lives.

What a generation does from its question to its end is in tool_rounds.py: it asks the model, runs the tools that this
calls, and asks again; response.py reads what is answered.

The row in the database is the truth. A generation is stored as running, with a lease, before the upstream is asked.
Once a second the checkpointer (checkpoints.py) writes what all replies have grown to, in one transaction, and renews
the leases; it also learns which rows are no longer running, and lets their tasks go, and which of them somebody wants
stopped who asked at another process. A generation ends by one conditional update, running -> an ending, together with
its whole text; only after that is committed do followers hear of it. Whose process is gone stops renewing, and a sweep
in any process marks its generations interrupted when the lease runs out.
"""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from chat import metrics
from chat.conf import settings
from chat.conversations import messages
from chat.conversations.turns import Accepted, Continuation, Question, Regeneration, Wish
from chat.core.endings import INTERNAL, Ending, Status, named
from chat.core.process import process_name
from chat.errors import Unavailable
from chat.failures import log_failure, unavailable
from chat.failures.subject import subject
from chat.generation import background
from chat.generation.background import spawn
from chat.generation.checkpoints import CHECKPOINT_SECONDS, Checkpoints
from chat.generation.finishing import ask_to_stop, asked_to_stop, finish, stop_stored
from chat.generation.run import Run, run_of
from chat.generation.shutdown import shutdown
from chat.generation.storage import Storage
from chat.generation.titles import give_title
from chat.generation.tool_rounds import answer
from chat.generation.unfinished_calls import end_calls
from chat.i18n import gettext_noop as _
from chat.live import hints
from chat.live.exchange import exchange
from chat.models import Generation
from chat.models.threads import in_database, write_in_database
from chat.models.users import UserId
from chat.providers.client import close_clients
from chat.providers.registry import registry
from chat.tools.registry import close as close_tools

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""How long a stopped generation waits for its upstream to be closed before it is stored as stopped."""
STOP_SECONDS = 4.0
"""How long another process may take to end what it was asked to stop: a checkpoint, CLOSE_SECONDS and some. Then it
counts as gone."""


class Engine:
    """Starts, stops, checkpoints and finishes the generations of this process."""

    def __init__(self) -> None:
        self.runs: dict[uuid.UUID, Run] = {}
        self._accepting = Counter[str]()
        """By provider, as all that is counted here."""
        self._is_closing = False
        self._storage = Storage()
        self._checkpoints = Checkpoints(self.runs, self._storage, self._stop_asked)
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
            await close_clients()
            await close_tools()

    # Accepting

    async def _accept(
        self, turn: Callable[..., Accepted], owner_id: UserId, place: uuid.UUID, wish: Wish
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
        run = run_of(accepted)
        self.runs[run.id] = run
        spawn(self._generate(run, spawn(self._read(run))))
        # Findable at once: whoever follows or stops it now must not take it for one that nobody runs.
        stop, check = partial(run.end_from_outside, Status.STOPPED), partial(self._check_stop, run.id)
        await exchange.publish(run.id, run.live, stop, check)
        self._checkpoints.begin()

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
        if status:
            end_calls(run, status)
        return Ending(status) if status else None

    async def _read(self, run: Run) -> Ending:
        """Ask the model, run what it calls and ask it again, until it has answered; and say how that ended."""
        subject.set(f"generation {run.id}")
        try:
            ending = await answer(run, self._checkpoints.store)
        except Exception as exc:
            log_failure(logger, exc, "generation %s of %s failed", run.id, run.generation.provider)
            ending = INTERNAL
            end_calls(run, Status.INTERRUPTED)
        return named(ending, registry()[run.generation.model].provider.label)

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
            spawn(give_title(run.generation, run.live.reply.text, under_quota=run.reserved is not None))

    async def _store_ending(self, run: Run, ending: Ending) -> bool:
        """A database that is away is waited for: text must not be lost. False if the row had ended already."""
        outcome, writes = run.outcome(ending), list(run.unwritten.values())
        while True:
            try:
                is_ours = await write_in_database(
                    finish, run.generation, ending.status, run.live.reply, run.stored, writes, **outcome
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
                ending, writes = INTERNAL, []
                outcome = {"code": INTERNAL.code, "error": INTERNAL.error, "tokens": run.tokens}


engine = Engine()
"""The process's engine."""
metrics.running.set_function(lambda: len(engine.runs))
