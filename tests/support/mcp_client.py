"""An MCP server in a process of its own, and what a test asks of it besides MCP."""

import signal
import socket
import subprocess
import sys
import time
from typing import Any

import httpx2

from chat.tools.mcp.configuration import Endpoint


class Running:
    """A server in a process of its own."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.begin()

    def begin(self) -> None:
        command = [sys.executable, "-m", "tests.support.mcp_server", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout
        self.origin = self.process.stdout.readline().strip()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server does not listen")

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()

    def endpoint(self, path: str = "/mcp", **headers: str) -> Endpoint:
        return Endpoint("orders", self.origin + path, tuple(headers.items()))


async def fetch(address: str) -> Any:
    async with httpx2.AsyncClient(timeout=60) as client:
        return (await client.get(address)).json()
