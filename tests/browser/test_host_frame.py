"""The chat within another project's page (tests/support/host/): it looks as it does alone, and so does the page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chat.models import Conversation
from tests.browser.axe import AXE, faults
from tests.browser.conftest import PHONE, WIDE
from tests.browser.pages import button, has_status, last_answer, send
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.files import image
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, answer, think

pytestmark = pytest.mark.usefixtures("committed")

HOST = Path(__file__).parent.parent / "support/host"
RUDE = (HOST / "rude.css").read_text()
POLITE = (HOST / "polite.css").read_text()
QUESTION = "What does it look like?"
RICH = """A *word* in **bold**, `code`, [a link](https://example.org/) and ~~not~~.

# Title

> Quoted

1. One
   - a bullet
   - [x] done

| Name | Bytes |
| :--- | ----: |
| text | 12 |

```python
def f(x: int) -> int:
    return x  # a comment
```

Then $e^{i\\pi} + 1 = 0$.
"""
SETTINGS = [
    *("/settings/", "/settings/prompts/", "/settings/links/", "/settings/import/", "/settings/privacy/"),
    *("/settings/erasure/?of=account",),
    *("/archive/", "/search/?q=look"),
]
# What follows from the room that there is, and from the frame: light or dark.
OF_THE_FRAME = [
    *("width", "height", "inline-size", "block-size", "perspective-origin", "transform-origin", "grid-template-rows"),
    *("top", "bottom", "inset-block-start", "inset-block-end", "color-scheme"),
]
# As one text: Playwright takes a hundred thousand values apart one by one.
STYLES = """([selector, leftOut]) => JSON.stringify(Array.from(document.querySelectorAll(selector), (element) => {
    const all = getComputedStyle(element);
    const names = Array.from(all).filter((name) => !name.startsWith("--") && !leftOut.includes(name));
    const style = Object.fromEntries(names.map((name) => [name, all.getPropertyValue(name)]));
    for (const pseudo of ["::before", "::after", "::placeholder"]) {
        const { content, color, opacity } = getComputedStyle(element, pseudo);
        style[pseudo] = content === "none" ? content : [content, color, opacity].join();
    }
    return [`${element.localName}.${element.getAttribute("class")}#${element.id}`, style];
}))"""
# Without what the frame alone has or names; what is drawn in an icon has no box.
OURS = ".chat :not(template, noscript, .bar__site, #account, #account *, #main, svg *)"
THEIRS = "html, body, main.page, #head, #head *, #foot, #foot *"
DISABLE = """(name) => {
    for (const sheet of document.styleSheets) if (sheet.href.includes(name)) sheet.disabled = true;
}"""


@pytest.fixture
def host(committed: None, run_site: RunSite) -> Site:
    """The project's site, on the same database."""
    return run_site(DJANGO_SETTINGS_MODULE="tests.support.host.settings")


@pytest.fixture
def open_host(
    context_for: Callable[..., BrowserContext], host: Site, site: Site, alice: Client, complaints: list[str]
) -> Callable[..., Page]:
    """`open_host(path)`: that page in the project's frame, with these styles; with `alone`, in ours."""

    def open_(path: str = "/", styles: str = RUDE, *, alone: bool = False, **options: object) -> Page:
        url = site.url if alone else host.url
        context = context_for(None, **options)
        context.add_cookies([{"name": "sessionid", "value": alice.cookies["sessionid"], "url": url}])
        page = context.new_page()
        if not alone:  # a page with a route has no cache
            page.route("**/host.css", lambda route: route.fulfill(body=styles, content_type="text/css"))
        page.goto(url + path)
        return page

    return open_


@pytest.fixture
def conversation(alice: Client, upstream: ScriptedUpstream) -> str:
    """The path of one that has most of what there is."""
    upstream.script(QUESTION, think("Let me see."), *answer(RICH))
    picture = alice.upload(image(), name="picture.png").json["id"]
    alice.ask_whole(QUESTION, attachments=[picture])
    return f"/c/{Conversation.objects.get().pk}/"


def styles(page: Page, selector: str) -> list[Any]:
    if page.locator(".message").count():
        expect(last_answer(page).locator(".katex")).to_be_visible()
    found: list[Any] = json.loads(page.evaluate(STYLES, [selector, OF_THE_FRAME]))
    return found


def differences(ones: list[Any], others: list[Any]) -> list[str]:
    assert [name for name, _ in ones] == [name for name, _ in others]
    return [
        f"{name} {key}: {value!r}, {other[key]!r}"
        for (name, one), (_, other) in zip(ones, others, strict=True)
        for key, value in one.items()
        if value != other[key]
    ]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_looks_as_it_does_alone(open_host: Callable[..., Page], conversation: str, size: dict[str, int]) -> None:
    for path in ["/", conversation, *(SETTINGS if size == WIDE else [])]:
        alone, within = (open_host(path, alone=alone, viewport=size) for alone in (True, False))
        assert differences(styles(alone, OURS), styles(within, OURS)) == [], path
        # What it is for is not there, and it would double what a long page takes to be styled.
        assert [page.locator('link[href*="/pseudo_elements."]').count() for page in (alone, within)] == [0, 1]


def test_would_not_without_its_own_styles(open_host: Callable[..., Page], conversation: str) -> None:
    page = open_host(conversation)
    before = styles(page, OURS)
    page.evaluate(DISABLE, "/pseudo_elements.")
    assert len(differences(before, styles(page, OURS))) > 100
    page.evaluate(DISABLE, "/elements.")
    assert len(differences(before, styles(page, OURS))) > 1000


def test_leaves_the_page_around_as_it_is(open_host: Callable[..., Page], conversation: str) -> None:
    page = open_host(conversation)
    before = styles(page, THEIRS)
    page.evaluate("() => document.body.classList.add('chat')")
    assert len(differences(*([["", style] for _, style in found] for found in (before, styles(page, THEIRS))))) > 100
    page.evaluate("() => document.body.removeAttribute('class')")
    page.evaluate(DISABLE, "/chat/")
    assert differences(before, styles(page, THEIRS)) == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_answers_within_a_page(
    open_host: Callable[..., Page], upstream: ScriptedUpstream, question: str, size: dict[str, int]
) -> None:
    upstream.script(question, answer("One line.\n\n" * 60))
    page = open_host(styles=POLITE, viewport=size)
    assert page.title() == "New conversation – The shop"
    assert page.evaluate("scrollY") == 0, "the page's header is hidden at once"
    send(page, question)
    has_status(last_answer(page), "complete")
    assert page.title() == f"{question} – The shop"
    # At the end of the chat, where the page's own footer begins; the composer is docked there, and further up, too.
    foot, dock = (page.locator(selector).bounding_box() for selector in ("#foot", ".dock"))
    assert foot
    assert dock
    assert abs(foot["y"] - size["height"]) < 2
    assert abs(dock["y"] + dock["height"] - foot["y"]) < 2
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "(y) => Math.abs(document.querySelector('.dock').getBoundingClientRect().bottom - y) < 2", arg=size["height"]
    )
    expect(button(page, "Jump to latest")).to_be_visible()


def test_the_menu_opens_below_the_bar(open_host: Callable[..., Page]) -> None:
    page = open_host(styles=POLITE)
    page.locator(".bar__user").click()
    bar, menu = (page.locator(selector).bounding_box() for selector in (".chat .bar", "#account"))
    assert bar
    assert menu
    assert 0 <= menu["y"] - bar["y"] - bar["height"] < 10
    expect(page.locator("#account")).not_to_contain_text("Log out")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_is_as_light_as_the_page(open_host: Callable[..., Page], scheme: str) -> None:
    page = open_host(styles=POLITE.replace("light dark", "light"), color_scheme=scheme)
    assert page.evaluate("getComputedStyle(document.querySelector('.chat')).backgroundColor") == "rgb(251, 249, 244)"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_is_for_everyone(open_host: Callable[..., Page], conversation: str) -> None:
    page = open_host(conversation, POLITE)
    assert faults(page) == []
