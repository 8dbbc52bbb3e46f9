"""A scripted upstream: an OpenAI-compatible server on a real loopback socket that does what a test tells it.

A test scripts what the next request with a certain question gets, as steps: `upstream.script("Why?", say("Because"),
Gate(), finish("stop"), done())`. Every byte and every cut is under its control. Requests are told apart by the text of
their last user message, so that tests do not disturb each other; what nobody scripted gets a short, complete answer.
One thread runs an event loop for all connections; nothing in here sleeps.
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from chat.core import prompt

PATIENCE = 30.0
"""Seconds after which a wait gives up, with a sentence."""

What = Literal["answer", "title", "continuation"]
TITLE_PROMPT = prompt.title("", "")[0]["content"]

# Steps


@dataclass(frozen=True)
class Raw:
    """Bytes of the body, as they are."""

    data: bytes


@dataclass(frozen=True)
class OneByOne:
    """Bytes of the body, each in a TCP segment of its own."""

    data: bytes


@dataclass(frozen=True)
class Head:
    """A status line and headers. Without this step a stream begins with the usual ones."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream; charset=utf-8"})
    chunked: bool = False
    """Chunked: `close` then is a clean end, `cut` is not. Otherwise the end of the connection ends the body."""


@dataclass(frozen=True)
class Close:
    """Close the connection: cleanly, or in the middle of a chunked body, or with a TCP reset."""

    how: str


class Gate:
    """The script waits here until the test opens the gate."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened = threading.Event()
        self._wake: Any = None

    def wait_reached(self, seconds: float = PATIENCE) -> None:
        """Return once the script has come here: all that precedes has been sent."""
        assert self._reached.wait(seconds), f"The upstream's script did not reach this gate within {seconds} s"

    def open(self) -> None:
        self._opened.set()
        if self._wake:
            self._wake()

    async def pass_through(self) -> None:
        loop, passed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(passed.set)

        self._wake = wake
        self._reached.set()
        if not self._opened.is_set():
            await passed.wait()


Step = Raw | OneByOne | Head | Close | Gate


def sse(data: object, event: str = "") -> Raw:
    """One event; `data` as JSON unless it is a string. Lone surrogates are escaped: UTF-8 has none."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    text = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return Raw((f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode())


