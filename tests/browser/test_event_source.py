"""A browser's own EventSource, which others use in the place of our client."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.wire import Wire
from tests.support.client import Client
from tests.support.protocol_page import examples
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")

TEXT = "Grüße, 🌍! "
PIECES = 3
BARE = "/conversations/"
"""A page without scripts of its own."""

COUNTED = """generation => new Promise((resolve) => {
  const seen = (window.seen = { text: "", events: [], opened: 0, lost: 0 });
  const source = (window.source = new EventSource(`/generations/${generation}/events/`));
  source.onopen = () => (seen.opened += 1);
  source.onerror = () => (seen.lost += 1);
  for (const name of ["start", "text", "reset", "end"])
    source.addEventListener(name, ({ data }) => {
      seen.events.push(name);
      if (name === "text") seen.text += JSON.parse(data).text;
      if (name === "end") resolve(seen);
    });
})"""


def cut_after_each_piece(wire: Wire, gates: list[Gate], page: Page, client: str) -> Any:
    """Run a client in the page while its connections are cut, and return what comes of it."""

    def connected_again(work: Callable[[], object]) -> None:
        before = wire.connections
        work()
        eventually(lambda: wire.connections > before, "It comes again")

    wire.cut()  # the page's own, which it could use again
    connected_again(lambda: page.evaluate(f"() => {{ window.following = ({client}); }}"))
    for gate in gates:
        gate.wait_reached()
        connected_again(wire.cut)
        gate.open()
    return page.evaluate("window.following")


def asked(client: Client, upstream: ScriptedUpstream, question: str) -> tuple[str, list[Gate]]:
    gates = [Gate() for _ in range(PIECES)]
    upstream.script(question, [step for gate in gates for step in (say(TEXT), gate)], finish(), done())
    with client.ask(question) as stream:
        return stream.ids["generation"], gates


def test_a_browsers_own_client_follows_over_cut_connections_and_then_stays_away(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    generation, gates = asked(alice, upstream, question)
    page = visit(alice, f"{wire.url}{BARE}")
    seen = cut_after_each_piece(wire, gates, page, f"({COUNTED})('{generation}')")
    assert seen["text"] == TEXT * PIECES
    assert seen["events"].count("end") == 1
    # It is told that the connection is over, and would come again after a second.
    page.wait_for_function("before => window.seen.lost > before", arg=seen["lost"])
    page.wait_for_timeout(2_500)
    assert page.evaluate("[window.source.readyState, window.seen.opened]") == [0, seen["opened"]]


def test_the_javascript_of_the_protocol_page_follows_over_cut_connections(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    generation, gates = asked(alice, upstream, question)
    page = visit(alice, f"{wire.url}{BARE}")
    client = f"(() => {{ const SITE = ''; {examples('js')} return follow('{generation}'); }})()"
    text, ending = cut_after_each_piece(wire, gates, page, client)
    assert (text, ending["status"]) == (TEXT * PIECES, "complete")
