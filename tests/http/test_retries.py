"""The upstream refuses: when it is asked again, and what becomes of the reply."""

import socket
import time

import pytest

from chat.models import Generation
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.endings import ending
from tests.support.site import API_KEY, Site
from tests.support.upstream import (
    ScriptedUpstream,
    answer,
    reset,
    say,
    sse,
    status,
)

RETRIED = [408, 409, 429, 500, 502, 503, 529]
FINAL = [400, 401, 403, 404, 413, 422]


@pytest.mark.parametrize("code", RETRIED)
def test_asks_again_when_that_may_help(alice: Client, upstream: ScriptedUpstream, question: str, code: int) -> None:
    upstream.script(question, status(code, '{"error": {"message": "secret words"}}', Retry_After="0"))
    upstream.script(question, answer("Good"))
    page = alice.ask_whole(question)
    assert page.text == "Good"
    assert ending(page) == ("complete", "stop", "")
    assert len(upstream.asked(question)) == 2


@pytest.mark.parametrize("code", FINAL)
def test_asks_once_when_asking_again_cannot_help(
    alice: Client, upstream: ScriptedUpstream, question: str, code: int
) -> None:
    upstream.script(question, status(code, '{"error": {"message": "secret words"}}'))
    with alice.ask(question) as stream:
        page = stream.rest()
    assert ending(page)[0] == "failed"
    assert b"secret words" not in stream.raw
    assert len(upstream.asked(question)) == 1


def test_gives_up_after_two_retries(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    for _ in range(4):
        upstream.script(question, status(500, Retry_After="0"))
    page = alice.ask_whole(question)
    assert ending(page)[0] == "failed"
    assert len(upstream.asked(question)) == 3


def test_waits_before_it_asks_again(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, status(429, Retry_After="1"))
    began = time.monotonic()
    assert alice.ask_whole(question).text == "An answer."
    assert 1 <= time.monotonic() - began < 20


@pytest.mark.parametrize("patience", ["21", "3600", "1e9", "inf", "9" * 400, "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_does_not_wait_longer_than_it_may(
    alice: Client, upstream: ScriptedUpstream, question: str, patience: str
) -> None:
    upstream.script(question, status(429, Retry_After=patience))
    began = time.monotonic()
    assert ending(alice.ask_whole(question)) == ("failed", "", "upstream_busy")
    assert time.monotonic() - began < 20
    assert len(upstream.asked(question)) == 1


def test_does_not_ask_again_after_the_first_piece(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hel"), reset())
    upstream.script(question, answer("Again"))
    assert "Again" not in alice.ask_whole(question).text
    assert len(upstream.asked(question)) == 1


def test_can_be_stopped_while_it_waits_to_ask_again(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, status(503, Retry_After="15"))
    with alice.ask(question) as stream:
        generation = stream.ids["generation"]
        upstream.wait_asked(question).ended.wait(30)
        assert alice.cancel(generation).status == 202
        assert ending(stream.rest())[0] == "stopped"
    assert len(upstream.asked(question)) == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(alice: Client, upstream: ScriptedUpstream, question: str, code: int) -> None:
    upstream.script(question, status(code, Location=f"{upstream.base_url}/chat/completions"))
    assert ending(alice.ask_whole(question))[0] == "failed"
    assert len(upstream.asked(question)) == 1


def test_a_refused_connection_fails(client_for: ClientFor, run_site: RunSite, question: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody_accepts:
        port = nobody_accepts.getsockname()[1]
    client = client_for(run_site(OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1", OPENAI_API_KEY=None))
    page = client.ask_whole(question)
    assert ending(page) == ("failed", "", "unreachable")


def test_without_a_model_the_answer_says_so(client_for: ClientFor, run_site: RunSite, question: str) -> None:
    client = client_for(run_site(OPENAI_BASE_URL=None, OPENAI_API_KEY=None))
    page = client.ask_whole(question)
    assert ending(page) == ("failed", "", "no_model")
    assert page.end
    assert "OPENAI_API_KEY" in page.end["message"]


def test_the_key_is_shown_nowhere(
    alice: Client, site: Site, upstream: ScriptedUpstream, question: str, client_for: ClientFor
) -> None:
    words = f'{{"error": {{"message": "Incorrect API key provided: {API_KEY}"}}}}'
    client = client_for(site, is_staff=True, is_superuser=True)
    seen = b""
    for steps in (
        status(401, words),
        status(429, words, Retry_After="99"),
        status(302, words, Location=f"http://127.0.0.1:9/{API_KEY}"),
        status(200, words),
        [sse(words)],
        [sse(f"Incorrect API key provided: {API_KEY}")],
        [say("Hello"), sse(f'["{API_KEY}"]')],
    ):
        upstream.script(question, steps)
        with client.ask(question) as stream:
            page = stream.rest()
            assert ending(page)[0] == "failed"
            assert page.start
        seen += stream.raw + client.get(f"/c/{page.start['conversation']}/", Accept="text/html").body
        seen += client.get(f"/admin/chat/conversation/{page.start['conversation']}/change/", Accept="text/html").body
    assert API_KEY.encode() not in seen
    assert API_KEY not in site.log
    assert not Generation.objects.filter(error__contains=API_KEY).exists()
