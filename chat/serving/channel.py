"""A connection of daphne's, on which each request has its time to arrive, and each response its time to be taken.

**What arrives.** Twisted ends a connection that has been silent for a minute, and refuses a head of more than 500
lines or 16 kB. But who sends a byte now and then is never silent: such a connection would be held for ever, and with
it what has arrived of the request. So a head must be whole within CHAT_HEAD_SECONDS of its first byte, and a body
within CHAT_BODY_SECONDS of its head; else the answer is 408 (RFC 9110, section 15.5.9), and the connection is closed.

**What is to be taken.** A client may send requests without waiting for their responses (RFC 9112, section 9.3.2).
Twisted answers those that have arrived, hundreds fit into one read, whatever waits for the client already; and while
it answers one whose client takes nothing, it goes on to read. So while more than 64 kB wait for a client (the
transport's `bufferSize`) nothing more is read from it, and no further request of its is begun. Who does not take them
within CHAT_READER_SECONDS is cut off, and so is who does not take the last of a connection that is to be closed.
"""

import logging
from typing import Any

from twisted.web import http

from chat.conf import settings

logger = logging.getLogger(__name__)

HEAD, BODY, TAKEN = "head", "body", "taken"
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Channel(http.HTTPChannel):  # type: ignore[misc] # untyped base
    _awaited: str | None = None
    """What has begun to arrive and is not whole yet, or that what waits for the client is taken."""
    _deadline: Any = None

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if (awaited := self._incomplete()) != self._awaited:
            self._await(awaited)

    def requestDone(self, request: http.Request) -> None:
        self.paused = self._waitingForTransport  # what has arrived of further requests is not looked at
        super().requestDone(request)

    def loseConnection(self) -> None:
        """Closes it once all is taken; a socket whose client has taken too little does not even say that it is."""
        self._await(TAKEN)
        super().loseConnection()

    def connectionLost(self, reason: Any) -> None:
        self._await(None)
        super().connectionLost(reason)

    # Twisted's IPushProducer: what a transport says whose buffer is full, and once it is empty

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self._networkProducer.pauseProducing()
        if self._awaited != TAKEN:
            self._await(TAKEN)

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if sum(map(len, self._dataBuffer)) <= self._optimisticEagerReadSize:
            self._networkProducer.resumeProducing()  # also while a request is handled: its client may leave
        self.paused = False
        self.dataReceived(b"")

    def _incomplete(self) -> str | None:
        if self._waitingForTransport:
            return TAKEN
        if self._handlingRequest:
            return None
        if not self.line_mode:
            return BODY
        return HEAD if self.requests or self._buffer else None

    def _await(self, awaited: str | None) -> None:
        self._awaited = awaited
        if self._deadline and self._deadline.active():
            self._deadline.cancel()
        seconds = {
            HEAD: settings.CHAT_HEAD_SECONDS,
            BODY: settings.CHAT_BODY_SECONDS,
            TAKEN: settings.CHAT_READER_SECONDS,
        }.get(awaited or "")
        self._deadline = self.callLater(seconds, self._cut_off, awaited, seconds) if seconds else None

    def _cut_off(self, awaited: str, seconds: float) -> None:
        if awaited == TAKEN:
            logger.info("A reader took nothing for %g s and was cut off", seconds)
            self.transport.abortConnection()
            return
        logger.info("A client took more than %g s to send the %s of a request and was cut off", seconds, awaited)
        if not self.transport.disconnecting:
            self.transport.write(TOO_LATE)
        self.timeoutConnection()
