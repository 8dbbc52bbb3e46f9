"""An MCP server made with the SDK, as others run one: `python -m tests.support.mcp_server` serves it on a free port.

Its address is the first line that it writes. Some of its tools go wrong, each in a way of its own.
"""

import asyncio
import os
import socket
import sys
from base64 import b64encode
from typing import Any

import uvicorn
from mcp import MCPError
from mcp.server.mcpserver import MCPServer
from mcp_types import INVALID_PARAMS, CallToolResult, ImageContent, ResourceLink, TextContent, ToolAnnotations
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route

from tests.support.files import image

CALLS: list[dict[str, Any]] = []
"""What was called with what, for tests to look at: GET /calls."""
HEADERS: list[dict[str, str]] = []

server = MCPServer("orders")


@server.tool(title="Find orders", annotations=ToolAnnotations(read_only_hint=True))
def find_orders(customer: str) -> str:
    """Orders of a customer."""
    CALLS.append({"find_orders": customer})
    return f"Order 7 of {customer}"


@server.tool(name="send.mail now")
def send_mail(to: str) -> str:
    """Send a mail."""
    CALLS.append({"send_mail": to})
    return "sent"


@server.tool(structured_output=False)
def linked() -> CallToolResult:
    """A result with links, an image and words."""
    return CallToolResult(
        content=[
            TextContent(type="text", text="See this."),
            ResourceLink(type="resource_link", name="The page", uri="https://example.com/page"),
            ResourceLink(type="resource_link", name="A file", uri="file:///etc/passwd"),
            ImageContent(type="image", data="aGk=", mime_type="image/png"),
        ]
    )


@server.tool(title="Draw a chart", structured_output=False)
def chart(customer: str) -> CallToolResult:
    """An image, and two that are none."""
    images = (image(), b"hello, I am text", b"\x89PNG\r\n\x1a\n and no more")
    blocks = [ImageContent(type="image", data=b64encode(data).decode(), mime_type="image/png") for data in images]
    return CallToolResult(content=[TextContent(type="text", text=f"The orders of {customer}."), *blocks])


@server.tool(structured_output=False)
def structured() -> CallToolResult:
    """Nothing but structured content."""
    return CallToolResult(content=[], structured_content={"total": 3})


@server.tool(structured_output=False)
def fails() -> CallToolResult:
    """A tool that says that it failed."""
    return CallToolResult(content=[TextContent(type="text", text="No such customer.")], is_error=True)


@server.tool()
async def slow() -> str:
    """A tool that takes for ever."""
    CALLS.append({"slow": True})
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        CALLS.append({"slow": "cancelled"})
        raise
    return "late"


@server.tool()
def refuses() -> str:
    """It answers with an error of the protocol."""
    raise MCPError(INVALID_PARAMS, "There is no such order")


@server.tool()
def huge() -> str:
    """A hundred megabytes."""
    return "x" * 100_000_000


@server.tool()
def dies() -> str:
    """It takes its process with it."""
    os._exit(3)


async def calls(request: Request) -> JSONResponse:
    return JSONResponse({"calls": CALLS, "headers": HEADERS})


async def change(request: Request) -> JSONResponse:
    """What the server says of a tool changes."""
    server._tool_manager._tools["find_orders"].description = request.query_params["to"]  # the server under test alone
    return JSONResponse({})


async def many(request: Request) -> JSONResponse:
    for number in range(500):
        server.add_tool(find_orders, name=f"tool {number}")
    return JSONResponse({})


async def redirected(request: Request) -> RedirectResponse:
    return RedirectResponse("/mcp", 307)


async def nonsense(request: Request) -> StreamingResponse:
    return StreamingResponse(iter([b"{no json"]), media_type="application/json")


async def endless(request: Request) -> StreamingResponse:
    async def pieces() -> Any:
        while True:
            yield b": nothing\n\n" * 1000
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type="text/event-stream")


def main() -> None:
    app = server.streamable_http_app()
    for path, view in [("/calls", calls), ("/change", change), ("/many", many), ("/redirected", redirected)]:
        app.router.routes.append(Route(path, view, methods=["GET", "POST"]))
    for path, view in [("/nonsense", nonsense), ("/endless", endless)]:
        app.router.routes.append(Route(path, view, methods=["GET", "POST", "DELETE"]))

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/mcp":
            HEADERS.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await app(scope, receive, send)

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that died comes back on its port
    sock.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    sys.stdout.write(f"http://127.0.0.1:{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(noting, log_level="warning")).run([sock])


if __name__ == "__main__":
    main()
