"""Checkpoints: what the answers of a process have grown by, written to the database by one task.

Once a second it writes what all have grown to, in one transaction, and renews the leases. Who cannot go on before
something is stored, as an answer that calls tools, asks for it (`store`): it is written at once, together with what
others ask for at the same time. So of one answer no older state is ever written over a newer one.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from chat import metrics
from chat.core.reply import Part
from chat.failures import unavailable
from chat.generation.background import spawn
from chat.generation.finishing import Write
from chat.generation.run import Run
from chat.generation.storage import Storage
from chat.models import Generation, MessagePart
from chat.models.threads import write_in_database

CHECKPOINT_SECONDS = 1.0
RENEW_SECONDS = 4.0
"""How often leases (15 s) are renewed."""

Growth = tuple[uuid.UUID, uuid.UUID, list[tuple[int, Part]]]
"""Of which generation, of which message, and the rows."""


@dataclass
class _Asked:
    run: Run
    write: Write | None
    stored: asyncio.Future[None]


class Checkpoints:
    def __init__(
        self, runs: Mapping[uuid.UUID, Run], storage: Storage, stop_asked: Callable[[Iterable[uuid.UUID]], None]
    ) -> None:
        """`runs`: those of the process, as they come and go. `stop_asked` is told which are to be stopped."""
        self._runs = runs
        self._storage = storage
        self._stop_asked = stop_asked
        self._task: asyncio.Task[None] | None = None
        self._asked: list[_Asked] = []
        self._news = asyncio.Event()
        self._renewed_at = 0.0

    def begin(self) -> None:
        """There is something to write, or will be."""
        if not self._task or self._task.done():
            self._task = spawn(self._write_while_running())

    async def store(self, run: Run, write: Write | None = None) -> None:
        """Once the reply of `run` is stored as it is now, and `write` done in the same transaction, or never.

        A database that is away is waited for. If the row has ended meanwhile the run is ended from outside: whoever
        waits here is cancelled then.
        """
        asked = _Asked(run, write, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        self._news.set()
        await asked.stored

    async def _write_while_running(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + CHECKPOINT_SECONDS
        while self._runs:
            timer = loop.call_at(due, self._news.set)
            await self._news.wait()
            timer.cancel()
            self._news.clear()
            is_due = loop.time() >= due
            asked = self._take_asked()
            runs = list(self._runs.values()) if is_due else list({one.run.id: one.run for one in asked}.values())
            try:
                with metrics.checkpoints.time():
                    await self._write([run for run in runs if not run.is_finishing], asked, may_renew=is_due)
            except Exception as exc:
                metrics.checkpoint_failures.inc()
                self._storage.fails(exc, list(self._runs.values()))
                self._fail(exc, asked)
                is_due = True
            due = loop.time() + CHECKPOINT_SECONDS if is_due else due

    def _take_asked(self) -> list[_Asked]:
        """Of whom still waits."""
        asked, self._asked = self._asked, []
        return [one for one in asked if not one.stored.done()]

    def _fail(self, exc: Exception, asked: Sequence[_Asked]) -> None:
        """What is away is asked again with the next checkpoint; else trying the same again would not help."""
        if unavailable(exc):
            self._asked = [*asked, *self._asked]
            return
        for one in asked:
            if not one.stored.done():
                one.stored.set_exception(exc)

    async def _write(self, runs: Sequence[Run], asked: Sequence[_Asked], *, may_renew: bool) -> None:
        """`may_renew`: these are all that run."""
        grown = [run for run in runs if run.live.reply.position > run.stored_position]
        growth = [(run, run.live.reply.position, *run.live.reply.rows_since(run.stored)) for run in grown]
        now = time.monotonic()
        renew = may_renew and now - self._renewed_at >= RENEW_SECONDS
        running, to_stop = await write_in_database(
            _store_progress,
            [run.id for run in runs],
            [(run.id, run.generation.message_id, rows) for run, _, rows, _ in growth],
            [(one.run.id, one.write) for one in asked if one.write],
            renew=renew,
        )
        self._renewed_at = now if renew else self._renewed_at
        for run, position, _rows, mark in growth:
            run.stored_position, run.stored = position, mark
        self._storage.works(runs, is_proven=bool(growth or asked))
        for one in asked:
            if one.run.id in running and not one.stored.done():
                one.stored.set_result(None)
        for run in runs:
            if run.id not in running and not run.is_finishing:
                run.end_from_outside(None)
        self._stop_asked(to_stop)


def _store_progress(
    ids: Sequence[uuid.UUID], grown: Iterable[Growth], writes: Iterable[tuple[uuid.UUID, Write]], *, renew: bool
) -> tuple[set[uuid.UUID], list[uuid.UUID]]:
    """Write the replies that grew, and what else is to be done, of those generations that still run.

    Returns these, and which are to be stopped.
    """
    with transaction.atomic():
        locked = Generation.objects.running().filter(pk__in=ids).select_for_update()
        asked = dict(locked.values_list("pk", "stop_asked_at"))
        running = set(asked)
        MessagePart.store((message_id, rows) for pk, message_id, rows in grown if pk in running)
        for pk, write in writes:
            if pk in running:
                write()
        if renew:
            Generation.objects.renew(running)
    return running, [pk for pk, asked_at in asked.items() if asked_at]
