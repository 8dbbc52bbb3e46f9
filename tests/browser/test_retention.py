"""An owner reads that a conversation goes soon, goes on with it, and is refused a deletion: in all looks."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.models import Conversation
from chat.retention import holds
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import has_status, last_answer, send
from tests.browser.test_list import choose
from tests.support.client import Client
from tests.support.conversations import stored_conversation

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]


def test_it_says_that_it_goes_until_it_is_gone_on_with_and_a_deletion_is_refused(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "So."])
    Conversation.objects.filter(pk=conversation.pk).update(due_at=timezone.now() + timedelta(days=5))
    address = f"/c/{conversation.pk}/"
    for javascript in (False, True):
        page = open_page(alice, address, viewport=PHONE, java_script_enabled=javascript)
        expect(page.locator("#due")).to_contain_text("unless you go on with it")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = open_page(alice, address, viewport=WIDE)
    entry = page.locator(f"#conversation-list [data-key='{conversation.pk}']")
    expect(entry).to_contain_text(re.compile("It is deleted on .*, unless you go on with it"))

    hold = holds.place(alice.user, "Case 12", owner_id=alice.user.pk, conversation_id=conversation.pk)
    choose(page, conversation.title, "Delete")
    expect(page.get_by_text("This cannot be deleted at present.")).to_be_visible()
    expect(entry).to_be_visible()
    holds.lift(hold.pk, alice.user)
    assert faults_in_all_looks(page) == {}

    send(page, question)
    has_status(last_answer(page), "complete")
    expect(page.locator("#due")).to_have_count(0)
    expect(entry.locator(".sidebar__mark--due")).to_have_count(0)
