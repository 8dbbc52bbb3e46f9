"""Clients that are not ours: what docs/protocol.md gives others to begin with, over connections that are cut."""

import json
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx
import pytest
from httpx_sse import connect_sse

from tests.browser.wire import Wire
from tests.support.client import Client
from tests.support.protocol_page import examples
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, think

ROOT = Path(__file__).resolve().parents[2]
TEXT = "Grüße, 🌍! id: 3"
LIBRARY = (HTTPError, HTTPException, Request, json, time, urlopen, uuid)


def python_for(client: Client, site_url: str) -> dict[str, Any]:
    """What the page's Python defines, for this user at this address."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    names: dict[str, Any] = {each.__name__: each for each in LIBRARY}
    names |= {"SITE": site_url, "COOKIES": cookies, "TOKEN": client.cookies["csrftoken"]}
    exec(examples("python"), names)  # ours
    return names


def test_the_python_of_the_protocol_page_asks_and_follows(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, think("Hm"), say(TEXT), finish(), done())
    python = python_for(alice, site.url)
    text, ending = python["follow"](python["ask"](question))
    assert (text, ending["status"]) == (TEXT, "complete")


def test_the_python_of_the_protocol_page_follows_over_any_cut(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    upstream.script(question, answer(TEXT))
    with alice.ask(question) as stream:
        generation = stream.ids["generation"]
        stream.rest()
    with Wire(site.port, range(1, 3000, 37)) as wire:
        text, ending = python_for(alice, wire.url)["follow"](generation)
        assert wire.connections > 10
    assert (text, ending["status"]) == (TEXT, "complete")


def test_the_python_of_the_protocol_page_follows_what_is_being_written(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    gates = [Gate() for _ in range(5)]
    upstream.script(question, [step for gate in gates for step in (say(TEXT), gate)], finish(), done())
    with Wire(site.port) as wire:
        python = python_for(alice, wire.url)
        follow, found = python["follow"], list[Any]()
        generation = python["ask"](question)
        following = _in_background(lambda: found.append(follow(generation)))
        for gate in gates:
            gate.wait_reached()
            wire.cut()
            gate.open()
        following.join(60)
    assert [(text, ending["status"]) for text, ending in found] == [(TEXT * 5, "complete")]


def test_the_python_of_the_protocol_page_says_that_it_is_refused(alice: Client, site: Site) -> None:
    with pytest.raises(HTTPError) as refused:
        python_for(alice, site.url)["follow"](uuid.uuid4())
    with refused.value as answered:
        assert answered.status == 404


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_of_the_protocol_page_asks_and_goes_on(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer(TEXT))
    first, second = examples("sh").split("\n\n")
    asked = curl(alice, site, first, QUESTION=question)
    assert f'"text":"{TEXT}"' in asked
    assert "event: end" in asked
    generation = next(json.loads(line[6:])["generation"] for line in asked.splitlines() if line.startswith("data: "))
    rest = curl(alice, site, second, GENERATION=generation)
    assert f'"text":"{TEXT[14:]}"' in rest
    assert "event: end" in rest


def curl(client: Client, site: Site, script: str, **variables: str) -> str:
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    known = {"SITE": site.url, "COOKIES": cookies, "TOKEN": client.cookies["csrftoken"], "PATH": "/usr/bin:/bin"}
    ids = f"uuidgen() {{ echo {uuid.uuid4()}; }}\n"  # not every system has it
    command = ["sh", "-ec", ids + script]
    ran = subprocess.run(command, env=known | variables, capture_output=True, text=True, timeout=60, check=True)
    return ran.stdout


def _in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_eventsource_of_npm_follows_over_cut_connections_and_then_stays_away(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    if not (ROOT / "node_modules/eventsource").exists():
        pytest.skip("The package eventsource is not installed.")
    generation = answered(alice, upstream, question)
    with Wire(site.port, [500, 650, 800]) as wire:
        url = f"{wire.url}/generations/{generation}/events/"
        cookies = f"sessionid={alice.cookies['sessionid']}"
        command = ["node", str(ROOT / "tests/support/npm_client.mjs"), url, cookies]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
        text, ending, _ = json.loads(ran.stdout)
        assert (text, ending["status"], wire.connections) == (TEXT, "complete", 4)


def test_fetch_event_source_of_npm_follows_over_a_cut_at_any_byte(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    """It takes an id as it reads it: what stands behind it in its event could be lost by a cut, which is one byte.

    Told to ask from the last event that it has passed on, it loses nothing at all.
    """
    if not (ROOT / "node_modules/@microsoft/fetch-event-source").exists():
        pytest.skip("The package @microsoft/fetch-event-source is not installed.")
    generation = answered(alice, upstream, question)
    read = cut_at_each_byte(alice, site, generation)
    assert [each for each in read if each != [TEXT, "complete"]] == [["", "complete"]]
    assert [each for each in cut_at_each_byte(alice, site, generation, "own") if each != [TEXT, "complete"]] == []


def cut_at_each_byte(client: Client, site: Site, generation: str, *own: str) -> list[list[str]]:
    url = f"{site.url}/generations/{generation}/events/"
    program = str(ROOT / "tests/support/npm_fetch_event_source.mjs")
    command = ["node", program, url, f"sessionid={client.cookies['sessionid']}", *own]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    read: list[list[str]] = json.loads(ran.stdout)
    assert len(read) > 100
    return read


def test_httpx_sse_follows_over_cut_connections(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    """As its page says: it comes again with the last id; `end` is the last that it needs."""
    generation = answered(alice, upstream, question)
    said, last = list[tuple[str, dict[str, Any]]](), ""
    with Wire(site.port, [500, 650, 800]) as wire, httpx.Client(cookies=alice.cookies) as client:
        while not said or said[-1][0] != "end":
            headers = {"Last-Event-ID": last} if last else {}
            url = f"{wire.url}/generations/{generation}/events/"
            with suppress(httpx.TransportError), connect_sse(client, "GET", url, headers=headers) as source:
                for event in filter(lambda each: each.data, source.iter_sse()):  # it passes on what only says `retry`
                    said.append((event.event, event.json()))
                    last = event.id
        assert wire.connections == 4
    assert "".join(data["text"] for event, data in said if event == "text") == TEXT
    assert said[-1][1]["status"] == "complete"


def answered(client: Client, upstream: ScriptedUpstream, question: str) -> str:
    """The generation of an answer that has ended."""
    upstream.script(question, answer(TEXT))
    with client.ask(question) as stream:
        generation: str = stream.ids["generation"]
        stream.rest()
    return generation
