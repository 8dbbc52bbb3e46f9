"""The exchange of a single process: a dictionary."""

import uuid
from collections.abc import Callable, Iterable

from chat.live.exchange.base import Exchange
from chat.live.exchange.live_reply import LiveReply


class MemoryExchange(Exchange):
    def __init__(self) -> None:
        self._live: dict[uuid.UUID, tuple[LiveReply, Callable[[], None]]] = {}

    async def publish(
        self,
        generation_id: uuid.UUID,
        live: LiveReply,
        stop: Callable[[], None],
        check: Callable[[], None] | None = None,
    ) -> None:
        self._live[generation_id] = live, stop

    async def withdraw(self, generation_id: uuid.UUID) -> None:
        self._live.pop(generation_id, None)

    async def find(self, generation_id: uuid.UUID) -> LiveReply | None:
        found = self._live.get(generation_id)
        return found and found[0]

    async def stop(self, generation_id: uuid.UUID, process: str = "") -> bool:
        if not (found := self._live.get(generation_id)):
            return False
        found[1]()
        return True

    async def retitle(self, conversation_id: uuid.UUID, title: str, processes: Iterable[str] = ()) -> None:
        for live, _ in list(self._live.values()):
            if live.conversation_id == conversation_id:
                live.retitle(title)

    async def close(self) -> None:
        pass
