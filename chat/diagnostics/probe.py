"""A test stream: `manage.py checkstream` sends it to itself through the public address, to see what lies between.

Whoever may ask for it can hold a stream for a while, so the command makes the token: signed with SECRET_KEY, good for
ten minutes, carrying what the stream does. The stream needs no login, no database and no thread.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Self

from django.core import signing

from chat.core import sse
from chat.errors import Forbidden

SALT = "chat.diagnostics.stream"
TOKEN_SECONDS = 600
MAX_EVENTS = 100
MAX_INTERVAL = 1.0
MAX_SILENCE = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a test stream does: `events` ticks, `interval` seconds apart, then `silence` seconds without a byte."""

    events: int = 0
    interval: float = 0.0
    silence: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the stream takes."""
        return self.events * self.interval + self.silence

    def token(self) -> str:
        """What the view wants to see. Another site makes another one."""
        return signing.dumps(asdict(self), salt=SALT)

    @classmethod
    def of_token(cls, token: str) -> Self:
        """The plan in `token`, within our bounds. Raises Forbidden if this site has not made it, or not of late."""
        try:
            plan = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
        except signing.SignatureExpired as exc:
            raise Forbidden("This token of the test stream is too old.") from exc
        except signing.BadSignature as exc:
            raise Forbidden("This token of the test stream was not made with this site's SECRET_KEY.") from exc
        return cls(
            min(plan["events"], MAX_EVENTS),
            min(plan["interval"], MAX_INTERVAL),
            min(plan["silence"], MAX_SILENCE),
        )


async def frames(plan: Plan, arrived: dict[str, object]) -> AsyncIterator[bytes]:
    """`start`, the ticks and `end`, each with the seconds since the beginning at which it was sent."""
    began = time.monotonic()
    yield sse.frame("start", {"elapsed": 0.0, "stream": str(uuid.uuid4()), **arrived})
    for number in range(1, plan.events + 1):
        await asyncio.sleep(began + number * plan.interval - time.monotonic())
        yield sse.frame("tick", {"elapsed": time.monotonic() - began})
    await asyncio.sleep(plan.silence)
    yield sse.frame("end", {"elapsed": time.monotonic() - began})
