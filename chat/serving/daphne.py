"""What daphne does not do by itself, for whoever serves open streams with it.

Seen with daphne 4.2.3 and Twisted 26.10:

- **Bodies.** daphne keeps a whole body, and Twisted parses a whole form, before the application is asked: 100 MB of
  JSON cost 106 MB of memory and of a form 1.2 GB, without any login. So what goes beyond the limit is dropped as it
  arrives; the application sees a body that is too large, and says so. Each chunk took 12 µs, be it of one byte: 12 MB
  of such kept everybody waiting for 11 s. A body of more than 1000 whose mean is below 16 bytes is refused.
- **Readers that do not read.** daphne accepts whatever the application sends and keeps it until the client takes it.
  Here `await send(…)` waits while more than 64 kB are on their way, so nobody makes the next piece before this one has
  gone. Who takes nothing for CHAT_READER_SECONDS is cut off; a page then comes again and goes on from its position.
- **Senders.** Who sends a head or a body by drips holds the connection for ever; who sends thousands of requests and
  takes no response has them all answered into memory (both: channel.py).
- **Its end.** It cannot be kept from taking connections while it serves those that it has, nor be told to close one
  after a response.
- **What only a proxy may say.** daphne believes `Daphne-Root-Path` from any client: it changes every link of a page,
  and a value that is not ASCII is a 500. Where a site is mounted is for its settings to say (FORCE_SCRIPT_NAME), so
  the header is dropped. An address in absolute form (RFC 9112, section 3.2.2) would be taken for a path.
- **Pieces of a stream, and whole responses.** Each would cross six layers and wait for another turn of the event loop,
  with two changes of what that loop watches: 28 µs for a piece, and twenty times that for a head and its body. What is
  there goes to the socket at once, a piece in 6 µs; only what does not fit there takes the long way.
- **Logs.** Twisted makes a line of each request, which nobody sees, or who has `-v 2` with all that its address says.

It is a server of its own, a subclass of daphne's, and so are its request and its factory. `manage.py runserver` takes
it where "chat.serving" stands before "daphne" in INSTALLED_APPS, and `python -m chat.serving.daphne` is daphne's
command line with it. `python -m daphne` has no way to be told, so `serve_command_line` tells it: the only thing in
this project that is assigned to somebody else's class, and only if the version is one that this was written for.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import unquote

import daphne
from daphne import http_protocol, server
from daphne.cli import CommandLineInterface
from twisted.internet import tcp
from twisted.web import http

from chat.generation.shutdown import shutdown
from chat.serving.body_limits import body_limit
from chat.serving.channel import Channel
from chat.serving.logs import loggable
from chat.serving.response_head import head_of

logger = logging.getLogger(__name__)

WRITTEN_FOR = ("4.2.",)
"""Beginnings of daphne's versions."""

MANY_CHUNKS, CHUNK_BYTES = 1_000, 16
"""So many chunks a body may have, whatever they hold, and one more for so many bytes."""


