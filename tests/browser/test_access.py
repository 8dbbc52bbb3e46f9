"""What allowed an open stream has gone: the page asks once more, and loses nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import PASSWORD, composer, give_password, has_status, last_answer, send, shows
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

pytestmark = pytest.mark.usefixtures("committed")

ANOTHER = "another-walk-in-the-rain"
CHECKED_MS = 20_000
"""Within 15 s, and the machine may be busy."""


def test_a_new_password_in_another_tab_takes_nothing_from_this_one(
    open_page: OpenPage, site: Site, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    member = client_for(site)
    assert member.user
    give_password(member.user)
    middle = Gate()
    upstream.script(question, say("Before, "), middle, say("after."), finish(), done())
    page = open_page(Client(site.url, member.user))
    send(page, question)
    shows(page, "Before,")
    composer(page).fill("What I type meanwhile")
    with page.expect_request("**/events/", timeout=CHECKED_MS) as again:
        other = page.context.new_page()
        other.goto(f"{site.url}/accounts/password/change/")
        other.locator("[name=oldpassword]").fill(PASSWORD)
        other.locator("[name=password1]").fill(ANOTHER)
        other.locator("[name=password2]").fill(ANOTHER)
        other.locator("[name=password2]").press("Enter")
        expect(other.get_by_text("Your new password is in force")).to_be_visible()
    assert again.value.headers["last-event-id"] == str(len("Before, "))
    middle.open()
    has_status(last_answer(page), "complete")
    shows(page, "Before, after.")
    expect(composer(page)).to_have_value("What I type meanwhile")
    assert len(upstream.asked(question)) == 1
