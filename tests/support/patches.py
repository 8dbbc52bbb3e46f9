"""Is somebody else's code as it was? Run in a process of its own: `python -m tests.support.patches`.

Everything is imported first. Then what there is of functions, classes, their members, default arguments and receivers
of signals is compared with what there is once the site is imported, and once it has answered: under ASGI and under
`runserver`, each in a fork of that process. Prints what differs, a line for each.
"""

import asyncio
import importlib
import json
import os
import pkgutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import django
import django.dispatch
from django.utils.functional import LazyObject

PACKAGES = ("django", "asgiref", "daphne")
NEIGHBOURS = ("servestatic.middleware", "servestatic.storage", "csp.middleware")
"""They listen to Django's signals by themselves."""
NOT_IMPORTED = ("daphne.__main__", "django.__main__")
"""They run something."""
PATHS = ["/", "/accounts/login/", "/nowhere/", "/admin/login/", "/search/", "/static/nothing.js", "/accounts/signup/"]


def import_all() -> None:
    django.setup()
    for name in NEIGHBOURS:
        importlib.import_module(name)
    for package in PACKAGES:
        found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.", lambda name: None)
        for module in found:
            if module.name not in NOT_IMPORTED:
                # What cannot be imported here, such as maps without their library, cannot be changed either.
                with suppress(Exception):
                    importlib.import_module(module.name)
    # Which Django makes when it is first asked for it.
    assert sys.modules["django.db.migrations.recorder"].MigrationRecorder.Migration


def state() -> dict[str, Any]:
    modules = [(name, module) for name, module in sys.modules.items() if name.split(".")[0] in PACKAGES]
    return {where: what for name, module in modules for where, what in _of_namespace(name, vars(module), name)}


def _of_namespace(where: str, names: Any, module: str) -> Iterator[tuple[str, Any]]:
    for name, value in list(names.items()):
        place = f"{where}.{name}"
        if issubclass(type(value), LazyObject):  # looking at it would make what it stands for
            continue
        if isinstance(value, type):
            yield place, id(value)
            if value.__module__ == module and not where.endswith(f".{name}"):
                yield from _of_namespace(place, vars(value), module)
        elif isinstance(value, django.dispatch.Signal):
            # Methods come and go with their objects, such as Django's storages.
            functions = [receiver[0][0] for receiver in value.receivers if isinstance(receiver[0][0], int)]
            yield place, (id(value), functions)
        elif callable(value) or isinstance(value, property | staticmethod | classmethod):
            function = getattr(value, "__func__", value)
            code, defaults = getattr(function, "__code__", None), getattr(function, "__defaults__", None)
            yield place, (id(value), id(code), repr(defaults), repr(getattr(function, "__kwdefaults__", None)))


def differences(before: dict[str, Any]) -> list[str]:
    now = state()
    return sorted(name for name in before.keys() | now.keys() if now.get(name) != before.get(name))


async def ask(application: Any, method: str, path: str, body: bytes = b"") -> int:
    """One request, as a server hands it on. Its status."""
    parts, status = iter([{"type": "http.request", "body": body}]), []

    async def receive() -> dict[str, Any]:
        for part in parts:
            return part
        await asyncio.sleep(3600)
        raise AssertionError("unreachable")

    async def send(message: dict[str, Any]) -> None:
        status.extend([message["status"]] if "status" in message else [])

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await application(scope, receive, send)
    return int(status[0])


async def ask_a_mixture(application: Any) -> list[int]:
    asked = [(method, path) for path in PATHS for method in ("GET", "HEAD")]
    asked += [("POST", f"/c/{uuid.uuid4()}/messages/"), ("POST", "/accounts/login/"), ("PUT", "/")] * 2
    return [await ask(application, method, path, b"{}" if method == "POST" else b"") for method, path in asked]


def under_asgi(before: dict[str, Any]) -> dict[str, Any]:
    application = importlib.import_module("chatsite.asgi").application
    imported = differences(before)
    return {"imported": imported, "statuses": asyncio.run(ask_a_mixture(application)), "asked": differences(before)}


def under_runserver(before: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def look() -> None:
        statuses: list[int] = []
        deadline = time.monotonic() + 60
        while len(statuses) < 20 and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATHS[len(statuses) % len(PATHS)]}") as answer:
                    statuses.append(answer.status)
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
            except OSError:
                time.sleep(0.1)
        print(json.dumps({"statuses": statuses, "asked": differences(before)}), flush=True)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()
    from django.core.management import call_command

    call_command("runserver", f"127.0.0.1:{port}", "--noreload", stdout=sys.stderr)


def in_a_fork(act: Callable[[], None]) -> None:
    if not (pid := os.fork()):
        act()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


if __name__ == "__main__":
    import_all()
    before = state()
    in_a_fork(lambda: print(json.dumps(under_asgi(before))))
    in_a_fork(lambda: under_runserver(before))