class Request(http_protocol.WebRequest):  # type: ignore[misc] # untyped base
    """A request, and the sending of its response."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.taken: asyncio.Future[None] | None = None
        """While too much waits for the client: done when it has taken all, or is gone."""
        self.head: dict[str, Any] | None = None
        """What is to begin the response: it goes with the first of the body."""
        self.limit: int | None = None
        """Of its body, once there is some."""
        self.chunks = 0
        """How many of the body have come."""
        super().__init__(*args, **kwargs)
        # Django does it. Not an attribute of the class: Twisted gives each request one of its own.
        self._parsePOSTFormSubmission = False

    def handleContentChunk(self, data: bytes) -> None:
        """Keeps no more of a body than the limit and one byte, by which the excess is seen."""
        if self.limit is None:
            _, target = _in_origin_form(self.channel._path)
            self.limit = body_limit(unquote(target.partition(b"?")[0].decode("latin-1")))
        kept = self.content.tell()
        self.chunks += 1
        if self.chunks > MANY_CHUNKS + kept / CHUNK_BYTES and self.channel.length is None:
            raise http._MalformedChunkedDataError("Too many tiny chunks")  # the channel makes a 400 of it
        if (room := self.limit + 1 - kept) > 0:
            super().handleContentChunk(data[:room])

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        authority, path = _in_origin_form(path)
        if authority is not None:
            self.requestHeaders.setRawHeaders(b"Host", [authority])
        super().requestReceived(command, path, version)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        if fault := self._fault():
            self.basic_error(400, b"Bad Request", fault)
            return None
        return super().process()

    def _fault(self) -> str:
        """What daphne would trip over, or take for something else."""
        if not self.uri.startswith(b"/"):
            return "Not a path"
        protocols = self.requestHeaders.getRawHeaders(b"Sec-WebSocket-Protocol", [])
        return "" if all(value.isascii() for value in protocols) else "Invalid header value"

    def basic_error(self, *said: Any) -> None:
        """Daphne's answer, and the last of the connection: such come at once, hundreds in a turn of the event loop."""
        if self.channel:
            self.channel.persistent = False
            self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        super().basic_error(*said)

    # Each is found in daphne's dict of connections, a dozen times; daphne says the same in Python
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and not self._response_started:
            self.head = message  # in the place of one that nobody has seen: something has failed after it
            return
        if not (head := self.head) or self.finished or not self.channel:
            super().handle_reply(message)
            return
        self.head = None
        if (b"Connection", b"close") in head.get("headers", ()):
            self.channel.persistent = False  # Twisted looks at what the request says alone
        if not self._send_whole(head, message):
            self.registerProducer(self, True)
            super().handle_reply(head)
            super().handle_reply(message)

    def _send_whole(self, head: dict[str, Any], message: dict[str, Any]) -> bool:
        """The response, if this is all of it, and nothing about it is unusual."""
        if message.get("more_body") or self.clientproto != b"HTTP/1.1" or self.method == b"HEAD":
            return False
        status, content = head["status"], message.get("body", b"")
        said = [(name, value) for name, values in self.responseHeaders.getAllRawHeaders() for value in values]
        defaults = {b"Content-Length": b"%d" % len(content)} if status not in http.NO_BODY_CODES else {}
        if self.server.server_name:
            defaults[b"Server"] = self.server.server_name.encode()
        if not (data := head_of(status, (*head.get("headers", ()), *said), defaults)):
            return False
        if status in http.NO_BODY_CODES:
            content = b""
        self._response_started, self.startedWriting = True, 1
        self.code, self.sentLength = status, len(content)
        self._send(b"".join((data, content)))
        self.finish()
        self.server.log_response(self)
        return True

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
        self._send(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _send(self, data: bytes) -> None:
        transport = self.channel.transport
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


def _in_origin_form(target: bytes) -> tuple[bytes | None, bytes]:
    """The authority of a request's target in absolute form, which counts for its host; None else. And its path."""
    scheme, colon, rest = target.partition(b"://")
    if not colon or scheme.lower() not in (b"http", b"https"):
        return None, target
    authority, slash, path = rest.partition(b"/")
    return authority, b"/" + path if slash else b"/"


def _is_idle(transport: Any) -> bool:
    """Can bytes go to its socket now without overtaking others?"""
    plain = isinstance(transport, tcp.Server) and not transport.TLS
    return bool(plain and transport.connected and not transport.dataBuffer and not transport._tempDataLen)


class Factory(http_protocol.HTTPFactory):  # type: ignore[misc] # untyped base
    """Makes a protocol for each connection, with our channel and our request."""

    def log(self, request: http.Request) -> None:
        """Nowhere: daphne has an access log, and Twisted's own, which `-v 2` shows, bears what was searched for."""

    def protocol(self) -> Any:
        return http._GenericHTTPChannelProtocol(Channel())  # as Twisted's, which has no other place for a channel

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class Server(server.Server):  # type: ignore[misc] # untyped base
    def run(self) -> None:
        self.ports: list[Any] = []
        shutdown.stops_listening(self.stop_listening)
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)

    def stop_listening(self) -> None:
        """Takes no more connections; those that are open go on."""
        while self.ports:
            self.ports.pop().stopListening()

    @property
    def http_factory(self) -> Factory:
        return self._factory

    @http_factory.setter
    def http_factory(self, daphnes: http_protocol.HTTPFactory) -> None:
        """`run` makes daphne's, and has no other place where one could be given to it."""
        self._factory = Factory(self)

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """A line of the access log."""
        super().log_action(protocol, action, details | {"path": loggable(details["path"])})

    def log_response(self, request: Request) -> None:
        """The line of one that was sent whole, as daphne writes that of any other."""
        if not self.action_logger:
            return
        client = ":".join(map(str, request.client_addr)) if request.client_addr else None
        details = {
            "path": request.uri.decode("latin-1"),
            "status": request.code,
            "method": request.method.decode("ascii", "replace"),
            "client": client,
            "time_taken": request.duration(),
            "size": request.sentLength,
        }
        self.log_action("http", "complete", details)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """The `send` of ASGI."""
        if not isinstance(protocol, Request):
            await super().handle_reply(protocol, message)
            return
        if message["type"] == "http.response.body" and message.get("more_body") and protocol.takes_pieces():
            if piece := message.get("body"):
                protocol.send_piece(piece)
        else:
            await super().handle_reply(protocol, message)
        if protocol.taken:
            await protocol.taken


class CommandLine(CommandLineInterface):  # type: ignore[misc] # untyped base
    server_class = Server


def is_known() -> bool:
    """Is this a daphne that the above was written for? Says so in the log if it is not."""
    if daphne.__version__.startswith(WRITTEN_FOR):
        return True
    logger.warning(
        "daphne %s is not known here and left as it is: it keeps whole bodies, and what slow readers do not take",
        daphne.__version__,
    )
    return False


def serve_command_line() -> None:
    """Let `python -m daphne` serve so, if that is what runs: it looks for its server after it has loaded the site."""
    if is_known():
        CommandLineInterface.server_class = Server


if __name__ == "__main__":
    CommandLine.entrypoint()
