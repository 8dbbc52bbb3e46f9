"""The chat within another project's page (tests/support/host/): it looks there as it does alone, and so does the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from chat.models import Conversation
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import last_answer
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.files import image
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, answer, think

pytestmark = pytest.mark.usefixtures("committed")

HOST = Path(__file__).parent.parent / "support/host"
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
# What follows from the room that there is, and what the frame says: which of the two looks, light or dark.
NOT_OURS = [
    *("width", "height", "inline-size", "block-size", "perspective-origin", "transform-origin"),
    *("top", "bottom", "inset-block-start", "inset-block-end", "color-scheme"),
]
STYLES = """([selector, left_out]) => Array.from(document.querySelectorAll(selector), (element) => {
    const all = getComputedStyle(element);
    const style = Object.fromEntries(Array.from(all, (name) => [name, all.getPropertyValue(name)])
        .filter(([name]) => !name.startsWith("--") && !left_out.includes(name)));
    for (const pseudo of ["::before", "::after", "::placeholder"]) {
        const { content, color, opacity } = getComputedStyle(element, pseudo);
        style[pseudo] = content === "none" ? content : [content, color, opacity].join();
    }
    return [`${element.localName}.${element.getAttribute("class")}#${element.id}`, style];
})"""
OURS = ".chat :not(template, noscript, main, .bar__site, #account, #account *, #main, svg *)"
THEIRS = "html, body, main.page, #head, #head *, #foot, #foot *"
PATHS = [
    *("/settings/", "/settings/prompts/", "/settings/links/", "/settings/import/", "/settings/erasure/?of=account"),
    *("/archive/", "/search/?q=look"),
]
DISABLE = """() => {
    for (const sheet of document.styleSheets) if (sheet.href.includes("/chat/")) sheet.disabled = true;
}"""


@pytest.fixture
def host(committed: None, run_site: RunSite) -> Site:
    """The project's site, on the same database."""
    return run_site(DJANGO_SETTINGS_MODULE="tests.support.host.settings")


@pytest.fixture
def open_host(
    context_for: Callable[..., BrowserContext], host: Site, site: Site, alice: Client, complaints: list[str]
) -> OpenPage:
    """`open_host(path, url)`: that page, in the project's frame unless another site's `url` is given."""

    def open_(path: str = "/", url: str = host.url, **options: object) -> Page:
        context = context_for(None, **options)
        context.add_cookies([{"name": "sessionid", "value": alice.cookies["sessionid"], "url": url}])
        page = context.new_page()
        page.route("**/host.css", lambda route: _style(route))
        page.goto(url + path)
        return page

    return open_


def _style(route: Route) -> None:
    route.fulfill(body=(HOST / "host.css").read_text(), content_type="text/css")


def styles(page: Page, selector: str) -> list[Any]:
    return page.evaluate(STYLES, [selector, NOT_OURS])


def differences(ones: list[Any], others: list[Any]) -> list[str]:
    assert [name for name, _ in ones] == [name for name, _ in others]
    return [
        f"{name} {key}: {value!r}, {other[key]!r}"
        for (name, one), (_, other) in zip(ones, others, strict=True)
        for key, value in one.items()
        if value != other[key]
    ]


@pytest.fixture
def conversation(alice: Client, upstream: ScriptedUpstream) -> str:
    """The path of one that has most of what there is."""
    upstream.script(QUESTION, think("Let me see."), *answer(RICH))
    picture = alice.upload(image(), name="picture.png").json["id"]
    alice.ask_whole(QUESTION, attachments=[picture])
    return f"/c/{Conversation.objects.get().pk}/"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_looks_as_it_does_alone(open_host: OpenPage, site: Site, conversation: str, size: dict[str, int]) -> None:
    paths = ["/", conversation, conversation + "settings/", *PATHS]
    for path in paths:
        alone, within = (open_host(path, *url, viewport=size) for url in ([site.url], []))
        for page in (alone, within):
            if path == conversation:
                expect(last_answer(page).locator(".katex")).to_be_visible()
                page.mouse.move(0, 0)
        assert path and differences(styles(alone, OURS), styles(within, OURS)) == [], path


def test_leaves_the_page_around_as_it_is(open_host: OpenPage, conversation: str) -> None:
    page = open_host(conversation)
    expect(last_answer(page).locator(".katex")).to_be_visible()
    ours = styles(page, THEIRS)
    page.evaluate(DISABLE)
    assert differences(ours, styles(page, THEIRS)) == []


def test_the_tests_could_fail(open_host: OpenPage, conversation: str) -> None:
    page = open_host(conversation)
    expect(last_answer(page).locator(".katex")).to_be_visible()
    ours, theirs = styles(page, OURS), styles(page, THEIRS)
    page.add_init_script  # noqa: B018
    page.evaluate("() => document.querySelector('.chat').classList.remove('chat')")
    page.evaluate("() => document.body.classList.add('chat')")
    assert len(differences(theirs, styles(page, THEIRS))) > 100
    assert ours
