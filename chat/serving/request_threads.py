"""The threads that serve the synchronous parts of requests.

Django gives each ASGI request a thread of its own until its response ends, and the thread keeps its database
connection. An open stream would hold both for minutes. Here all requests share a few single-thread executors
(asgiref 3.13, `ThreadSensitiveContext(executor=…)`), so threads and connections stay bounded however many
streams are open.
"""

from asgiref.sync import ThreadSensitiveContext

from chat import metrics
from chat.models.threads import PoolThreads


class RequestThreads:
    def __init__(self, number: int) -> None:
        self._threads = [RequestThread("request", index) for index in range(number)]
        metrics.waiting.labels("request").set_function(lambda: sum(len(one.waiting) for one in self._threads))

    def one(self) -> ThreadSensitiveContext:
        """The context of a request: one of the threads, where least waits."""
        thread = min(self._threads, key=lambda thread: len(thread.waiting))
        return ThreadSensitiveContext(executor=thread)


class RequestThread(PoolThreads):
    """One thread that serves the synchronous parts of many requests; a new one goes where least waits."""

    def __init__(self, pool: str, index: int) -> None:
        super().__init__(pool, 1, f"{pool}-{index}")
