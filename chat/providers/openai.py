"""The upstream: the OpenAI-compatible API that answers. The only module that knows the openai package.

What we send is what the SDK's client would, its address and its headers, but we send it and read the response
ourselves: the SDK (3.54) ends a stream normally on EOF before a finish reason and on a 200 that is no stream at all,
raises errors of other libraries, lets comments keep a stream alive, and builds a typed object for each chunk at more
cost than all the rest of the way. Retries are ours too: the SDK's would repeat a request that may already be running.
It goes by aiohttp, the SDK's own choice for many requests at once: a token costs half of what httpx2's costs.

The chunk format is OpenAI's "chat completion chunk object", plus `reasoning_content` (DeepSeek, llama.cpp, vLLM)
and `reasoning` (OpenRouter, Ollama).
"""

import asyncio
import email.utils
import json
import logging
import math
import socket
import ssl
import time
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import jiter
import openai
from yarl import URL

from chat.conf import settings
from chat.core import sse
from chat.core.prompt import NO_OPTIONS, Options
from chat.errors import NoModel, UpstreamBroke, UpstreamBusy, UpstreamError, UpstreamRefused, UpstreamUnreachable
from chat.i18n import gettext_noop as _
from chat.providers import local

logger = logging.getLogger(__name__)

MAX_RETRIES = 2
RETRIED = {408, 409, 429}
"""Besides 5xx."""
RETRY_AFTER_LIMIT = 20.0
"""Seconds. A service that asks for a longer pause is not asked again: sooner it would only refuse again."""
FIRST_BACKOFF = 0.5
"""Seconds; doubled for the second retry."""
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 5.0
"""How long a connection that nothing uses is kept for the next request."""
EVENT_CHARS = 16_000_000
"""One event of an upstream's stream is at most this long."""
REFUSAL_BYTES = 65_536
"""So much is read of a response with an error status: the SDK reads it to its end, which need not ever come."""
LOGGED = 500
"""Characters of an upstream's words that go to the log."""
COLLECTED_BYTES = 8_192
"""So much of a stream gathers in its socket before the process is woken for it, while the stream pauses anyway."""

Pause = Callable[[], Awaitable[None] | None]
Pieces = AsyncIterator[bytes]
Socket = Any
"""What asyncio lets be done to a transport's socket; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """The stream said `[DONE]`."""


Spoken = Text | Reasoning | Refusal
Event = Spoken | Finish | Usage | Done


def _never() -> None:
    return None


async def stream(
    model: str, messages: list[dict[str, Any]], options: Options = NO_OPTIONS, pause: Pause = _never
) -> AsyncGenerator[Event, None]:
    """Ask, and yield what arrives. Ends after `Done`, or when the upstream closes or resets the connection.

    Of the options only what is chosen goes into the request, as `temperature` and `max_tokens`; the system prompt is
    among the messages. `pause` is asked, after what has arrived together, what to wait for before more is read.

    The caller tells a finished answer from a broken one by `Finish` and `Done`, and sets the deadlines. Raises
    UpstreamError: NoModel, UpstreamUnreachable, UpstreamRefused, UpstreamBroke.
    """
    client = await _client()
    asking = _asked(client, _body(model, messages, options), options)
    del messages  # the answer takes long, and the question may be large
    async with asking as (pieces, sock):
        decoder = sse.Decoder(EVENT_CHARS)
        try:
            async for piece in pieces:
                for said in _read(decoder.feed(piece)):
                    if isinstance(said, Done):
                        await _drain(pieces)
                        yield said
                        return
                    yield said
                if waiting := pause():
                    await _collect(sock, waiting)
        except aiohttp.ClientError as exc:
            logger.warning("The upstream broke off: %s", type(exc).__name__)
        except ValueError as exc:
            logger.warning("The upstream's answer cannot be read: %s", exc)
            raise UpstreamBroke from exc


def notice() -> str:
    """What the page says about the model in one line; empty for an ordinary upstream."""
    if settings.CHAT_LOCAL_MODEL:
        if missing := local.missing():
            return missing
        return _(
            "A small built-in model is answering, good for trying things out. "
            "For a real one set OPENAI_API_KEY or OPENAI_BASE_URL and restart."
        )
    return "" if _is_set_up() else NoModel.sentence


def _read(events: Iterable[sse.Event]) -> Iterator[Event]:
    """What these events of the stream say. Adjacent texts of a kind are one: what has arrived together goes on so."""
    kind: type[Spoken] = Text
    run: list[str] = []
    chunk: dict[str, Any] | None
    try:
        for event in events:
            if event.data.startswith("[DONE]"):
                said: Iterable[Event] = (Done(),)
            else:
                chunk = _chunk(event.event, event.data)
                if kind is Text and (text := _text_alone(chunk)):
                    run.append(text)
                    continue
                said = _read_chunk(chunk)
            for each in said:
                if run and type(each) is not kind:
                    yield kind("".join(run))
                    run = []
                if isinstance(each, Spoken):
                    kind = type(each)
                    run.append(each.text)
                else:
                    yield each
    except UpstreamError:
        if run:
            yield kind("".join(run))
        raise
    if run:
        text = "".join(run)
        # It waits here for as long as its reader does, and would hold what it has read: 5 kB for one event.
        events, event, chunk, said, run = (), None, None, (), []  # type: ignore[assignment]
        yield kind(text)


def read_chunk(event: str, data: str) -> Iterator[Event]:
    """What one event of the stream says. Raises UpstreamBroke for what is not a chunk, or is an error."""
    return _read_chunk(_chunk(event, data))


def _chunk(event: str, data: str) -> dict[str, Any]:
    try:
        chunk = _decoded(data)
    except (ValueError, RecursionError) as exc:
        logger.warning("The upstream sent what is not JSON: %r", _masked(data))
        raise UpstreamBroke from exc
    if not isinstance(chunk, dict):
        raise UpstreamBroke
    if event == "error" or chunk.get("error"):
        logger.warning("The upstream reported an error in its answer: %r", _masked(data))
        raise UpstreamBroke(_("The model's service reported an error while it answered. Try again in a moment."))
    return chunk


def _text_alone(chunk: dict[str, Any]) -> str:
    """The text of a chunk that says nothing else, as nearly all; empty for any other. Only a short way, 4 of 7 µs."""
    choices = chunk.get("choices")
    if (
        chunk.get("usage") is not None
        or type(choices) is not list
        or len(choices) != 1
        or type(choices[0]) is not dict
    ):
        return ""
    choice = choices[0]
    delta = choice.get("delta")
    if choice.get("index") != 0 or choice.get("finish_reason") or type(delta) is not dict or len(delta) != 1:
        return ""
    return _string(delta.get("content"))


def _read_chunk(chunk: dict[str, Any]) -> Iterator[Event]:
    yield from _read_choice(chunk.get("choices"))
    if isinstance(usage := chunk.get("usage"), dict):
        yield Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _decoded(data: str) -> object:
    """JSON, read the fast way, and by Python's own reader where the fast one is too strict (lone surrogates)."""
    try:
        decoded: object = jiter.from_json(data.encode())
    except ValueError:
        decoded = json.loads(data)
    return decoded


