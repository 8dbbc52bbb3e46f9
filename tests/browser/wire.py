"""The wire between a browser and a site: a test cuts it or lets nothing through."""

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """Passes bytes on between whoever connects to `url` and a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
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
                for work in ((browser, site, False), (site, browser, True)):
                    threading.Thread(target=self._pass_on, args=work, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_downward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_downward:
                    self._is_open.wait()
                target.sendall(data)
        for end in (source, target):
            self._ends.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        target.close()
