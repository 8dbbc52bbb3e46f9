"""Gates for the tools of a site process: each says that it has come, and goes on when the test lets it."""

import contextlib
import socket
import threading
from collections import Counter
from typing import Self

PATIENCE = 30.0


class ToolGates:
    """`with ToolGates() as gates:`; tools find it at `gates.port`. A gate is open once, for all that ever come."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._news = threading.Condition()
        self._came = Counter[str]()
        self._opened = set[str]()
        self._is_over = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._news:
            self._is_over = True
            self._news.notify_all()
        self._listener.close()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def count(self, name: str) -> int:
        """How often a tool has come to this gate."""
        with self._news:
            return self._came[name]

    def wait_reached(self, name: str, times: int = 1) -> None:
        with self._news:
            came = self._news.wait_for(lambda: self._came[name] >= times, PATIENCE)
        assert came, f"No tool has come to {name!r} {times} times within {PATIENCE} s"

    def open(self, *names: str) -> None:
        with self._news:
            self._opened |= {*names}
            self._news.notify_all()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            name = connection.makefile("r").readline().strip()
            with self._news:
                self._came[name] += 1
                self._news.notify_all()
                self._news.wait_for(lambda: name in self._opened or self._is_over)
            connection.sendall(b"go\n")
