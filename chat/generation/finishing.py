"""How a generation ends in the database: once, with its whole text, and only if it still runs there."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat import metrics
from chat.core.endings import Status
from chat.core.reply import Mark, Reply
from chat.core.search_terms import indexed
from chat.core.tokens import Tokens
from chat.core.tool_parts import CALL
from chat.generation.traces import trace
from chat.live import hints
from chat.models import Generation, MessagePart, SearchEntry, ToolCall
from chat.models.sql import update
from chat.signals import announce, generation_ended
from chat.usage.estimates import estimate
from chat.usage.settling import settle

FROM_THE_BEGINNING = Mark()
CUT_SHORT = {Status.INTERRUPTED, Status.STOPPED, Status.FAILED}
"""How an answer ends while tools may still be running."""
Write = Callable[[], object]
"""What is done in the transaction that stores an answer, in a thread."""


def do_all(writes: Iterable[Write]) -> None:
    for write in writes:
        write()


def finish(
    generation: Generation,
    status: Status,
    reply: Reply,
    since: Mark = FROM_THE_BEGINNING,
    writes: Iterable[Write] = (),
    tokens: Tokens | None = None,
    **outcome: Any,
) -> bool:
    """End it with the whole `reply` stored, all in the caller's transaction or one of its own.

    What comes before `since` is stored already; `writes` are done beside it. `tokens` are what it has used; None: that
    is estimated by what is stored. `outcome` are further fields of the row.
    Returns False, and writes nothing, if it had already ended: the row is the truth, and who comes second has lost the
    race.
    """
    known = {"status": status, "ends_at": reply.position, "ended_at": timezone.now(), "lease_until": None}
    ended: dict[str, Any] = known | outcome
    message = generation.message
    words = indexed(reply.text)  # before others have to wait for the one who writes
    with transaction.atomic():
        if not update(Generation, generation.pk, ended, "status = 'running'"):
            return False
        MessagePart.store([(message.pk, reply.rows_since(since)[0])])
        do_all(writes)
        if status in CUT_SHORT and any(part.kind == CALL for part in reply.parts()):
            ToolCall.leave(message.pk)
        used = estimate(generation, reply) if tokens is None else tokens
        settle(generation, used, status, ended.get("first_piece_at", generation.first_piece_at))
        SearchEntry.objects.index_messages(message.conversation_id, generation.owner_id, [(message.pk, words)])
    for name, value in ended.items():
        setattr(generation, name, value)
    _tell(generation)
    return True


def _tell(generation: Generation) -> None:
    """Whoever wants to know that it has ended."""
    message = generation.message
    hints.entry_changed(generation.owner_id, message.conversation_id)
    _count(generation)
    trace(generation)
    announce(
        generation_ended,
        Generation,
        generation=generation,
        generation_id=generation.pk,
        message_id=message.pk,
        conversation_id=message.conversation_id,
        owner_id=generation.owner_id,
    )


def _count(generation: Generation) -> None:
    model = generation.model
    metrics.ended.labels(generation.status, model).inc()
    metrics.whole.labels(model).observe(generation.duration or 0)
    if (waited := generation.first_piece_after) is not None:
        metrics.first_token.labels(model).observe(waited)
    metrics.tokens.labels("prompt", model).inc(generation.prompt_tokens or 0)
    metrics.tokens.labels("completion", model).inc(generation.completion_tokens or 0)


def interrupt(ids: Iterable[uuid.UUID]) -> int:
    """End those of `ids` that still run: their process is gone. Returns how many.

    The text that was stored stays as it is: the answer ends where the last checkpoint ended.
    """
    return sum(_finish_stored(pk, Status.INTERRUPTED) for pk in ids)


def stop_stored(pk: uuid.UUID) -> bool:
    """End one that no process runs as stopped, with the text that is stored. False if it had ended."""
    return _finish_stored(pk, Status.STOPPED)


def ask_to_stop(pk: uuid.UUID) -> bool:
    """Have the process that runs it end it: it looks once a second, or when it is told to. False if it had ended."""
    return update(Generation, pk, {"stop_asked_at": timezone.now()}, "status = 'running'")


def asked_to_stop(ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Those of `ids` that somebody wants stopped who cannot do so."""
    asked = Generation.objects.running().filter(pk__in=list(ids), stop_asked_at__isnull=False)
    return list(asked.values_list("pk", flat=True))


@transaction.atomic
def _finish_stored(pk: uuid.UUID, status: Status) -> bool:
    """The row is locked before its text is read: a process that writes it after all must not be overtaken."""
    generation = Generation.objects.running().filter(pk=pk).select_for_update().first()
    if not generation:
        return False
    reply = generation.message.reply
    return finish(generation, status, reply, since=Mark(position=reply.position))
