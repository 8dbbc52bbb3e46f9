"""A reply as a response."""

from collections.abc import AsyncIterator

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, StreamingHttpResponse

from chat.core import sse
from chat.errors import TooMany
from chat.i18n import gettext_noop as _
from chat.live.follower import Place, follow, open_streams
from chat.models import Generation


def asked_position(request: HttpRequest) -> int | None:
    """The position that a request asks to go on from: `Last-Event-ID`, else `?after=`, else 0."""
    return sse.position_after(request.headers.get("Last-Event-ID"), request.GET.get("after"))


def take_place(user: AbstractBaseUser) -> Place:
    """For one more stream. Raises TooMany if the user has as many open in this process as one may have."""
    limit = settings.CHAT_STREAMS_PER_USER
    if limit and open_streams[user.pk] >= limit:
        raise TooMany(
            _("You have %(limit)s answers open at once. Close some of the tabs."),
            values={"limit": limit},
            retry_after=5,
        )
    return Place(user.pk)


def event_stream(generation: Generation, position: int | None, place: Place) -> StreamingHttpResponse:
    """The events of a reply after `position` (None: one that cannot be honoured) as `text/event-stream`."""
    return as_event_stream(follow(generation, position, place))


class EventStream(StreamingHttpResponse):
    """Its pieces go from their maker to Django's handler without the two generators that Django puts between."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        frames: AsyncIterator[bytes] = self._iterator  # type: ignore[attr-defined]
        return frames


def as_event_stream(frames: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """`frames` as `text/event-stream`.

    The headers keep what lies between from holding the stream back or rewriting it: no-transform and identity for
    compressing middleware and proxies, X-Accel-Buffering for nginx. It is no page, so it may load nothing.
    """
    return EventStream(
        frames,
        content_type="text/event-stream; charset=utf-8",
        headers={
            "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no",
            "Content-Encoding": "identity",
            "Content-Security-Policy": "default-src 'none'",
        },
    )
