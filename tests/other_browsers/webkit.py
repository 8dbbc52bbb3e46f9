"""WebKitGTK's MiniBrowser on a screen that nobody sees, by WebDriver (https://www.w3.org/TR/webdriver2/)."""

import json
import os
import shutil
import socket
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.other_browsers.driver import LAST, PATIENCE, call
from tests.support.waiting import eventually

PROGRAM = shutil.which("WebKitWebDriver")
SCREEN = shutil.which("Xvfb")
BROWSER = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4*/MiniBrowser"))), None)
PACKAGES = "webkit2gtk-driver xvfb"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name under which WebDriver refers to an element."""


class WebKit:
    def __init__(self, folder: Path) -> None:
        assert PROGRAM
        assert SCREEN
        self._screen = subprocess.Popen(
            [SCREEN, "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._screen.stdout
        display = f":{self._screen.stdout.readline().strip()}"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port: int = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [PROGRAM, f"--port={self._port}", "--host=127.0.0.1"],
            env={**os.environ, "DISPLAY": display, "HOME": str(folder), "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._listens, "WebKitWebDriver listens", PATIENCE)
        options = {"binary": str(BROWSER), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._path = ""
        self._path = f"/session/{self._do('POST', '/session', capabilities=wanted)['sessionId']}"

    def go(self, url: str) -> None:
        self._do("POST", "/url", url=url)

    def reload(self) -> None:
        self._do("POST", "/refresh")

    def evaluate(self, function: str, *arguments: object) -> Any:
        return json.loads(self._do("POST", "/execute/sync", script=f"return {call(function, arguments)}", args=[]))

    def click(self, css: str) -> None:
        self._do("POST", f"/element/{self._last(css)}/click")

    def press(self, keys: str) -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def choose(self, css: str, file: Path) -> None:
        self._do("POST", f"/element/{self._last(css)}/value", text=str(file))

    def forget(self) -> None:
        self._do("DELETE", "/cookie")

    def close(self) -> None:
        self._do("DELETE", "")
        for process in (self._process, self._screen):
            process.terminate()
            process.wait(PATIENCE)
        assert self._screen.stdout
        self._screen.stdout.close()

    def _last(self, css: str) -> str:
        found = self._do("POST", "/execute/sync", script=f"return ({LAST})({json.dumps(css)})", args=[])
        assert found, f"There is no {css}"
        return str(found[ELEMENT])

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _do(self, method: str, path: str, **parameters: object) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        body = json.dumps(parameters) if method == "POST" else None
        connection.request(method, self._path + path, body, {"Content-Type": "application/json"} if body else {})
        with connection.getresponse() as response:
            value = json.loads(response.read())["value"]
        connection.close()
        assert response.status == 200, value
        return value
