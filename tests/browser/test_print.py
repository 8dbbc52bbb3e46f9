"""A conversation on paper: the messages, black on white, with what a reader of paper needs and nothing to press."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import has_status, last_answer, send
from tests.support.client import Client
from tests.support.site import ROOT
from tests.support.upstream import ScriptedUpstream, answer, think

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]

A4_PX: ViewportSize = {"width": 642, "height": 971}  # within margins of 20 mm
ANSWER = "See [the standard](https://html.spec.whatwg.org/).\n\n```python\nx = " + "1 + " * 60 + "1\n```\n"


@pytest.fixture
def printed(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str) -> Page:
    """A page in dark colours, as it would be printed."""
    upstream.script(question, think("Let me think."), *answer(ANSWER))
    page = open_page(alice, color_scheme="dark")
    send(page, question)
    has_status(last_answer(page), "complete")
    page.emulate_media(media="print")
    page.set_viewport_size(A4_PX)
    return page


def test_the_messages_alone_are_printed(printed: Page, question: str) -> None:
    expect(printed.get_by_role("heading", level=1)).to_be_visible()
    expect(printed.locator(".message")).to_have_count(2)
    expect(printed.locator(".message__who").first).to_be_visible()
    for what in ("button", "nav", "textarea", "summary", "select", ".skip"):
        expect(printed.locator(what).filter(visible=True)).to_have_count(0)


def test_black_on_white_whatever_the_screen(printed: Page) -> None:
    colours = printed.locator(".message__body, .message__body code, .hljs-number").evaluate_all(
        "(elements) => Array.from(new Set(elements.map((element) => getComputedStyle(element).color)))"
    )
    assert colours == ["rgb(0, 0, 0)"]
    assert printed.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_links_bear_their_address(printed: Page) -> None:
    link = printed.locator(".message__body a")
    address = link.evaluate("(link) => getComputedStyle(link, '::after').content")
    assert "https://html.spec.whatwg.org/" in address


def test_code_is_wrapped_within_the_page(printed: Page) -> None:
    code = printed.locator("pre")
    assert code.evaluate("(code) => code.scrollWidth - code.clientWidth") <= 0
    assert code.evaluate("(code) => code.getBoundingClientRect().height") > 60


def test_reasoning_is_printed_where_it_is_open(printed: Page) -> None:
    expect(printed.locator(".message__thoughts")).to_be_hidden()
    printed.locator(".message__reasoning").evaluate("(details) => { details.open = true; }")
    expect(printed.locator(".message__thoughts")).to_be_visible()


def test_it_makes_a_document(printed: Page, tmp_path: Path) -> None:
    document = printed.pdf(path=tmp_path / "conversation.pdf", format="A4", prefer_css_page_size=True)
    assert document.startswith(b"%PDF")
