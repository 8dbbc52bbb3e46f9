"""One session with a server, and what bounds it: its bytes, its time, and that it goes where it is to go."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TextIO

import httpx2
import mcp_types as types
from mcp import MCPError, StdioServerParameters
from mcp.client.session import ClientSession
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION

from chat.tools.mcp.configuration import Endpoint

CONNECT_SECONDS = 10.0
RESPONSE_BYTES = 4_000_000
"""Of one response: what is longer is cut off, and the call has failed."""
BOUNDED_LINES = Path(__file__).with_name("bounded_lines.py")
EVENT_BYTES = 2_000_000
PAGES = 20
"""Of a list of tools."""
MOST_TOOLS = 500


class TooLarge(httpx2.TransportError):
    pass


class _Session(ClientSession):
    async def validate_tool_result(self, name: str, result: types.CallToolResult) -> None:
        """Not by the server's own schema: a regular expression of its would run on our event loop."""


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > RESPONSE_BYTES:
                raise TooLarge(f"It sent more than {RESPONSE_BYTES} bytes.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """It follows no redirect (the package would, within an origin), and does not read without end."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # What is compressed may be a thousand times as large.
        request.headers["accept-encoding"] = "identity"
        response = await super().handle_async_request(request)
        if 300 <= response.status_code < 400 or response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.ConnectError(f"It answered {response.status_code}, and is not followed.", request=request)
        response.stream = _BoundedStream(response.stream)  # type: ignore[arg-type] # an async one
        return response


@asynccontextmanager
async def connected(endpoint: Endpoint) -> AsyncIterator[ClientSession]:
    """A session that has been opened. Raises what httpx2, anyio and the package raise, alone or in groups."""
    async with AsyncExitStack() as stack:
        if endpoint.command:
            log = stack.enter_context(_nowhere())
            streams = await stack.enter_async_context(stdio_client(_process(endpoint), errlog=log))
        else:
            timeout = httpx2.Timeout(CONNECT_SECONDS, read=None)
            client = httpx2.AsyncClient(
                headers=dict(endpoint.headers), timeout=timeout, transport=_Transport(), trust_env=False
            )
            await stack.enter_async_context(client)
            http = streamable_http_client(endpoint.address, http_client=client, max_sse_event_size=EVENT_BYTES)
            streams = await stack.enter_async_context(http)
        session = await stack.enter_async_context(_Session(*streams, read_timeout_seconds=CONNECT_SECONDS))
        await _open(session)
        yield session


async def _open(session: ClientSession) -> None:
    """As most servers want it; those of 2026 that know no handshake say so."""
    try:
        await session.initialize()
    except MCPError as exc:
        if exc.error.code != UNSUPPORTED_PROTOCOL_VERSION:
            raise
        await session.discover()


async def tools_of(session: ClientSession) -> list[types.Tool]:
    """All that it lists, of more than MOST_TOOLS the first."""
    found, cursor = list[types.Tool](), None
    for _page in range(PAGES):
        params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
        listed = await session.list_tools(params=params)
        found += listed.tools
        cursor = listed.next_cursor
        if not cursor or len(found) >= MOST_TOOLS:
            break
    return found[:MOST_TOOLS]


def _process(endpoint: Endpoint) -> StdioServerParameters:
    """With the few variables that the package lets through, and those of the setting. Its lines are bounded.

    Raises FileNotFoundError if there is no such command.
    """
    environment = dict(endpoint.environment)
    command, *arguments = endpoint.command
    program = shutil.which(command, path=environment.get("PATH"))
    if not program:
        raise FileNotFoundError(command)
    bounded = ["-I", str(BOUNDED_LINES), str(RESPONSE_BYTES), program, *arguments]
    return StdioServerParameters(command=sys.executable, args=bounded, env=environment)


def _nowhere() -> TextIO:
    """What it writes to its standard error may be users' words."""
    return open(os.devnull, "w")
