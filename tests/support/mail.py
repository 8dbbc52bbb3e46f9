"""A mail server on a real socket, which keeps what it is sent (RFC 5321, as much of it as smtplib speaks)."""

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self


class MailServer:
    """`with MailServer() as server:` — its `url` is one for EMAIL_URL, its `mails` are what has come."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation)
        self._server.daemon_threads = True
        self._server.mails = self.mails  # type: ignore[attr-defined]
        self.port: int = self._server.server_address[1]
        self.url = f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type | None, exc: BaseException | None, traceback: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self._say(b"220 here")
        while line := self.rfile.readline():
            match line[:4].upper().strip():
                case b"DATA":
                    self._say(b"354 go on")
                    self.server.mails.append(message_from_bytes(self._data(), policy=policy.default))
                    self._say(b"250 kept")
                case b"QUIT":
                    self._say(b"221 bye")
                    return
                case _:
                    self._say(b"250 yes")

    def _data(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")