def _read_choice(choices: object) -> Iterator[Event]:
    """The first of several choices alone: a reply has one text."""
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict) or choice.get("index") not in (0, None):
            continue
        if isinstance(delta := choice.get("delta"), dict):
            if text := _string(delta.get("reasoning_content")) or _string(delta.get("reasoning")):
                yield Reasoning(text)
            if text := _string(delta.get("content")):
                yield Text(text)
            if text := _string(delta.get("refusal")):
                yield Refusal(text)
        if reason := _string(choice.get("finish_reason")):
            yield Finish(reason)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    """A number of tokens, or None for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _body(model: str, messages: list[dict[str, Any]], options: Options) -> bytes:
    """https://platform.openai.com/docs/api-reference/chat/create; `max_tokens` is what compatible services know."""
    body = {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        **options.chosen,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@asynccontextmanager
async def _asked(client: "_Client", body: bytes, options: Options) -> AsyncIterator[tuple[Pieces, Socket]]:
    """The response's body, and where it comes from. While it arrives nothing holds the request any more."""
    async with await _ask_with_retries(client, body, options) as response:
        del body
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/json", "application/problem+json"):
            logger.warning("The upstream answered 200 with %s instead of a stream", kind)
            raise UpstreamBroke
        transport = response.connection and response.connection.transport
        yield response.content.iter_any(), transport and transport.get_extra_info("socket")


async def _ask_with_retries(client: "_Client", body: bytes, options: Options) -> aiohttp.ClientResponse:
    for retries_left in range(MAX_RETRIES, -1, -1):
        try:
            response = await client.ask(body)
            if 200 <= response.status < 300:
                return response
            async with response:
                error: UpstreamError = _refusal(response, await _beginning(response), options)
            wait = _wait_before_retry(response, retries_left)
        except (aiohttp.ClientError, ssl.SSLError) as exc:
            logger.warning("The upstream could not be reached: %r", _root_cause(exc))
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


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, section 10.2.3): a number or a date; None without one."""
    if value is None:
        return None
    with suppress(ValueError):
        seconds = float(value)
        return max(0.0, seconds) if not math.isnan(seconds) else None
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _backoff(retries_left: int) -> float:
    return float(FIRST_BACKOFF * 2 ** (MAX_RETRIES - retries_left))


def _refusal(response: aiohttp.ClientResponse, text: str, options: Options) -> UpstreamRefused:
    """Our sentence for the upstream's status; its own words go to the log."""
    status = response.status
    logger.warning("The upstream answered %s: %r", status, _masked(text))
    wait = retry_after(response.headers.get("retry-after"), time.time())
    if status in (401, 403):
        return UpstreamRefused(
            _("The model's service does not accept this site's key. Please tell the administrator."),
            code="upstream_key",
        )
    if status == 404:
        return UpstreamRefused(
            _("The model's service does not know this model. Choose another, or tell the administrator."),
            code="upstream_model",
        )
    if status == 413 or (status == 400 and "context" in text.lower()):
        return UpstreamRefused(
            _("The conversation has become too long for this model. Start a new one, or choose another model."),
            code="upstream_too_long",
        )
    if status == 429:
        return _busy(wait)
    if 300 <= status < 400:
        return UpstreamRefused(
            _(
                "The model's service answered from another address, which this site does not follow. "
                "Please tell the administrator."
            ),
            code="upstream_redirect",
        )
    if status >= 500 or status in (408, 409):
        return UpstreamRefused(
            _("The model's service has a problem of its own. Try again in a moment."), code="upstream_down"
        )
    if status in (400, 422) and any(name in text for name in options.chosen):
        return UpstreamRefused(
            _(
                "This model takes no temperature, or no token limit, of this kind. "
                "Empty them in the settings of this conversation, or choose another model."
            ),
            code="upstream_options",
        )
    return UpstreamRefused(_("The model's service refused the request. Please tell the administrator."))


