"""What this site asks of daphne beyond what daphne does by itself.

`chatsite.asgi` puts it in place when it is imported, so it holds for `python -m daphne` and for `manage.py runserver`
alike; under another server it is not in the way. Seen with daphne 4.2.3 and Twisted 26.10:

- **Bodies.** daphne keeps a whole body, and Twisted parses a whole form, before the application is asked: 100 MB of
  JSON cost 106 MB of memory and of a form 1.2 GB, without any login. So what goes beyond the limit is dropped as it
  arrives; the application sees a body that is too large, and says so.
- **Readers that do not read.** daphne accepts whatever the application sends and keeps it until the client takes it.
  Here `await send(…)` waits while more than 64 kB are on their way, so nobody makes the next piece before this one has
  gone. Who takes nothing for CHAT_READER_SECONDS is cut off; a page then comes again and goes on from its position.
- **Pieces of a stream.** Each would cross six layers and wait for another turn of the event loop, with two changes of
  what that loop watches: 28 µs. A piece goes to the socket at once, in 6 µs; only what does not fit there takes the
  long way.
"""

import asyncio
import logging
import sys
from functools import cache
from typing import Any

from daphne import http_protocol
from daphne.http_protocol import WebRequest
from daphne.server import Server
from django.conf import settings as project
from django.urls import get_script_prefix, reverse
from twisted.internet import tcp

from chat.conf import settings

logger = logging.getLogger(__name__)


def improve_daphne() -> None:
    """Let daphne serve with the request of this module."""
    http_protocol.WebRequest = Request
    Server.handle_reply = _handle_reply


def body_limit(path: str) -> int:
    """How many bytes a body for this path may have: files are larger than what anybody writes."""
    prefix = get_script_prefix()
    if path == _path_of("imports", prefix):
        return _with_form(settings.CHAT_IMPORT_BYTES)
    if path == _path_of("attachments", prefix) and settings.CHAT_ATTACHMENTS:
        return _with_form(settings.CHAT_ATTACHMENT_BYTES)
    return int(project.DATA_UPLOAD_MAX_MEMORY_SIZE)


@cache
def _path_of(name: str, prefix: str) -> str:
    """Found once for each place where the site is mounted, on which `reverse` depends: it takes 40 µs."""
    return reverse(f"chat:{name}")


def _with_form(file: int) -> int:
    """A file of so many bytes, and the form that brings it; 0: no limit."""
    return file + 65_536 if file else sys.maxsize


class Request(WebRequest):  # type: ignore[misc] # untyped base
    """A request, and the sending of its response."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.taken: asyncio.Future[None] | None = None
        """While too much waits for the client: done when it has taken all, or is gone."""
        super().__init__(*args, **kwargs)
        # Django does it. Not an attribute of the class: Twisted gives each request one of its own.
        self._parsePOSTFormSubmission = False

    def handleContentChunk(self, data: bytes) -> None:
        """Keeps no more of a body than the limit and one byte, by which the excess is seen."""
        path = self.channel._path.partition(b"?")[0].decode("latin-1")
        if (room := body_limit(path) + 1 - self.content.tell()) > 0:
            super().handleContentChunk(data[:room])

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.registerProducer(self, True)
        super().handle_reply(message)

    def finish(self) -> None:
        if self.producer:
            self.unregisterProducer()
        super().finish()

    def takes_pieces(self) -> bool:
        """Is this a response in chunks (RFC 9112, section 7.1) whose head has been sent?"""
        return bool(self.chunked and self.startedWriting and not self.finished and self.channel)

    def send_piece(self, piece: bytes) -> None:
        """Sends one chunk: to the socket at once, unless earlier ones still wait."""
        self.sentLength += len(piece)
        transport = self.channel.transport
        data = b"%x\r\n%b\r\n" % (len(piece), piece)
        if _is_idle(transport):
            sent = transport.writeSomeData(data)
            # An exception says that the connection is lost, which the reactor will find out.
            data = data[sent:] if isinstance(sent, int) else data
        if data:
            transport.write(data)

    # Twisted's IPushProducer: what a transport whose buffer is full tells the one who fills it

    def pauseProducing(self) -> None:
        self.taken = self.taken or asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        taken, self.taken = self.taken, None
        if taken and not taken.done():
            taken.set_result(None)

    stopProducing = resumeProducing

    async def until_taken(self) -> None:
        """Wait while too much is on its way to the client, and cut off one that takes nothing."""
        if not (taken := self.taken):
            return
        try:
            async with asyncio.timeout(settings.CHAT_READER_SECONDS or None):
                await taken
        except TimeoutError:
            if self.channel:
                logger.info("A reader took nothing for %g s and was cut off", settings.CHAT_READER_SECONDS)
                self.channel.transport.abortConnection()


def _is_idle(transport: Any) -> bool:
    """Can bytes go to its socket now without overtaking others?"""
    plain = isinstance(transport, tcp.Server) and not transport.TLS
    return bool(plain and transport.connected and not transport.dataBuffer and not transport._tempDataLen)


_pass_on = Server.handle_reply


async def _handle_reply(server: Server, protocol: Any, message: dict[str, Any]) -> None:
    """The `send` of ASGI."""
    if not isinstance(protocol, Request):
        await _pass_on(server, protocol, message)
        return
    if message["type"] == "http.response.body" and message.get("more_body") and protocol.takes_pieces():
        if piece := message.get("body"):
            protocol.send_piece(piece)
    else:
        await _pass_on(server, protocol, message)
    if protocol.taken:
        await protocol.until_taken()
