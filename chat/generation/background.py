"""Tasks that outlive the request that starts them."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from chat.errors import ChatError
from chat.failures import log_waiting

logger = logging.getLogger(__name__)

R = TypeVar("R")

_tasks: set[asyncio.Task[Any]] = set()
"""The event loop itself holds tasks only weakly."""


def spawn(work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Run `work` in a fresh context: one that inherits a request's context would hold the request's thread.

    What it raises is for whoever awaits the task, and for the log, in case nobody does.
    """
    task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
    _tasks.add(task)
    task.add_done_callback(_forget)
    return task


def number_of_tasks() -> int:
    """That have not ended."""
    return len(_tasks)


async def see_through(work: Coroutine[Any, Any, R], if_left: Callable[[], object]) -> R:
    """The result of `work`, which goes on if its caller is cancelled; then `if_left` is called when it has ended."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda _: if_left())
        raise


def _forget(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, ChatError):
        log_waiting(logger, error, "a task of the chat failed")
