"""The upstream: the OpenAI-compatible API that answers. The only module that knows the openai package.

We ask through the SDK's client, which brings authentication and connections, but read the response ourselves: the
SDK (3.54) ends a stream normally on EOF before a finish reason and on a 200 that is no stream at all, raises errors
of other libraries, lets comments keep a stream alive, and builds a typed object for each chunk at more cost than all
the rest of the way. Retries are ours too: the SDK's would repeat a request that may already be running.
Its transport is aiohttp, the SDK's own choice for many requests at once: a token costs half of what httpx2's costs.

The chunk format is OpenAI's "chat completion chunk object", plus `reasoning_content` (DeepSeek, llama.cpp, vLLM)
and `reasoning` (OpenRouter, Ollama).
"""

import asyncio
import email.utils
import json
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import jiter
import openai
from django.conf import settings

from chat import local_model, sse
from chat.errors import NoModel, UpstreamBroke, UpstreamBusy, UpstreamError, UpstreamRefused, UpstreamUnreachable
from chat.prompts import NO_OPTIONS, Options
from chat.sentences import gettext_noop as _

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


async def stream(
    model: str, messages: list[dict[str, Any]], options: Options = NO_OPTIONS
) -> AsyncGenerator[Event, None]:
    """Ask, and yield what arrives. Ends after `Done`, or when the upstream closes or resets the connection.

    Of the options only what is chosen goes into the request, as `temperature` and `max_tokens`; the system prompt is
    among the messages.

    The caller tells a finished answer from a broken one by `Finish` and `Done`, and sets the deadlines. Raises
    UpstreamError: NoModel, UpstreamUnreachable, UpstreamRefused, UpstreamBroke.
    """
    client = await _client()
    asking = _asked(client, _body(model, messages, options), options)
    del messages  # the answer takes long, and the question may be large
    async with asking as pieces:
        decoder = sse.Decoder(EVENT_CHARS)
        try:
            async for piece in pieces:
                for said in _read(decoder.feed(piece)):
                    if isinstance(said, Done):
                        await _drain(pieces)
                        yield said
                        return
                    yield said
        except (httpx2.RequestError, aiohttp.ClientError) as exc:
            logger.warning("The upstream broke off: %s", type(exc).__name__)
        except ValueError as exc:
            logger.warning("The upstream's answer cannot be read: %s", exc)
            raise UpstreamBroke from exc


def notice() -> str:
    """What the page says about the model in one line; empty for an ordinary upstream."""
    if settings.CHAT_LOCAL_MODEL:
        if missing := local_model.missing():
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
async def _asked(client: openai.AsyncOpenAI, body: bytes, options: Options) -> AsyncIterator[AsyncIterator[bytes]]:
    """The response's body. While it arrives nothing holds the request any more."""
    response = await _ask_with_retries(client, body, options)
    pieces, close = _pieces(response)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    del body, response
    try:
        if kind in ("text/html", "application/json", "application/problem+json"):
            logger.warning("The upstream answered 200 with %s instead of a stream", kind)
            raise UpstreamBroke
        yield pieces
    finally:
        await close()


async def _ask_with_retries(client: openai.AsyncOpenAI, body: bytes, options: Options) -> httpx2.Response:
    for retries_left in range(MAX_RETRIES, -1, -1):
        try:
            return await client.post("/chat/completions", content=body, cast_to=httpx2.Response, stream=True)
        except openai.APIStatusError as exc:
            error: UpstreamError = _refusal(exc, options)
            wait = _wait_before_retry(exc.response, retries_left)
        except openai.APIConnectionError as exc:
            logger.warning("The upstream could not be reached: %r", _root_cause(exc))
            error = UpstreamUnreachable()
            wait = _backoff(retries_left) if _could_not_connect(exc) else None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as exc:
            logger.warning("The upstream could not be asked: %s", type(exc).__name__)
            raise UpstreamUnreachable from exc
        if wait is None or not retries_left:
            raise error
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _wait_before_retry(response: httpx2.Response, retries_left: int) -> float | None:
    """Seconds, or None where this status is final or asks for more patience than we have."""
    if response.status_code not in RETRIED and response.status_code < 500:
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


