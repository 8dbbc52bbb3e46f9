"""A reply as a response."""

import uuid
from collections import Counter

from django.contrib import auth
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, StreamingHttpResponse

from chat.conf import settings
from chat.core import sse
from chat.core.slots import Slot
from chat.errors import TooMany, Unavailable
from chat.i18n import gettext_noop as _
from chat.live.access import Access
from chat.live.event_stream import as_event_stream
from chat.live.follower import follow
from chat.models import Generation
from chat.models.users import UserId

open_streams: Counter[UserId] = Counter()
"""How many followers each user has in this process, those included that are about to begin."""
NO_STREAMS = _(
    "This site runs on a server that cannot stream answers. Your text is kept; "
    "please tell the administrator to run it under ASGI."
)


def asked_position(request: HttpRequest) -> int | None:
    """The position that a request asks to go on from: `Last-Event-ID`, else `?after=`, else 0."""
    return sse.position_after(request.headers.get("Last-Event-ID"), request.GET.get("after"))


def take_slot(request: HttpRequest, user: AbstractBaseUser) -> Slot:
    """For one more stream. Raises TooMany if the user has as many open in this process as one may have."""
    check_can_stream(request)
    limit = settings.CHAT_STREAMS_PER_USER
    if limit and open_streams[user.pk] >= limit:
        raise TooMany(
            _("You have %(limit)s answers open at once. Close some of the tabs."),
            values={"limit": limit},
            retry_after=5,
        )
    return Slot(open_streams, user.pk)


def check_can_stream(request: HttpRequest) -> None:
    """Raises Unavailable under WSGI, where the event loop, and what it runs, ends with the request."""
    if not hasattr(request, "scope"):  # of ASGI
        raise Unavailable(NO_STREAMS, code="cannot_stream")


def event_stream(
    request: HttpRequest, generation: Generation, position: int | None, slot: Slot
) -> StreamingHttpResponse:
    """The events of a reply after `position` (None: one that cannot be honoured) as `text/event-stream`."""
    access = access_of(request, generation.message.conversation_id)
    return as_event_stream(follow(generation, position, slot, access))


def access_of(request: HttpRequest, conversation_id: uuid.UUID | None = None) -> Access:
    """What allows whoever asks to read, in this conversation: their login, which has just been looked at."""
    session = request.session
    return Access(
        user_id=request.user.pk,
        backend=session[auth.BACKEND_SESSION_KEY],
        session_hash=session.get(auth.HASH_SESSION_KEY, ""),
        session_store=type(session),
        session_key=session.session_key,
        conversation_id=conversation_id,
    )
