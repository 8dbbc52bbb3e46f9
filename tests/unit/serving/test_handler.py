"""What our handler does that Django's does not: lifespan, start of the sweeps, limits of bodies, signals."""

import asyncio
from typing import Any

import pytest
from django.core import mail
from django.core.signals import request_finished, request_started
from django.db import connections
from django.dispatch import Signal

from chat.generation import sweeps
from chat.models import threads
from chat.serving import handler as handlers
from chat.serving.handler import ASGIHandler

Sent = list[dict[str, Any]]


def serve(handler: ASGIHandler, scope: dict[str, Any], *messages: dict[str, Any]) -> Sent:
    sent: Sent = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        for message in waiting:
            return message
        await asyncio.sleep(3600)
        raise AssertionError("unreachable")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(handler(scope, receive, send))
    return sent


def get(path: str, method: str = "GET", length: int = 0, **headers: str) -> dict[str, Any]:
    named = {"host": "testserver", "content-length": str(length)} | headers
    encoded = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": encoded}


BODY = {"type": "http.request", "body": b""}


# Lifespan


class Ending:
    is_over = False

    async def shut_down(self) -> None:
        self.is_over = True


def test_what_is_being_written_is_stored_before_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = Ending()
    monkeypatch.setattr(handlers, "engine", ending)
    sent = serve(ASGIHandler(), {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ending.is_over


def test_other_protocols_are_turned_away() -> None:
    assert serve(ASGIHandler(), {"type": "websocket"}) == [{"type": "websocket.close"}]
    with pytest.raises(ValueError, match="webtransport"):
        serve(ASGIHandler(), {"type": "webtransport"})


# Sweeps


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(sweeps, "start_sweeping", lambda alive: calls.append("sweeping"))
    monkeypatch.setattr(sweeps, "start_erasing_expired", lambda: calls.append("erasing"))
    monkeypatch.setattr(sweeps, "_started_in", set())
    return calls


def test_nothing_starts_in_the_tests_of_a_project(started: list[str]) -> None:
    sweeps.start_sweeps()
    assert started == []


def test_sweeps_start_once_in_each_process(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mail, "outbox")
    handler = ASGIHandler()
    assert started == []
    for _ in range(3):
        serve(handler, {"type": "websocket"})
    assert started == ["sweeping", "erasing"]
    monkeypatch.setattr("os.getpid", lambda: -1)  # as after a fork
    sweeps.start_sweeps()
    assert started == ["sweeping", "erasing"] * 2


# Bodies


A_QUESTION = "/c/00000000-0000-0000-0000-000000000000/messages/"


@pytest.mark.parametrize(
    ("path", "limit_all", "status"), [(A_QUESTION, False, 413), ("/nowhere/", False, 404), ("/nowhere/", True, 413)]
)
def test_a_body_is_too_large_for_the_chat_or_for_all(path: str, limit_all: bool, status: int) -> None:
    handler = ASGIHandler(limit_all_bodies=limit_all)
    sent = serve(handler, get(path, "POST", 10**10, accept="application/json"), BODY)
    assert sent[0]["status"] == status


def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    headers: Any = {"content-length": "9" * 5000, "accept": "application/json"}
    sent = serve(ASGIHandler(), get(A_QUESTION, "POST", **headers), BODY)
    assert sent[0]["status"] == 413


# Where it is mounted


@pytest.mark.parametrize("setting", ["", "/chat"])
def test_where_the_site_is_mounted_is_for_its_settings_to_say(db: None, settings: Any, setting: str) -> None:
    settings.FORCE_SCRIPT_NAME = setting or None
    sent = serve(ASGIHandler(), get(f"{setting}/", accept="text/html") | {"root_path": "/evil"}, BODY)
    assert dict(sent[0]["headers"])[b"Location"].endswith(f"?next={setting}/".encode())
    for pool in (threads._readers, threads._doorkeepers):
        for done in [pool.submit(connections.close_all) for _ in range(8)]:
            done.result()


# Signals


@pytest.mark.parametrize("signal", [request_started, request_finished], ids=["started", "finished"])
def test_whoever_listens_is_told_once_in_a_thread_that_may_wait(signal: Signal) -> None:
    heard: list[type] = []

    def listen(sender: type, **named: Any) -> None:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        heard.append(sender)

    signal.connect(listen)
    try:
        sent = serve(ASGIHandler(), get("/nowhere/", accept="application/json"), BODY)
    finally:
        signal.disconnect(listen)
    assert sent[0]["status"] == 404
    assert heard == [ASGIHandler]