def _busy(wait: float | None) -> UpstreamBusy:
    """`wait`: seconds, where it said how many."""
    if not wait:
        return UpstreamBusy()
    if wait < 90:
        return UpstreamBusy(UpstreamBusy.seconds, values={"number": max(1, math.ceil(wait))})
    if wait < 5400:
        return UpstreamBusy(UpstreamBusy.minutes, values={"number": math.ceil(wait / 60)})
    return UpstreamBusy(UpstreamBusy.hours if wait < 86_400 else UpstreamBusy.days)


def _could_not_connect(exc: BaseException) -> bool:
    """Has nothing been asked yet?"""
    return isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _root_cause(exc: BaseException) -> str:
    while exc.__cause__:
        exc = exc.__cause__
    return f"{type(exc).__name__}: {_masked(str(exc))}"


def _masked(words: str) -> str:
    """An upstream's words for the log: cut, and without our key should it repeat it."""
    key = settings.OPENAI_API_KEY
    return (words.replace(key, "[key]") if key else words)[:LOGGED]


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


def _is_set_up() -> bool:
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


_clients: dict[tuple[asyncio.AbstractEventLoop, str], "_Client"] = {}


async def _client() -> "_Client":
    """The process's client. The built-in model may come back on another port, hence the key."""
    if settings.CHAT_LOCAL_MODEL:
        base_url = await local.base_url()
    elif _is_set_up():
        base_url = settings.OPENAI_BASE_URL or "https://api.openai.com/v1"
    else:
        raise NoModel
    key = asyncio.get_running_loop(), base_url
    if key not in _clients:
        _clients[key] = _Client(base_url)
    return _clients[key]


class _Client:
    """What asks at one address, and the connections that it uses. Its requests differ in nothing but their bodies."""

    def __init__(self, base_url: str) -> None:
        # It sends nothing: it says what the SDK would send. The rest is what httpx2 adds to that.
        http = httpx2.AsyncClient()
        sdk = openai.AsyncOpenAI(api_key=settings.OPENAI_API_KEY or "none", base_url=base_url, http_client=http)
        said = {**sdk.auth_headers, **sdk.default_headers, "x-stainless-retry-count": "0"}
        chosen = {name: value for name, value in said.items() if isinstance(value, str)}
        request = http.build_request("POST", f"{sdk.base_url}chat/completions", headers=chosen)
        self._url = URL(str(request.url), encoded=True)
        # Those of the body are aiohttp's to say, and what it can unpack of an answer.
        about_bodies = ("content-length", "accept-encoding")
        self._headers = [(name, value) for name, value in request.headers.multi_items() if name not in about_bodies]
        self._proxy = _proxy_for(self._url)
        # Deadlines are the engine's, so nothing here times out but a connection that cannot be made. 0: any number.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=httpx2.create_ssl_context()
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )

    async def ask(self, body: bytes) -> aiohttp.ClientResponse:
        """POST /chat/completions. The response is not read yet, whatever its status. Raises aiohttp.ClientError."""
        proxy = self._proxy
        return await self._session.post(
            self._url,
            headers=self._headers,
            data=body,
            allow_redirects=False,
            proxy=proxy and proxy.with_user(None),
            proxy_auth=aiohttp.BasicAuth.from_url(proxy) if proxy else None,
        )


def _proxy_for(url: URL) -> URL | None:
    """By HTTPS_PROXY, ALL_PROXY, NO_PROXY and their like. (aiohttp's own way would also look for keys in ~/.netrc.)"""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")
