"""Firefox, by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks itself."""

import asyncio
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

from tests.other_browsers.driver import LAST, PATIENCE, call

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
PACKAGES = "firefox-esr"


class Firefox:
    def __init__(self, folder: Path) -> None:
        assert PROGRAM
        command = [PROGRAM, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count(1)
        self._socket = self._loop.run_until_complete(self._connect(self._address()))
        self._do("session.new", capabilities={})
        self._context = self._do("browsingContext.getTree")["contexts"][0]["context"]

    def go(self, url: str) -> None:
        self._do("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def reload(self) -> None:
        self._do("browsingContext.reload", context=self._context, wait="complete")

    def evaluate(self, function: str, *arguments: object) -> Any:
        done = self._do(
            "script.evaluate",
            expression=call(function, arguments),
            target={"context": self._context},
            awaitPromise=False,
        )
        assert done["type"] == "success", done
        return json.loads(done["result"]["value"])

    def click(self, css: str) -> None:
        there = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": self._last(css)}}
        button: list[dict[str, Any]] = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": [there, *button]})

    def press(self, keys: str) -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": strokes})

    def choose(self, css: str, file: Path) -> None:
        self._do("input.setFiles", context=self._context, element=self._last(css), files=[str(file)])

    def forget(self) -> None:
        self._do("storage.deleteCookies")

    def close(self) -> None:
        self._loop.run_until_complete(self._disconnect())
        self._loop.close()
        self._process.terminate()
        self._process.wait(PATIENCE)
        assert self._process.stderr
        self._process.stderr.close()

    def _last(self, css: str) -> dict[str, Any]:
        found = self._do(
            "script.callFunction",
            functionDeclaration=LAST,
            arguments=[{"type": "string", "value": css}],
            target={"context": self._context},
            awaitPromise=False,
        )
        assert found["result"]["type"] == "node", f"There is no {css}: {found}"
        return {"sharedId": found["result"]["sharedId"]}

    def _act(self, *sources: dict[str, Any]) -> None:
        self._do("input.performActions", context=self._context, actions=list(sources))

    def _address(self) -> str:
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                return f"{found[1]}/session"
        raise AssertionError("Firefox ended at once")

    async def _connect(self, address: str) -> aiohttp.ClientWebSocketResponse:
        self._http = aiohttp.ClientSession()
        return await self._http.ws_connect(address, max_msg_size=0)

    async def _disconnect(self) -> None:
        await self._socket.close()
        await self._http.close()

    def _do(self, method: str, **parameters: object) -> dict[str, Any]:
        return self._loop.run_until_complete(asyncio.wait_for(self._answer(method, parameters), 60))

    async def _answer(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message: dict[str, Any] = await self._socket.receive_json()
            if message.get("id") == number:
                assert message["type"] == "success", message
                result: dict[str, Any] = message["result"]
                return result
