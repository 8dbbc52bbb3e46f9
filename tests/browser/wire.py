"""The wire between a browser and a site: a test cuts it or lets nothing through."""

import contextlib
import socket
import threading
from collections.abc import Iterable
from typing import Self


class Wire:
    """Passes bytes on between whoever connects to `url` and a port of this machine."""

    def __init__(self, port: int, limits: Iterable[int] = ()) -> None:
        """`limits`: after how many bytes of the site's the first connections are cut, one after another."""
        self._port = port
        self._limits = iter(limits)
        self.connections = 0
        """How many there have been."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._ends: set[socket.socket] = set()
        self._is_open = threading.Event()
        self._is_open.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="wire", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        self.cut()
        self._is_open.set()

    def cut(self) -> None:
        """Every connection breaks. New ones can be made."""
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """What the site says waits, until `release` or `cut`; what the browser says arrives."""
        self._is_open.clear()

    def release(self) -> None:
        self._is_open.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                site = socket.create_connection(("127.0.0.1", self._port))
                self._ends |= {browser, site}
                self.connections += 1
                limit = next(self._limits, None)
                for work in ((browser, site, False, None), (site, browser, True, limit)):
                    threading.Thread(target=self._pass_on, args=work, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_downward: bool, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536 if left is None else left):
                if is_downward:
                    self._is_open.wait()
                target.sendall(data)
                if left is not None and not (left := left - len(data)):
                    break
        for end in (source, target):
            self._ends.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        target.close()
