"""The pages of what was used, as people have them: in each look, on a phone, by keyboard, without colours."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.axe import faults_in_all_looks
from tests.browser.conftest import PHONE, OpenPage
from tests.support.client import Client
from tests.support.site import Site
from tests.support.usage import spend_for_a_month

PAGE = "/admin/chat/dailyusage/"


def test_the_pages_are_for_everybody(
    open_page: OpenPage, site: Site, alice: Client, client_for: Callable[..., Client]
) -> None:
    staff = client_for(site, is_staff=True, is_superuser=True)
    page = open_page(staff, PAGE)
    page.goto(f"{site.url}{PAGE}?since=2001-01-01&until=2001-01-31")
    expect(page.get_by_text("Nothing was used in these days.")).to_be_visible()
    spend_for_a_month([alice.user, staff.user])
    for query in (
        "",
        "?by=user&measure=tokens",
        "?by=day&since=2026-05-01&until=2026-04-01",
        "?by=month&measure=first_token",
    ):
        page.goto(f"{site.url}{PAGE}{query}")
        assert faults_in_all_looks(page, "#content") == {}, query
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], query
    # Each bar that is drawn is in the table as well, and what has no price is told by its outline.
    page.goto(f"{site.url}{PAGE}")
    expect(page.locator("figure rect")).to_have_count(page.locator(".results tbody tr").count())
    outline = page.locator("figure rect.is-unknown")
    expect(outline).to_have_count(1)
    assert outline.evaluate("(bar) => getComputedStyle(bar).fill") == "none"
    # The range is chosen by the keyboard alone.
    page.get_by_label("By").focus()
    page.keyboard.type("Model")
    page.keyboard.press("Tab")
    page.keyboard.type("Tokens")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".spending__lines li")).to_have_count(3)
    page.locator(".results").focus()
    page.keyboard.press("End")
    page.goto(f"{site.url}/settings/usage/")
    assert faults_in_all_looks(page) == {}
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
