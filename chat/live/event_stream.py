"""Events as an HTTP response."""

from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse


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
