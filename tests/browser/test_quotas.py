"""A user with a quota: a quiet line where little of it is left, a refusal that keeps the draft, and what is left."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.models import Quota, UsageEntry
from chat.usage.prices import day_of
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import composer, has_status, last_answer, messages, notice, send
from tests.support.client import Client

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]
LINE = "You have used 100 % of your quota for this month"


@pytest.fixture(autouse=True)
def _forgotten(committed: None) -> Iterator[None]:
    yield
    Quota.objects.all().delete()


def test_a_quota_is_told_refuses_and_keeps_the_draft(open_page: OpenPage, alice: Client, question: str) -> None:
    row = Quota.objects.create(user=alice.user, unit="messages", period="month", amount=100)
    at = timezone.now()
    used = {
        "kind": "answer",
        "status": "complete",
        "model": "gpt-4o-mini",
        "currency": "USD",
        "at": at,
        "day": day_of(at),
    }
    for _ in range(8):
        UsageEntry(owner=alice.user, **used).store()
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(page.locator("#quota")).to_be_hidden()
    Quota.objects.filter(pk=row.pk).update(amount=10)
    send(page, f"{question} More")
    expect(page.locator("#quota")).to_contain_text("You have used 90 % of your quota for this month")
    has_status(last_answer(page), "complete")
    send(page, f"{question} Even more")
    expect(notice(page)).to_contain_text("Your quota for this month has room for 0 messages more")
    expect(composer(page)).to_have_value(f"{question} Even more")
    assert [message["role"] for message in messages(page)] == ["user", "assistant"] * 2
    page.reload()
    expect(page.locator("#quota")).to_contain_text(LINE)
    expect(composer(page)).to_have_value(f"{question} Even more")
    assert faults_in_all_looks(page) == {}
    page.locator("#quota").get_by_role("link", name="What is left").press("Enter")
    table = page.get_by_role("region", name="What is left")
    expect(table.get_by_role("row").last).to_contain_text("10 messages (100 %)")
    assert faults_in_all_looks(page) == {}
