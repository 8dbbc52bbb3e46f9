"""A bus: how processes of a site tell each other what is new. Nothing on it is kept, and anything may be lost.

What arrives may be doubled, late or out of order as well: whoever hears it must notice (`shared`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

ALL = "all"
"""The name by which all processes are reached."""


class Bus(ABC):
    """For one event loop at a time."""

    is_up = False
    """Is what is sent likely to arrive?"""

    @property
    @abstractmethod
    def name(self) -> str:
        """What this process is called on it."""

    @abstractmethod
    def start(self, hear: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """From now on, or soon, `hear` is called for what others send here. Safe to repeat, and waits for nothing.

        `lost` is called whenever the bus goes down: what is not heard then never will be.
        """

    @abstractmethod
    def send(self, process: str, message: bytes) -> None:
        """To one process, or to all, this one too. Waits for nothing: what there is no room for is dropped."""

    @abstractmethod
    async def close(self) -> None:
        """Send what is waiting, within moments, and end."""
