"""How many threads of tools hold connections to the database at once, however many there are."""

import threading
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from chat.conf import settings
from chat.tools.base import ToolError


class Permits:
    """A thread has one or none, whatever it opens with it: whoever waits for one holds no connection yet."""

    def __init__(self, number: int) -> None:
        self._left = threading.BoundedSemaphore(number)
        self._mine = threading.local()

    def take(self) -> None:
        """Raises ToolError where none is free in time."""
        if not getattr(self._mine, "is_held", False):
            if not self._left.acquire(timeout=settings.CHAT_TOOL_SECONDS or None):
                raise ToolError("Other tools hold all connections to the database. Try again later.")
            self._mine.is_held = True

    def give_back(self) -> None:
        if getattr(self._mine, "is_held", False):
            self._mine.is_held = False
            self._left.release()


def bounded(alias: str, permits: Permits) -> BaseDatabaseWrapper:
    """As Django makes a thread's connection to this database, but for what it waits for before it is opened."""
    made = connections.create_connection(alias)

    class Bounded(type(made)):  # type: ignore[misc] # whichever the project's settings name
        def connect(self) -> Any:
            permits.take()
            return super().connect()

    connection: BaseDatabaseWrapper = Bounded(made.settings_dict, alias)
    return connection
