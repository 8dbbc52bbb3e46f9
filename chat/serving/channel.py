"""A connection of daphne's, on which each request has its time to arrive: the head, then the body.

Twisted ends a connection that has been silent for a minute, and refuses a head of more than 500 lines or 16 kB. But
who sends a byte now and then is never silent: such a connection would be held for ever, and with it what has arrived
of the request. So a head must be whole within CHAT_HEAD_SECONDS of its first byte, and a body within CHAT_BODY_SECONDS
of its head; else the answer is 408 (RFC 9110, section 15.5.9), and the connection is closed.
"""

import logging
from typing import Any

from twisted.web import http

from chat.conf import settings

logger = logging.getLogger(__name__)

HEAD, BODY = "head", "body"
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Channel(http.HTTPChannel):  # type: ignore[misc] # untyped base
    _awaited: str | None = None
    """What has begun to arrive, and is not whole yet."""
    _deadline: Any = None

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if (awaited := self._incomplete()) != self._awaited:
            self._await(awaited)

    def connectionLost(self, reason: Any) -> None:
        self._await(None)
        super().connectionLost(reason)

    def _incomplete(self) -> str | None:
        if self._handlingRequest:
            return None
        if not self.line_mode:
            return BODY
        return HEAD if self.requests or self._buffer else None

    def _await(self, awaited: str | None) -> None:
        self._awaited = awaited
        if self._deadline and self._deadline.active():
            self._deadline.cancel()
        seconds = {HEAD: settings.CHAT_HEAD_SECONDS, BODY: settings.CHAT_BODY_SECONDS}.get(awaited or "")
        self._deadline = self.callLater(seconds, self._cut_off, awaited, seconds) if seconds else None

    def _cut_off(self, awaited: str, seconds: float) -> None:
        logger.info("A client took more than %g s to send the %s of a request and was cut off", seconds, awaited)
        if not self.transport.disconnecting:
            self.transport.write(TOO_LATE)
        self.timeoutConnection()
