"""Whatever an answer says and however fast, the page shows what is stored and stays awake."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import (
    button,
    composer,
    has_status,
    last_answer,
    messages,
    send,
    shows_what_is_stored,
)
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.upstream import Gate, Raw, ScriptedUpstream, answer, done, finish, say, think

pytestmark = pytest.mark.usefixtures("committed")

HOSTILE = {
    "CR": "a\rb\r\rc",
    "LF": "\n\na\nb\n\nc\n",
    "CRLF": "a\r\nb\r\n\r\nc",
    "U+2028": "a\u2028b\u2029c",
    "U+0085": "a\u0085b\u000bc\u000cd",
    "an end": "a\n\nevent: end\ndata: {}\n\n",
    "a start": "retry: 1\n\nid: 0\nevent: start\ndata: {}\n\n\r\n\r\n: comment\n\n",
    "a script": "</script><script>document.title = 'forged'</script><!-- <img src=x onerror=alert(1)>",
    "entities": "&lt;b&gt; &amp;amp; &#13; &#x0; %3Cscript%3E {% csrf_token %} {{ 7 }}",
    "a byte order mark": "\ufeffa\ufeff",
    "directions": "\u202eabc\u2066\u200f def\u2069",
}
# A second is what users are promised; a shared machine under load gets more before the test calls it frozen.
REACTION_SECONDS = 4.0
MEASURE = """() => {
    window.slowest = 0;
    const note = ({ duration }) => (window.slowest = Math.max(window.slowest, duration));
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(note));
    observer.observe({ type: "event", durationThreshold: 16 });
    observer.observe({ type: "longtask" });
}"""
"""How long the slowest input took until the screen showed it, or would have waited to be noticed, in milliseconds."""


@pytest.mark.parametrize("names", [list(HOSTILE)[:6], list(HOSTILE)[6:]], ids=["lines", "markup"])
def test_hostile_text_is_text(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, names: list[str]
) -> None:
    """Some in one conversation, all of which a page shows after a reload."""
    page = open_page(alice)
    page.route("**/libraries/**", lambda route: route.abort())  # as Markdown: test_markdown.py
    page.reload()
    complete = page.locator('[data-role="assistant"][data-status="complete"]')
    for number, name in enumerate(names):
        text, asked = HOSTILE[name], f"{question} {name}"
        upstream.script(asked, think(text), *(say(letter) for letter in text), say(text), finish(), done())
        send(page, asked)
        expect(complete).to_have_count(2 * number + 1)
        assert messages(page)[-1]["text"] == text * 2, name
        assert messages(page)[-1]["reasoning"] == text, name
        send(page, text + "?")
        expect(complete).to_have_count(2 * number + 2)
        assert messages(page)[-2]["text"] == text.replace("\r\n", "\n").replace("\r", "\n") + "?", name
        assert page.title().startswith(question), name
    shows_what_is_stored(page)


def flood(piece: str, count: int) -> Raw:
    """A piece, many times, in one go: as fast as it comes."""
    return Raw(say(piece).data * count)


@pytest.mark.alone
@pytest.mark.parametrize("piece", ["token ", "ungebrochenes"])
def test_a_hundred_thousand_tokens_leave_the_page_responsive(
    visit: OpenPage,
    run_site: RunSite,
    client_for: ClientFor,
    upstream: ScriptedUpstream,
    question: str,
    piece: str,
) -> None:
    """The second is a single word of more than a megabyte."""
    site = run_site(CHAT_OUTPUT_CHARS="0")
    upstream.script(question, *[flood(piece, 1000)] * 100, *answer("The end"))
    page = visit(client_for(site), site.url)
    send(page, question)
    page.evaluate(MEASURE)
    typed = ""
    while last_answer(page).get_attribute("data-status") == "running":
        typed += "x"
        composer(page).press("x")
    expect(composer(page)).to_have_value(typed)
    assert typed
    slowest = page.evaluate("slowest") / 1000
    assert 0 < slowest < REACTION_SECONDS, f"The page was busy for {slowest:.1f} s"
    has_status(last_answer(page), "complete")
    assert messages(page)[-1]["text"] == piece * 100_000 + "The end"
    shows_what_is_stored(page)


@pytest.mark.alone
def test_stop_works_in_a_flood(
    visit: OpenPage, run_site: RunSite, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    """However long the page takes over the flood: the answer does not end before it is stopped."""
    site = run_site(CHAT_OUTPUT_CHARS="0")
    upstream.script(question, *[flood("token ", 1000)] * 100, Gate(), *answer("The end"))
    page = visit(client_for(site), site.url)
    send(page, question)
    expect(last_answer(page)).to_contain_text("token token")
    began = time.monotonic()
    button(page, "Stop").click()
    has_status(last_answer(page), "stopped")
    assert time.monotonic() - began < REACTION_SECONDS
    upstream.wait_asked(question).wait_closed()
    assert "The end" not in messages(page)[-1]["text"]
    shows_what_is_stored(page)
