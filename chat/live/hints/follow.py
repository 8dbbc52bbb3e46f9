"""A stream of hints as frames."""

import logging
import random
from collections.abc import AsyncIterator

from chat.core import sse
from chat.failures import log_failure
from chat.live.access import Gone
from chat.live.access.watch import watch
from chat.live.events import LAST_RETRY
from chat.live.hints.pending import CONVERSATION, LIST
from chat.live.hints.registry import registry
from chat.live.hints.stream import HintStream, framed

logger = logging.getLogger(__name__)

SPREAD_MS = 10_000
"""In which those come again that were cut together;"""
MOVE_MS = 5_000
"""or that were let go together, by a process that drains."""


async def follow_hints(stream: HintStream, version: str, since: str) -> AsyncIterator[bytes]:
    """The frames of docs/protocol.md. `version` is the site's, `since` the position that its reader has."""
    try:
        has_missed = registry.add(stream, since)
        watch.add(stream.access, stream.wake)
        yield _beginning(stream, version, has_missed)
        while True:
            await stream.news()
            if stream.access.gone:
                yield _gone_frame(stream.access.gone)
            elif stream.is_closed:
                yield sse.frame("closed", {}) + LAST_RETRY
            elif stream.is_over:  # the process is about to end, and another is there
                yield sse.retry(random.randint(1, MOVE_MS))  # noqa: S311
            if stream.access.gone or stream.is_over:
                return
            yield stream.take() or sse.KEEP_ALIVE
    except Exception as exc:
        # Raised on, daphne would leave the connection hanging.
        log_failure(logger, exc, "a stream of hints failed")
    finally:
        watch.discard(stream.access)
        registry.discard(stream)


def _beginning(stream: HintStream, version: str, has_missed: bool) -> bytes:
    missed: list[tuple[str, dict[str, object]]] = [(LIST, {}), (CONVERSATION, {})] if has_missed else []
    retry = sse.retry(random.randint(1_000, SPREAD_MS))  # noqa: S311 - to spread, not to hide
    return retry + framed([("version", {"version": version}), *missed], stream.position)


def _gone_frame(gone: Gone) -> bytes:
    """As of an answer: who is logged out may have another login, and asks once more."""
    frame = sse.frame("gone", {"code": gone})
    return frame if gone == Gone.LOGGED_OUT else frame + LAST_RETRY
