"""The shop of examples/shop as a process, under each server, and its customers."""

import os
import shutil
import sqlite3
import subprocess
import time
import uuid
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from pathlib import Path

from tests.support.client import Client
from tests.support.site import ROOT, Site
from tests.support.waiting import PAUSE

SHOP = ROOT / "examples/shop"
VARIANTS = Path(__file__).parent / "variants"
APPLICATION = "shop.asgi:application"
PREFIX = "/help/assistant"
PASSWORD = "a long passphrase"

SERVERS = {
    "daphne": "-m daphne --fd {listener} {application}",
    "runserver": "manage.py runserver --noreload {port}",
    "uvicorn": "-m uvicorn --fd {listener} {application}",
    "hypercorn": "-m hypercorn --workers 0 --bind fd://{listener} {application}",
}
"""How each is started, in one process: it adopts our socket, or listens on its port."""


class Project:
    """The shop's folder of data, in the environment that has the wheel."""

    def __init__(self, python: Path, data: Path) -> None:
        self.python = python
        self.data = data

    def environment(self, **changes: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ours = {"SHOP_DATA": str(self.data), "PYTHONPATH": f"{SHOP}:{VARIANTS}", "PYTHONUNBUFFERED": "1"}
        return {**inherited, **ours, "DJANGO_SETTINGS_MODULE": "shop.settings", **changes}

    def manage(self, *words: str, **changes: str) -> str:
        """What the command says; it must succeed."""
        command = [str(self.python), "manage.py", *words]
        done = subprocess.run(
            command, cwd=SHOP, env=self.environment(**changes), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def copy(self, data: Path) -> "Project":
        """Another shop that begins with what is in this one."""
        data.mkdir()
        for file in self.data.iterdir():
            if file.is_file():
                shutil.copy(file, data)
            else:
                (data / file.name).symlink_to(file)
        return Project(self.python, data)


class Shop(Site):
    """A running shop. It listens on a port of its own, which stays the same over restarts."""

    patience = 90.0  # what it imports is compiled when it is first imported

    def __init__(self, project: Project, server: str, application: str = APPLICATION, **changes: str) -> None:
        super().__init__(project.data / "log", project.environment(**changes))
        self.project = project
        self._command = SERVERS[server]
        self._application = application
        if server == "runserver":
            self._listener.close()  # it binds the port itself

    def launch(self) -> None:
        listener = self._listener.fileno()
        command = self._command.format(listener=listener, port=self.port, application=self._application)
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*dies_with_us, str(self.project.python), *command.split()],
                cwd=SHOP,
                env=self._variables,
                pass_fds=[listener] if listener >= 0 else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        try:
            return super()._answers()
        except ConnectionRefusedError:  # runserver does not listen yet
            time.sleep(PAUSE)
            return False

    def stored(self, generation: str) -> tuple[str, str]:
        """Status and text of a reply, as they stand in the database."""
        with closing(sqlite3.connect(self.project.data / "db.sqlite3", timeout=30)) as reader:
            found: tuple[str, str] = reader.execute(
                "SELECT status, (SELECT coalesce(group_concat(text, ''), '') FROM chat_messagepart AS part"
                " WHERE part.message_id = generation.message_id AND kind = 'text')"
                " FROM chat_generation AS generation WHERE id = ?",
                [uuid.UUID(generation).hex],
            ).fetchone()
        return found

    def count(self, query: str, *parameters: object) -> int:
        with closing(sqlite3.connect(self.project.data / "db.sqlite3", timeout=30)) as reader:
            return int(reader.execute(query, parameters).fetchone()[0])


class Customer(Client):
    """Somebody who has signed in on the shop's own page; paths are the chat's, below its prefix."""

    def __init__(self, shop: Shop, email: str) -> None:
        super().__init__(shop.url)
        visitor = Client(shop.url)
        answer = visitor.post("/account/sign-in/", form={"username": email, "password": PASSWORD})
        assert answer.status == 302, answer.text
        cookies = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie", []):
            cookies.load(line)
        self.cookies |= {name: morsel.value for name, morsel in cookies.items()}

    def _send(
        self, method: str, path: str, body: bytes, content_type: str, headers: dict[str, str]
    ) -> tuple[HTTPConnection, HTTPResponse]:
        return super()._send(method, PREFIX + path, body, content_type, headers)
