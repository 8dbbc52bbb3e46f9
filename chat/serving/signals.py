"""Django's signals of a request that begins and one that ends, without a change of thread where nobody needs it.

Django sends them in a thread, for their receivers may use the database: 0.2 ms each. Its own look at this thread's
connections, the URLconf and the caches, which waits for nothing where the thread has no connection open; and the
event loop's has none. So where they are alone they are called on the loop, or not at all where they would find
nothing to do. Each thread that uses a connection looks at it by itself (chat/models/threads.py).
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.dispatch import Signal
from django.http import HttpResponseBase

from chat.live.event_stream import EventStream

DJANGOS_OWN = {id(receiver) for receiver in (close_old_connections, reset_queries, reset_urlconf, close_caches)}

BOTH = (request_started, request_finished)


async def begin(sender: type, scope: Any) -> None:
    """`request_started`, by which Django looks at connections: there is none, or somebody else listens."""
    if not _waits_for_nothing(request_started):
        await request_started.asend(sender, scope=scope)


async def close(response: HttpResponseBase) -> None:
    """Ends the request: its files are closed, and `request_finished` is sent."""
    holds_no_file = not response.streaming or isinstance(response, EventStream)
    if holds_no_file and _waits_for_nothing(request_finished):
        response.close()
    else:
        await sync_to_async(response.close)()


async def close_unseen(response: HttpResponseBase) -> None:
    """Ends a request that no middleware and no view has seen, so that it has left nothing open."""
    if not _waits_for_nothing(request_finished):
        await close(response)


def are_djangos_own(*of: Signal) -> bool:
    """Does nobody else listen to these, by default to both of a request?"""
    # Whoever else listens, of whatever kind, makes this false. A key is (id of the receiver, id of the sender).
    return all(key[0] in DJANGOS_OWN for signal in of or BOTH for key, *_ in signal.receivers)


def _waits_for_nothing(signal: Signal) -> bool:
    return are_djangos_own(signal) and all(one.connection is None for one in connections.all(initialized_only=True))
