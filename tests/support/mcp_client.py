"""What a test asks of the scripted MCP server besides MCP."""

from typing import Any

import httpx2


async def fetch(address: str) -> Any:
    async with httpx2.AsyncClient(timeout=60) as client:
        return (await client.get(address)).json()
