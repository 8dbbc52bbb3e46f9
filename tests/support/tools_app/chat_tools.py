"""Tools as a project has them. Those that wait ask the test for leave (tests/support/tool_gates.py)."""

import asyncio
import os
import socket

from chat.tools import Context, ToolError, tool

GATES = int(os.environ.get("CHATSITE_TEST_GATES", "0"))


@tool
def find_orders(context: Context, customer: str) -> list[str]:
    """Orders of a customer, newest first.

    customer: name or e-mail address
    """
    context.source(f"Orders of {customer}", "/orders/")
    return [f"17 of {customer}", f"18 of {customer}"]


@tool(changes=True, title="Cancel an order")
def cancel_order(number: int) -> str:
    """Cancel an order."""
    _pass(f"cancel {number}")
    return f"Order {number} is cancelled."


@tool
def wait_in_thread(name: str) -> str:
    """Wait until the test opens the gate of this name."""
    _pass(name)
    return f"waited for {name}"


@tool
async def wait(name: str) -> str:
    """Wait until the test opens the gate of this name."""
    reader, writer = await asyncio.open_connection("127.0.0.1", GATES)
    try:
        writer.write(f"{name}\n".encode())
        await reader.readline()
    finally:
        writer.close()
    return f"waited for {name}"


@tool(outside=True)
async def search_web(query: str) -> str:
    """Search elsewhere."""
    return f"Found nothing about {query}."


@tool
def fail(sentence: str = "") -> None:
    """Fail, with a sentence or without."""
    if sentence:
        raise ToolError(sentence)
    raise RuntimeError("out of order")


def _pass(name: str) -> None:
    with socket.create_connection(("127.0.0.1", GATES), timeout=60) as gate:
        gate.sendall(f"{name}\n".encode())
        gate.recv(10)
