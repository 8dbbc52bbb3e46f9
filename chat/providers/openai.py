"""The upstream: the OpenAI-compatible API that answers.

It asks, by chat/providers/client.py; chat/providers/chunks.py reads what arrives, chat/providers/refusals.py what is
refused. We read the response ourselves: the SDK (3.54) ends a stream normally on EOF before a finish reason and on a
200 that is no stream at all, raises errors of other libraries, lets comments keep a stream alive, and builds a typed
object for each chunk at more cost than all the rest of the way. Retries are ours too: the SDK's would repeat a request
that may already be running.
"""

import asyncio
import json
import logging
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from chat.core import sse
from chat.core.prompt import NO_OPTIONS, Options
from chat.errors import NoCredit, NoModel, UpstreamBroke, UpstreamError, UpstreamUnreachable
from chat.i18n import gettext_noop as _
from chat.providers import local
from chat.providers.chunks import Done, Event, Reader
from chat.providers.client import Client, client_of
from chat.providers.configuration import PARAMETERS, Model
from chat.providers.log import log_service, log_unreachable, setting_of_address
from chat.providers.refusals import refusal, retry_after
from chat.providers.registry import registry

logger = logging.getLogger(__name__)

MAX_RETRIES = 2
RETRIED = {408, 409, 429}
"""Besides 5xx."""
RETRY_AFTER_LIMIT = 20.0
"""Seconds. A service that asks for a longer pause is not asked again: sooner it would only refuse again."""
FIRST_BACKOFF = 0.5
"""Seconds; doubled for the second retry."""
EVENT_CHARS = 16_000_000
"""One event of an upstream's stream is at most this long."""
REFUSAL_BYTES = 65_536
"""So much is read of a response with an error status: the SDK reads it to its end, which need not ever come."""
COLLECTED_BYTES = 8_192
"""So much of a stream gathers in its socket before the process is woken for it, while the stream pauses anyway."""

Pause = Callable[[], Awaitable[None] | None]
Pieces = AsyncIterator[bytes]
Socket = Any
"""What asyncio lets be done to a transport's socket; None where it is not known."""


def _never() -> None:
    return None


async def stream(
    key: str,
    messages: list[dict[str, Any]],
    options: Options = NO_OPTIONS,
    pause: Pause = _never,
    tools: Sequence[dict[str, Any]] = (),
) -> AsyncGenerator[Event, None]:
    """Ask the model with this key, and yield what arrives. Ends after `Done`, or when the upstream closes or resets.

    Of the options only what is chosen goes into the request, by the names that the model knows; the system prompt is
    among the messages. `pause` is asked, after what has arrived together, what to wait for before more is read.
    `tools` are offered to a model that can call such.

    The caller tells a finished answer from a broken one by `Finish` and `Done`, and sets the deadlines. Raises
    UpstreamError: NoModel, UpstreamUnreachable, UpstreamRefused, UpstreamBroke.
    """
    model = registry()[key]
    client = await client_of(model.provider)
    parameters = model.request_parameters(options)
    chosen = [name for name in PARAMETERS if name in parameters]
    if tools and model.tools:
        parameters["tools"] = tools
        chosen.append("tools")
    asking = _asked(client, model, _body(model, messages, parameters), chosen)
    del messages  # the answer takes long, and the question may be large
    async with asking as (pieces, sock):
        decoder, reader = sse.Decoder(EVENT_CHARS), Reader(client.name)
        try:
            async for piece in pieces:
                for said in reader.read(decoder.feed(piece)):
                    if isinstance(said, Done):
                        await _drain(pieces)
                        yield said
                        return
                    yield said
                if waiting := pause():
                    await _collect(sock, waiting)
        except aiohttp.ClientError as exc:
            _log_cut(model, f"broke off: {type(exc).__name__}")
        except ValueError as exc:
            _log_cut(model, f"sent what cannot be read: {exc}")
            raise UpstreamBroke from exc


