"""What staff read in the admin: the same Markdown by the same module, under the same policy."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chat.models import MessagePart
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.test_markdown import SUSPECTS, whole_answer
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.hostile import EVIL, HOSTILE
from tests.support.site import ROOT, Site

__all__ = ["whole_answer"]  # a fixture

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]


@pytest.fixture
def staff(site: Site, client_for: Callable[..., Client]) -> Client:
    return client_for(site, is_staff=True, is_superuser=True)


def transcript_of(owner: Client, *texts: str, reasoning: str = "") -> str:
    """The path of the transcript of a conversation with these texts; the last one was reasoned about."""
    assert owner.user
    conversation, messages = stored_conversation(owner.user.pk, texts)
    if reasoning:
        MessagePart.objects.create(message=messages[-1], number=1, kind="reasoning", text=reasoning)
    return f"/admin/chat/conversation/{conversation.pk}/change/"


def answer(page: Page) -> Locator:
    return page.locator(".turn--assistant > .turn__text").last


def test_answers_and_reasoning_are_markdown(open_page: OpenPage, alice: Client, staff: Client) -> None:
    path = transcript_of(alice, "**Why?**", "**So** `it` is.\n\n```js\nlet x = 1;\n```", reasoning="*Hm*")
    page = open_page(staff, path)
    expect(answer(page).locator("strong")).to_have_text("So")
    expect(answer(page).locator(".hljs-keyword")).to_have_text("let")
    expect(page.locator(".turn--user .turn__text")).to_have_text("**Why?**")
    page.locator(".turn__aside > summary").click()
    expect(page.locator(".turn__aside em")).to_have_text("Hm")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_hostile_text_does_nothing(
    open_page: OpenPage, alice: Client, staff: Client, site: Site, viewport: dict[str, int]
) -> None:
    page = open_page(staff, "/admin/", viewport=viewport)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("window.ran = () => (window.hasRun = true);")
    path = transcript_of(alice, *(text for hostile in HOSTILE for text in ("Hi", hostile.replace("\0", "\ufffd"))))
    page.goto(site.url + path)
    texts = page.locator(".turn--assistant .turn__text")
    expect(texts).to_have_count(len(HOSTILE))
    expect(texts.first).to_have_class(re.compile("markdown"))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".turn--assistant .turn__text:not(.markdown)")).to_have_count(0)
    assert (
        page.locator(".transcript").evaluate(
            f"(root) => [...root.querySelectorAll('.turn--assistant .turn__text')].flatMap({SUSPECTS})"
        )
        == []
    )
    page.mouse.move(200, 300)
    page.keyboard.press("Tab")
    assert page.evaluate("window.hasRun") is None
    assert asked
    assert [url for url in asked if not url.startswith(site.url)] == []
    assert EVIL in page.locator(".transcript").inner_text()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_what_is_wide_scrolls_by_itself(
    open_page: OpenPage, alice: Client, staff: Client, viewport: dict[str, int]
) -> None:
    wide = "```js\n" + "x" * 500 + "\n```\n\n|" + " column |" * 40 + "\n|" + "---|" * 40 + "\n\n" + "w" * 1000
    page = open_page(staff, transcript_of(alice, "Hi", wide), viewport=viewport)
    expect(answer(page).locator("pre")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    pre = answer(page).locator("pre")
    assert pre.evaluate("(pre) => pre.scrollWidth > pre.clientWidth")


def test_without_the_libraries_or_scripts_it_is_plain_text(open_page: OpenPage, alice: Client, staff: Client) -> None:
    def refuse(route: Route) -> None:
        route.abort()

    path = transcript_of(alice, "Hi", "**Plain**\n\n- text")
    page = open_page(staff, "/admin/")
    page.route("**/libraries/**", refuse)
    page.goto(page.url.removesuffix("/admin/") + path)
    assert answer(page).inner_text() == "**Plain**\n\n- text"
    bare = open_page(staff, path, java_script_enabled=False)
    assert answer(bare).inner_text() == "**Plain**\n\n- text"


def test_screenshots_of_a_transcript(
    open_page: OpenPage, alice: Client, staff: Client, whole_answer: str, screenshots: Path
) -> None:
    path = transcript_of(alice, "Show me all that you can do", whole_answer, reasoning="Let me *think*.")
    for scheme, viewport in (("light", WIDE), ("dark", PHONE)):
        page = open_page(staff, path, color_scheme=scheme, viewport=viewport)
        page.locator(".turn__aside > summary").click()
        expect(answer(page).locator("code[data-language], code[data-maths]")).to_have_count(0)
        expect(answer(page).locator("h1")).to_be_visible()
        page.screenshot(path=screenshots / f"transcript-{scheme}.png", full_page=True)