def chunk(*choices: dict[str, Any], **rest: object) -> Raw:
    return sse({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": choices} | rest)


def delta(**fields: object) -> Raw:
    return chunk({"index": 0, "delta": fields, "finish_reason": None})


def say(text: str) -> Raw:
    return delta(content=text)


def think(text: str, name: str = "reasoning_content") -> Raw:
    return delta(**{name: text})


def refuse(text: str) -> Raw:
    return delta(refusal=text)


def call(name: str, arguments: dict[str, Any] | None = None, index: int = 0) -> Raw:
    """One call of a tool, whole."""
    said = {"name": name, "arguments": json.dumps(arguments or {})}
    return delta(tool_calls=[{"index": index, "id": f"call_{index}", "type": "function", "function": said}])


def finish(reason: str = "stop") -> Raw:
    return chunk({"index": 0, "delta": {}, "finish_reason": reason})


def usage(prompt_tokens: object, completion_tokens: object) -> Raw:
    """As OpenAI sends it: in a chunk of its own, without choices."""
    return chunk(usage={"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens})


def done() -> Raw:
    return sse("[DONE]")


def answer(*texts: str) -> list[Step]:
    """A whole answer that ends as it should."""
    return [*(say(text) for text in texts), finish("stop"), done()]


def calls(*made: tuple[str, dict[str, Any]]) -> list[Step]:
    """A whole answer that calls these tools, with their arguments, at once."""
    steps = [call(name, arguments, index) for index, (name, arguments) in enumerate(made)]
    return [*steps, finish("tool_calls"), usage(10, 5), done()]


def one_by_one(*steps: Raw) -> OneByOne:
    return OneByOne(b"".join(step.data for step in steps))


def status(code: int, body: bytes | str = b"", **headers: str) -> list[Step]:
    """A whole response that is not a stream. `Retry_After="1"` names a header."""
    body = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [Head(code, {"Content-Type": "application/json", "Content-Length": str(len(body))} | named), Raw(body)]


def close() -> Close:
    return Close("close")


def cut() -> Close:
    return Close("cut")


def reset() -> Close:
    return Close("reset")


# Requests


@dataclass
class Asked:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    closed: threading.Event = field(default_factory=threading.Event)
    """Set when the client has closed the connection before the script was through."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the connection is gone, whoever closed it."""
    closed_at: float = 0.0
    """When, by `time.monotonic`."""

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def what(self) -> What:
        first, last = self.json["messages"][0]["content"], self.json["messages"][-1]["content"]
        return "title" if first == TITLE_PROMPT else "continuation" if last == prompt.CONTINUE else "answer"

    @property
    def question(self) -> str:
        """The text of the last user message; for a title or a continuation, the question that was answered."""
        said = [_words(message["content"]) for message in self.json["messages"] if message["role"] == "user"]
        if self.what == "title":
            return said[-1].removeprefix("Question:\n").partition("\n\nAnswer:\n")[0]
        return said[-2] if self.what == "continuation" else said[-1]

    def wait_closed(self, seconds: float = PATIENCE) -> None:
        assert self.closed.wait(seconds), f"The site did not close its request to the upstream within {seconds} s"


def _words(content: Any) -> str:
    """What was asked, without what was attached to it."""
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return text.rpartition("\n\n")[2] if text.startswith(("<document", "[image")) else text


# The server


class ScriptedUpstream:
    """`with ScriptedUpstream() as upstream:`; the site's OPENAI_BASE_URL is `upstream.base_url`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._scripts: dict[tuple[str, What], deque[list[Step]]] = defaultdict(deque)
        self._asked: list[Asked] = []
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scripted-upstream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(PATIENCE)

    @property
    def base_url(self) -> str:
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}/v1"

    def script(self, question: str, *steps: Step | Sequence[Step], what: What = "answer") -> None:
        """What the next request with this question gets, or the next for a title or a continuation of its answer.

        Called again it queues: the second request gets the second script, and so on.
        """
        flat = [step for item in steps for step in ([item] if isinstance(item, Step) else item)]
        self._scripts[question, what].append(flat)

    def asked(self, question: str, what: What = "answer") -> list[Asked]:
        """The requests with this question that have arrived so far."""
        with self._news:
            return [asked for asked in self._asked if asked.what == what and asked.question == question]

    def wait_asked(self, question: str, count: int = 1, what: What = "answer", seconds: float = PATIENCE) -> Asked:
        """Wait until `count` requests with this question have arrived, and return the last of these."""
        with self._news:
            came = self._news.wait_for(lambda: len(self.asked(question, what)) >= count, seconds)
        assert came, f"The upstream was not asked {question!r} {count} times within {seconds} s"
        return self.asked(question, what)[count - 1]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._main)
        self._listener.close()
        self._loop.close()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as connections:
            while True:
                connection, _ = await self._loop.sock_accept(self._listener)
                connections.create_task(self._converse(connection))

    async def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        asked = None
        try:
            asked = await self._read_request(connection)
            if not asked:
                return
            steps = self._steps_for(asked)
            with self._news:
                self._asked.append(asked)
                self._news.notify_all()
            await self._play(connection, steps, asked)
        except OSError:
            pass
        finally:
            connection.close()
            if asked:
                asked.ended.set()

    async def _read_request(self, connection: socket.socket) -> Asked | None:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := await self._loop.sock_recv(connection, 65536)):
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            if not (piece := await self._loop.sock_recv(connection, 65536)):
                return None  # it was closed in the middle of its request
            body += piece
        return Asked(request_line.split()[1], headers, body)

    def _steps_for(self, asked: Asked) -> list[Step]:
        scripts = self._scripts[asked.question, asked.what]
        if scripts:
            return scripts.popleft()
        return answer({"title": "A title", "answer": "An answer.", "continuation": " And more."}[asked.what])

    async def _play(self, connection: socket.socket, steps: list[Step], asked: Asked) -> None:
        """Run the script; stop at once when the client closes."""
        playing = asyncio.ensure_future(_Player(connection).play(steps))
        closing = asyncio.ensure_future(self._until_closed(connection))
        try:
            await asyncio.wait({playing, closing}, return_when=asyncio.FIRST_COMPLETED)
            # A script that is still sending learns it from its own write.
            if not playing.done() or isinstance(playing.exception(), OSError):
                asked.closed_at = time.monotonic()
                asked.closed.set()
        finally:
            for task in (playing, closing):
                task.cancel()
            await asyncio.gather(playing, closing, return_exceptions=True)

    async def _until_closed(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while await self._loop.sock_recv(connection, 65536):
                pass


class _Player:
    """Plays one script on one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._chunked: bool | None = None

    async def play(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Head():
                    await self._begin(step)
                case Raw(data):
                    await self._send_body(data)
                case OneByOne(data):
                    for byte in data:
                        await self._send_body(bytes([byte]))
                        await asyncio.sleep(0)
                case Gate():
                    await step.pass_through()
                case Close(how):
                    await self._close(how)
                    return
        await self._close("close")

    async def _begin_if_needed(self) -> None:
        if self._chunked is None:
            await self._begin(Head())

    async def _begin(self, head: Head) -> None:
        self._chunked = head.chunked
        headers = head.headers | {"Connection": "close"} | ({"Transfer-Encoding": "chunked"} if head.chunked else {})
        lines = [f"HTTP/1.1 {head.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        await self._send("\r\n".join([*lines, "", ""]).encode())

    async def _send_body(self, data: bytes) -> None:
        await self._begin_if_needed()
        if data:
            await self._send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def _send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._connection, data)

    async def _close(self, how: str) -> None:
        if how == "close" and self._chunked:
            await self._send(b"0\r\n\r\n")
        if how == "reset":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