def _log_cut(model: Model, happened: str) -> None:
    log_service(logger, model.provider, "An answer was cut", happened, model=model.name, level=logging.WARNING)


def notice() -> str:
    """What the page says about the model in one line; empty for an ordinary upstream."""
    providers = registry().providers
    if any(provider.is_local for provider in providers):
        if missing := local.missing():
            return missing
        return _(
            "A small built-in model is answering, good for trying things out. "
            "For a real one set OPENAI_API_KEY or OPENAI_BASE_URL and restart."
        )
    return "" if any(provider.is_set_up or provider.lacks_key for provider in providers) else NoModel.sentence


def _body(model: Model, messages: list[dict[str, Any]], parameters: dict[str, Any]) -> bytes:
    """https://platform.openai.com/docs/api-reference/chat/create"""
    body = {
        "model": model.name,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        **parameters,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@asynccontextmanager
async def _asked(
    client: Client, model: Model, body: bytes, chosen: Iterable[str]
) -> AsyncIterator[tuple[Pieces, Socket]]:
    """The response's body, and where it comes from. While it arrives nothing holds the request any more."""
    async with await _ask_with_retries(client, model, body, chosen) as response:
        del body
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/json", "application/problem+json"):
            advice = f"Does {setting_of_address(model.provider)} name an API, and not a page?"
            said = f"answered 200 with {kind} instead of a stream"
            log_service(logger, model.provider, "No stream came", said, advice, model=model.name)
            raise UpstreamBroke
        transport = response.connection and response.connection.transport
        yield response.content.iter_any(), transport and transport.get_extra_info("socket")


async def _ask_with_retries(
    client: Client, model: Model, body: bytes, chosen: Iterable[str]
) -> aiohttp.ClientResponse:
    for retries_left in range(MAX_RETRIES, -1, -1):
        try:
            response = await client.ask(body)
            if 200 <= response.status < 300:
                return response
            async with response:
                error: UpstreamError = refusal(response, await _beginning(response), model, chosen)
            wait = None if isinstance(error, NoCredit) else _wait_before_retry(response, retries_left)
        except (aiohttp.ClientError, ssl.SSLError) as exc:
            log_unreachable(logger, client.provider, exc)
            error = UpstreamUnreachable()
            wait = _backoff(retries_left) if _could_not_connect(exc) else None
        if wait is None or not retries_left:
            raise error
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first REFUSAL_BYTES of a body, to the end of the piece that holds the last of them."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) >= REFUSAL_BYTES:
            break
    return body.decode(errors="replace")


def _wait_before_retry(response: aiohttp.ClientResponse, retries_left: int) -> float | None:
    """Seconds, or None where this status is final or asks for more patience than we have."""
    if response.status not in RETRIED and response.status < 500:
        return None
    wait = retry_after(response.headers.get("retry-after"), time.time())
    if wait is None:
        return _backoff(retries_left)
    return wait if wait <= RETRY_AFTER_LIMIT else None


def _backoff(retries_left: int) -> float:
    return float(FIRST_BACKOFF * 2 ** (MAX_RETRIES - retries_left))


def _could_not_connect(exc: BaseException) -> bool:
    """Has nothing been asked yet?"""
    return isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


async def _collect(sock: Socket, waiting: Awaitable[None]) -> None:
    """Wait, and meanwhile be woken for nothing of this stream: for each token alone that costs more than to read it.

    SO_RCVLOWAT: socket(7). Its end, or much at once, wakes all the same.
    """
    _wake_for(sock, COLLECTED_BYTES)
    try:
        await waiting
    finally:
        _wake_for(sock, 1)


def _wake_for(sock: Socket, number: int) -> None:
    if sock:
        with suppress(OSError, ValueError):  # it may be closed already, which uvloop says so
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, number)


async def _drain(pieces: Pieces) -> None:
    """Read a finished response to its end, so that its connection can be used again; but do not wait for it."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(0.1):
            async for _ in pieces:
                pass
