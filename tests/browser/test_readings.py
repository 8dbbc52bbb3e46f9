"""Staff give a reason by keyboard, and its owner reads of it: both pages in all looks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.conversations import stored_conversation

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]


def test_a_reason_is_given_by_keyboard_and_told_to_the_owner(
    run_site: RunSite, client_for: Callable[..., Client], open_page: OpenPage
) -> None:
    site = run_site(CHAT_READING_REASON="required", CHAT_READING_NOTICE="at once")
    owner, reader = client_for(site), client_for(site, is_staff=True, is_superuser=True)
    assert owner.user
    conversation, (_question, said) = stored_conversation(owner.user.pk, ["Why?", "So."])
    wanted = f"/admin/chat/conversation/{conversation.pk}/change/?plain=1#message-{said.pk}"
    page = open_page(reader, wanted)
    field = page.get_by_label("Reason")
    expect(field).to_be_focused()
    assert faults_in_all_looks(page, "#content") == {}
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("the number of a ticket.*Say why", re.DOTALL))
    assert faults_in_all_looks(page, "#content") == {}
    page.keyboard.type("<b>Ticket</b> 17")
    page.keyboard.press("Enter")
    expect(page.locator(".transcript")).to_be_visible()
    assert page.url.endswith(wanted), "with its query and its place"

    mine = open_page(owner, f"/c/{conversation.pk}/")
    line = mine.get_by_role("link", name=re.compile("Staff have looked into this conversation 1 time"))
    expect(line).to_be_visible()
    assert faults_in_all_looks(mine) == {}
    line.click()
    expect(mine.get_by_role("listitem").filter(has_text="<b>Ticket</b> 17")).to_contain_text("Read the conversation")
    assert faults_in_all_looks(mine) == {}
