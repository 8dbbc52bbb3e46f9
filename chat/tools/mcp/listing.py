"""Asking a server for its tools, on behalf of staff: by a session of its own, which is closed afterwards."""

import asyncio

import mcp_types as types

from chat.tools.mcp.configuration import Endpoint
from chat.tools.mcp.connection import connected, tools_of

LISTING_SECONDS = 15.0


def ask_for_tools(endpoint: Endpoint) -> list[types.Tool]:
    """In a thread. Raises OSError, TimeoutError, MCPError, httpx2's errors, or groups of those."""
    return asyncio.run(_listed(endpoint))


async def _listed(endpoint: Endpoint) -> list[types.Tool]:
    async with asyncio.timeout(LISTING_SECONDS):
        async with connected(endpoint) as session:
            return await tools_of(session)