def _refusal(exc: openai.APIStatusError, options: Options) -> UpstreamRefused:
    """Our sentence for the upstream's status; its own words go to the log."""
    status = exc.status_code
    logger.warning("The upstream answered %s: %r", status, _masked(exc.response.text))
    wait = retry_after(exc.response.headers.get("retry-after"), time.time())
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
    if status == 413 or (status == 400 and "context" in exc.response.text.lower()):
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
    if status in (400, 422) and any(name in exc.response.text for name in options.chosen):
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
    """By aiohttp's own words: its transport calls a connection that broke after the request by the same name."""
    while exc.__cause__:
        exc = exc.__cause__
        if isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return True
    return False


def _root_cause(exc: BaseException) -> str:
    while exc.__cause__:
        exc = exc.__cause__
    return f"{type(exc).__name__}: {_masked(str(exc))}"


def _masked(words: str) -> str:
    """An upstream's words for the log: cut, and without our key should it repeat it."""
    key = settings.OPENAI_API_KEY
    return (words.replace(key, "[key]") if key else words)[:LOGGED]


def _pieces(response: httpx2.Response) -> tuple[AsyncIterator[bytes], Callable[[], Awaitable[None]]]:
    """The body as it arrives, and what closes it.

    Without httpx2's layers, which cost more than they do where nothing is compressed; nor do these two hold the
    response and its request, 5 kB of headers.
    """
    stream = response.stream
    if "content-encoding" in response.headers or not isinstance(stream, httpx2.AsyncByteStream):
        return response.aiter_bytes(), response.aclose
    return aiter(stream), stream.aclose


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read a finished response to its end, so that its connection can be used again; but do not wait for it."""
    with suppress(TimeoutError, httpx2.RequestError, aiohttp.ClientError):
        async with asyncio.timeout(0.1):
            async for _ in pieces:
                pass


def _is_set_up() -> bool:
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


_clients: dict[tuple[asyncio.AbstractEventLoop, str], openai.AsyncOpenAI] = {}


async def _client() -> openai.AsyncOpenAI:
    """The process's client. The built-in model may come back on another port, hence the key."""
    if settings.CHAT_LOCAL_MODEL:
        base_url = await local_model.base_url()
    elif _is_set_up():
        base_url = settings.OPENAI_BASE_URL or "https://api.openai.com/v1"
    else:
        raise NoModel
    key = asyncio.get_running_loop(), base_url
    if key not in _clients:
        _clients[key] = _new_client(base_url)
    return _clients[key]


def _new_client(base_url: str) -> openai.AsyncOpenAI:
    # Deadlines are the engine's, so nothing here times out but a connection that cannot be made.
    timeout: Any = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return _Client(
        api_key=settings.OPENAI_API_KEY or "none",
        base_url=base_url,
        max_retries=0,
        timeout=timeout,
        http_client=openai.DefaultAioHttpClient(
            timeout=timeout,
            follow_redirects=False,
            # 0 is aiohttp's "any number"; with None it would take its own 100.
            limits=httpx2.Limits(max_connections=0, keepalive_expiry=KEEP_ALIVE_SECONDS),
            event_hooks={"response": [_bound_refusal]},
        ),
    )


class _Client(openai.AsyncOpenAI):
    """The SDK's client. Our requests differ in nothing but their bodies, so the SDK builds the rest of one once.

    For each request anew, address and headers take it 0.2 ms.
    """

    _pattern: httpx2.Request | None = None

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> httpx2.Request:
        if not self._pattern:
            self._pattern = super()._build_request(options, retries_taken=retries_taken)
            del self._pattern.headers["content-length"]
        same = self._pattern
        return httpx2.Request(
            same.method, same.url, headers=same.headers, content=options.content, extensions=same.extensions
        )


async def _bound_refusal(response: httpx2.Response) -> None:
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Beginning(response.stream)


class _Beginning(httpx2.AsyncByteStream):
    """The first REFUSAL_BYTES of a body, to the end of the piece that holds the last of them."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for piece in self._stream:
            yield piece
            length += len(piece)
            if length >= REFUSAL_BYTES:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()
