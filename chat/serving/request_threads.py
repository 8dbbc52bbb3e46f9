"""The threads that serve the synchronous parts of requests.

Django gives each ASGI request a thread of its own until its response ends, and the thread keeps its database
connection. An open stream would hold both for minutes. Here all requests share a few single-thread executors
(asgiref 3.13, `ThreadSensitiveContext(executor=…)`), so threads and connections stay bounded however many
streams are open.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

from chat import metrics
from chat.models.threads import with_usable_connection


class RequestThreads:
    def __init__(self, number: int) -> None:
        self._threads = [RequestThread(f"request-{index}") for index in range(number)]
        metrics.waiting.labels("request").set_function(lambda: sum(len(one.waiting) for one in self._threads))

    def one(self) -> ThreadSensitiveContext:
        """The context of a request: one of the threads, where least waits."""
        thread = min(self._threads, key=lambda thread: len(thread.waiting))
        return ThreadSensitiveContext(executor=thread)


class RequestThread(ThreadPoolExecutor):
    """One thread that serves the synchronous parts of many requests."""

    def __init__(self, name: str) -> None:
        super().__init__(max_workers=1, thread_name_prefix=name)
        self.waiting: set[Future[Any]] = set()
        """What it has yet to do; a new request goes where least waits."""

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> "Future[Any]":  # type: ignore[override]
        future = super().submit(with_usable_connection, function, *args, **kwargs)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        return future
