"""One response of the model's service, read into the reply until it ends, and how it ended."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from django.utils import timezone

from chat.conf import settings
from chat.core.endings import INTERNAL, Ending, Status, graver
from chat.core.reply import storable
from chat.errors import ChatError, UpstreamBroke, UpstreamError, UpstreamTimeout
from chat.failures import log_failure
from chat.generation.deadline import Deadline
from chat.generation.reserving import NO_QUOTA, reserve_more
from chat.generation.run import Run
from chat.providers import chunks, openai

logger = logging.getLogger(__name__)

AFTER_FINISH_SECONDS = 5.0
"""How long the usage and the end of the stream may still take after the finish reason."""
TIMEOUT = Ending(Status.FAILED, UpstreamTimeout.code, UpstreamTimeout.sentence)
NO_ROOM = Ending(Status.LENGTH, "output_limit")


async def read_response(run: Run, tools: Sequence[dict[str, Any]] = ()) -> Ending:
    """Ask the prompt of `run`, and have what is answered in its reply. Calls of `tools` are in what it has heard."""
    run.hear()
    if asyncio.get_running_loop().time() >= run.last_moment:
        return TIMEOUT
    try:
        async with Deadline() as deadline:
            ending = await _read_until(run, tools, deadline)
    except TimeoutError:
        ending = TIMEOUT
    except ChatError as error:
        run.heard.is_asked &= not isinstance(error, UpstreamError) or isinstance(error, UpstreamBroke)
        ending = Ending(Status.FAILED, error.code, error.message)
    except Exception as exc:
        log_failure(logger, exc, "generation %s of %s failed", run.id, run.generation.provider)
        ending = INTERNAL
    run.settle()
    run.reasoning.stop()
    # What goes wrong after the finish reason takes nothing from the answer.
    has_finished = run.heard.finish_reason and ending and ending.status == Status.FAILED
    return run.ending() if has_finished or not ending else ending


async def _read_until(run: Run, tools: Sequence[dict[str, Any]], deadline: Deadline) -> Ending | None:
    clock = asyncio.get_running_loop().time
    idle = settings.CHAT_IDLE_SECONDS or 1e9
    deadline.reschedule(min(clock() + (settings.CHAT_FIRST_TOKEN_SECONDS or 1e9), run.last_moment))
    heard = run.heard
    stream = openai.stream(run.generation.model, run.take_prompt(), run.options, run.live.pause, tools)
    async with aclosing(stream) as events:
        async for event in events:
            if run.stop.done():
                return None
            match event:
                case chunks.Text() | chunks.Reasoning() | chunks.Refusal():
                    run.first_piece_at = run.first_piece_at or timezone.now()
                    heard.is_refused |= isinstance(event, chunks.Refusal)
                    for kind, text in run.pieces_of(event):
                        run.live.append(kind, text[: run.room])
                        run.room -= len(text)
                        if run.room < 0:
                            break
                    if no_room := await _no_room(run):
                        return no_room
                    deadline.reschedule(min(clock() + idle, run.last_moment))
                case chunks.Calling(characters) if tools:
                    run.first_piece_at = run.first_piece_at or timezone.now()
                    run.room -= characters
                    if no_room := await _no_room(run):
                        return no_room
                    deadline.reschedule(min(clock() + idle, run.last_moment))
                case chunks.Calls(calls) if tools:
                    heard.calls = calls
                case chunks.Finish(reason):
                    run.reasoning.stop()
                    heard.finish_reason = graver(heard.finish_reason, storable(reason)[:100])
                    deadline.reschedule(min(clock() + AFTER_FINISH_SECONDS, run.last_moment))
                case chunks.Usage():
                    heard.usage = heard.usage.updated(event) if heard.usage else event
                case chunks.Done():
                    heard.is_done = True
    return None


async def _no_room(run: Run) -> Ending | None:
    """How it ends, if more was written than there is room for, or than its quota has."""
    if run.room >= 0 and (run.room >= run.reserved_room or await reserve_more(run)):
        return None
    run.heard.finish_reason = "length"
    return NO_ROOM if run.room < 0 else NO_QUOTA
