"""Answers that cost too much to lay out, in Chromium: the page stays usable, all else is there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from chat.models import Conversation
from tests.browser.conftest import OpenPage
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.site import ROOT, Site

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]

# Far more than the longest task takes where nothing else runs; without the budgets these answers take minutes.
LONGEST_TASK_SECONDS = 3.0
MEASURE = """() => {
    window.longest = 0;
    const note = (entries) => entries.forEach(({ duration }) => (window.longest = Math.max(window.longest, duration)));
    new PerformanceObserver((list) => note(list.getEntries())).observe({ type: "longtask", buffered: true });
}"""
COSTLY = {
    "quotes": "> " * 3000 + "x\nlazy",
    "lists": "- " * 3000 + "x",
    "formula": "$$\n" + "x+" * 10_000 + "y\n$$",
    "matrix": "$$\n\\begin{matrix}" + "&" * 400 + "\\\\" * 400 + "\\end{matrix}\n$$",
    "elements": "<b><i><u><s><em>" * 3 + "<p>x" * 6000 + "</em></s></u></i></b>" * 3,
    "table": "|" + "a|" * 90 + "\n|" + "-|" * 90 + "\n" + "|\n" * 1000,
    "code": "```java\n" + "$" * 50_000 + "\n```",
    "emphasis": "_a*" * 9000,
    "line": "word " * 40_000,
}
FORMULAS = "$x^2 + y^2$ " * 20 + "\n\n"


@pytest.fixture
def costly(alice: Client) -> Conversation:
    """Of an answer for each of these, with neighbours, one of many formulas and a last one."""
    assert alice.user
    answers = [*(f"**before**\n\n{text}\n\n**after**" for text in COSTLY.values()), FORMULAS * 40, "**last**"]
    conversation, _ = stored_conversation(alice.user.pk, [text for answer in answers for text in ("Hi", answer)])
    return conversation


@pytest.mark.alone
def test_costly_answers_leave_the_page_responsive(open_page: OpenPage, alice: Client, costly: Conversation) -> None:
    page = open_page(alice)
    page.add_init_script(f"({MEASURE})()")
    page.goto(page.url.rstrip("/") + costly.get_absolute_url())
    answers = page.locator('[data-role="assistant"] .message__body')
    for number in range(answers.count()):
        answers.nth(number).scroll_into_view_if_needed()
    expect(answers.last.locator("strong")).to_have_text("last")
    expect(page.locator("code[data-maths]")).to_have_count(0)
    assert 0 < page.evaluate("longest") / 1000 < LONGEST_TASK_SECONDS


def test_the_neighbours_of_costly_blocks_are_laid_out_for_staff(
    open_page: OpenPage, alice: Client, client_for: Callable[..., Client], site: Site, costly: Conversation
) -> None:
    staff = client_for(site, is_staff=True, is_superuser=True)
    page = open_page(staff, f"/admin/chat/conversation/{costly.pk}/change/")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    answers = page.locator(".turn--assistant .turn__text")
    expect(answers.last.locator("strong")).to_have_text("last")
    for answer in answers.all()[: len(COSTLY)]:
        expect(answer.locator("strong")).to_have_text(["before", "after"])
    notice = page.get_by_role("group", name="Shown as it was written")
    expect(notice).to_have_count(len(COSTLY) - 2)  # a table has no more cells than are written; code has no colours
    assert "Shown as it was written" in notice.first.evaluate("(it) => getComputedStyle(it, '::before').content")
    expect(page.locator(".code__note")).to_have_count(1)
