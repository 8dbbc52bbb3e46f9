"""A model's reasoning on the page: Markdown like the answer, folded as the reader left it, with the time it took."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chat.models import Generation
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import body, button, has_status, last_answer, send
from tests.support.client import Client
from tests.support.hostile import HOSTILE
from tests.support.site import ROOT
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say, think

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]

THOUGHTS = (
    "First, **think**.\n\n- one\n- two\n\n```js\nlet x = 1;\n```\n\n"
    "<details>\n<summary>More</summary>\n\nHm\n\n</details>"
)
TOOK = re.compile("^Thought for ")


def summary(page: Page) -> Locator:
    return last_answer(page).locator(".message__reasoning > summary")


def thoughts(page: Page) -> Locator:
    return last_answer(page).locator(".message__thoughts")


def html(page: Page) -> str:
    expect(thoughts(page).locator("code[data-language]")).to_have_count(0)
    return str(thoughts(page).evaluate("element => element.outerHTML"))


def set_time(page: Page, milliseconds: int | None) -> None:
    """As if the last answer had taken so long to reason."""
    pk = last_answer(page).get_attribute("data-generation")
    Generation.objects.filter(pk=pk).update(reasoning_ms=milliseconds)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_reasoning_is_markdown_streamed_and_reloaded(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    pieces = [think(THOUGHTS[at : at + 3]) for at in range(0, len(THOUGHTS), 3)]
    upstream.script(question, *pieces, say("So."), finish(), done())
    page = open_page(alice, viewport=viewport)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(summary(page)).to_have_text(TOOK)
    took = summary(page).text_content()
    expect(thoughts(page)).to_be_hidden()
    summary(page).press("Enter")
    expect(thoughts(page).locator("li")).to_have_count(2)
    expect(thoughts(page).locator("strong")).to_be_visible()
    streamed = html(page)
    page.reload()
    expect(summary(page)).to_have_text(str(took))
    summary(page).press("Enter")
    expect(thoughts(page).locator("strong")).to_be_visible()
    assert html(page) == streamed
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_says_that_it_thinks_and_then_for_how_long(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    thinking, saying = Gate(), Gate()
    upstream.script(question, think("Hm"), thinking, say("So"), saying, finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(summary(page)).to_have_text("Thinking…")
    thinking.open()
    expect(summary(page)).to_have_text(TOOK)
    saying.open()
    has_status(last_answer(page), "complete")
    expect(summary(page)).to_have_text(TOOK)


def test_a_reload_says_only_what_is_known(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    thinking, saying = Gate(), Gate()
    upstream.script(question, think("Hm"), thinking, say("So"), saying, finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(summary(page)).to_have_text("Thinking…")
    page.reload()
    expect(summary(page)).to_have_text("Thinking…")
    thinking.open()
    expect(summary(page)).to_have_text("Reasoning")
    saying.open()
    has_status(last_answer(page), "complete")
    expect(summary(page)).to_have_text(TOOK)
    set_time(page, 125_000)
    page.reload()
    expect(summary(page)).to_have_text("Thought for 2 min 5 s")
    set_time(page, None)
    page.reload()
    expect(summary(page)).to_have_text("Reasoning")


def test_what_the_reader_opened_stays_open(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    thinking = Gate()
    upstream.script(question, think("**Hm**"), thinking, think(" *and*"), say("So"), finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(summary(page)).to_have_text("Thinking…")
    expect(thoughts(page)).to_be_hidden()
    summary(page).click()
    expect(thoughts(page).locator("strong")).to_be_visible()
    thinking.open()
    has_status(last_answer(page), "complete")
    expect(thoughts(page).locator("em")).to_be_visible()


def test_a_continuation_adds_its_time_to_that_before(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, think("Hm"), say("So"), finish("length"), done())
    upstream.script(question, think("Hm again"), say(" it is"), finish(), done(), what="continuation")
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "length")
    set_time(page, 59_000)
    page.reload()
    expect(summary(page)).to_have_text("Thought for 59 s")
    button(page, "Continue").click()
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page))).to_have_text("So it is")
    expect(summary(page)).to_have_text(re.compile("^Thought for (59 s|1 min )"))
    took = summary(page).text_content()
    page.reload()
    expect(summary(page)).to_have_text(str(took))


def test_hostile_reasoning_does_nothing(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, think("\n\n".join(HOSTILE)), say("So."), finish(), done())
    page = open_page(alice)
    page.add_init_script("window.ran = () => (window.hasRun = true);")
    page.reload()
    send(page, question)
    has_status(last_answer(page), "complete")
    summary(page).click()
    expect(thoughts(page)).to_have_class(re.compile("markdown"))
    assert page.evaluate("window.hasRun") is None
    page.reload()
    summary(page).click()
    expect(thoughts(page)).to_have_class(re.compile("markdown"))
    assert page.evaluate("window.hasRun") is None
