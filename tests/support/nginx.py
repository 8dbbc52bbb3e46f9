"""A real nginx with the configuration of docs/deploy.md: a process of ours, in a folder and on ports of its own."""

import contextlib
import datetime
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.site import ROOT

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
WHY_MISSING = "nginx is not installed: on Debian, apt-get install nginx-light"
PAGE = ROOT / "docs/deploy.md"
NAME = "localhost"
"""A name, by which clients ask in TLS too: whoever asks for an address gets no answer."""
START_SECONDS = 30.0
END_SECONDS = 30.0
USER = "user root;" if os.geteuid() == 0 else ""
"""Its worker must reach the test's folder, which is closed to others."""

MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    {page}
}}
"""


def configuration() -> str:
    """What docs/deploy.md tells an operator to write."""
    written = r"^install .* /etc/nginx/sites-available/chatsite <<'END'\n(.*?)^END$"
    (block,) = re.findall(written, PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(block)


class Nginx:
    """In front of the site at a port; a context manager.

    `add` goes to the location's directives, of which those that begin like `without` are left out; `http` goes to the
    block around all of it. Several ports are those of as many processes.
    """

    def __init__(self, folder: Path, *site_ports: int, add: str = "", without: str = "", http: str = "") -> None:
        self._listeners = [socket.create_server(("127.0.0.1", 0), backlog=50) for _ in range(2)]
        self._folder = folder
        self.certificate = folder / "certificate.pem"
        write_certificate(self.certificate, folder / "key.pem")
        page = self._with_our_places(configuration(), site_ports)
        page = _without(page, without) if without else page
        page = _replace(page, "location / {\n", f"location / {{ {add}\n")
        (folder / "nginx.conf").write_text(MAIN.format(user=USER, folder=folder, http=http, page=page))

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self._ports[1]}"

    @property
    def plain_url(self) -> str:
        return f"http://{NAME}:{self._ports[0]}"

    @property
    def _ports(self) -> list[int]:
        return [listener.getsockname()[1] for listener in self._listeners]

    def _with_our_places(self, page: str, site_ports: Sequence[int]) -> str:
        """The page's configuration but for ports, names, certificates, and IPv6, which machines may lack."""
        page = _with_processes(_without(page, "listen [::]:"), site_ports)
        for old, new in {
            "listen 80": f"listen 127.0.0.1:{self._ports[0]}",
            "listen 443 ssl": f"listen 127.0.0.1:{self._ports[1]} ssl",
            "/etc/letsencrypt/live/chat.example.org/fullchain.pem": str(self.certificate),
            "/etc/letsencrypt/live/chat.example.org/privkey.pem": str(self._folder / "key.pem"),
            "server_name chat.example.org;": f"server_name {NAME};",
            "/var/log/nginx/": f"{self._folder}/",
        }.items():
            page = _replace(page, old, new)
        return page

    def __enter__(self) -> Self:
        assert PROGRAM, WHY_MISSING
        dies_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        files = [listener.fileno() for listener in self._listeners]
        self._process = subprocess.Popen(
            [*dies_with_us, PROGRAM, "-p", self._folder, "-c", "nginx.conf", "-e", "error.log"],
            # It adopts our sockets, as a new nginx does those of an old one: no other process can take the ports.
            env={"NGINX": "".join(f"{file};" for file in files)},
            pass_fds=files,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_ready()
        return self

    def __exit__(self, *exception: object) -> None:
        """By SIGTERM, at which it ends its worker too."""
        self._process.terminate()
        self._process.wait(END_SECONDS)
        for listener in self._listeners:
            listener.close()

    def _wait_ready(self) -> None:
        """The sockets listen already, so a request waits in the queue until nginx takes it, or ends."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f"nginx did not start:\n{(self._folder / 'error.log').read_text()}")

    def _answers(self) -> bool:
        with (
            contextlib.suppress(TimeoutError),
            socket.create_connection(("127.0.0.1", self._ports[0]), timeout=0.2) as plain,
        ):
            plain.sendall(f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
            return bool(plain.recv(1))
        return False


def _with_processes(page: str, ports: Sequence[int]) -> str:
    """Of several as the page says it of many."""
    if len(ports) == 1:
        return _replace(page, "server 127.0.0.1:8000;", f"server 127.0.0.1:{ports[0]};")
    for command in re.findall(r"^ +(sed -i .* chatsite)$", PAGE.read_text(), re.MULTILINE):
        as_filter = command.replace("sed -i ", "sed ").removesuffix(" chatsite")
        changed = subprocess.run(
            ["sh", "-c", as_filter], input=page, capture_output=True, text=True, check=True
        ).stdout
        assert changed != page, f"{command} has changed nothing"
        page = changed
    for number, port in enumerate(ports, 1):
        page = _replace(page, f"server 127.0.0.1:800{number} ", f"server 127.0.0.1:{port} ")
    return page


def _replace(page: str, old: str, new: str) -> str:
    assert old in page, f"docs/deploy.md no longer has {old!r}"
    return page.replace(old, new)


def _without(page: str, start: str) -> str:
    lines = page.splitlines()
    kept = [line for line in lines if not line.strip().startswith(start)]
    assert len(kept) < len(lines), f"docs/deploy.md no longer has {start!r}"
    return "\n".join(kept)


def write_certificate(certificate: Path, key: Path) -> None:
    """One that vouches for itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
