"""A stream that pauses is woken for nothing meanwhile: what arrives gathers in its socket, and is read afterwards."""

import asyncio
import socket
from typing import Any

import pytest

from chat.providers import openai as module
from chat.providers.chunks import Text
from chat.providers.client import close_clients
from chat.providers.openai import COLLECTED_BYTES, stream
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

LOWAT = socket.SOL_SOCKET, socket.SO_RCVLOWAT


def test_what_arrives_in_a_pause_gathers_in_the_socket(
    monkeypatch: pytest.MonkeyPatch, settings: Any, upstream: ScriptedUpstream, question: str
) -> None:
    settings.OPENAI_BASE_URL = upstream.base_url
    gates = [Gate(), Gate()]
    upstream.script(question, say("One"), gates[0], say(" two"), gates[1], finish(), done())
    text, levels = asyncio.run(_read_with_a_pause(monkeypatch, question, gates))
    assert text == "One two"
    assert levels == [COLLECTED_BYTES, 1]


async def _read_with_a_pause(
    monkeypatch: pytest.MonkeyPatch, question: str, gates: list[Gate]
) -> tuple[str, list[int]]:
    """What was read, and for how many bytes the kernel was to wake us, by its own word."""
    levels: list[int] = []
    wake_for = module._wake_for

    def noted(sock: socket.socket, number: int) -> None:
        wake_for(sock, number)
        levels.append(sock.getsockopt(*LOWAT))

    def pause() -> asyncio.Future[None] | None:
        if gates:
            gates.pop(0).open()
        return None if levels else asyncio.ensure_future(asyncio.sleep(0.1))

    monkeypatch.setattr(module, "_wake_for", noted)
    messages = [{"role": "user", "content": question}]
    said = [event async for event in stream("model", messages, pause=pause)]
    await close_clients()
    return "".join(event.text for event in said if isinstance(event, Text)), levels
