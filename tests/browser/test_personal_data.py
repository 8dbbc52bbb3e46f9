"""The pages of what somebody has downloaded about themselves, opened from their disk."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chat.models import Conversation, Prompt
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.support.attachments import attach
from tests.support.client import Client
from tests.support.conversations import stored_conversation

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")

HOSTILE = "</pre><script>document.title = 'run'</script><img src='https://example.org/x' onerror='alert(1)'>"


def test_they_are_read_without_the_site(alice: Client, open_page: OpenPage, tmp_path: Path) -> None:
    conversation, (question, _said) = stored_conversation(alice.user.pk, [HOSTILE, "Because."])
    Conversation.objects.filter(pk=conversation.pk).update(title="Gardening")
    attach(question, "notes.html", HOSTILE.encode())
    Prompt.objects.create(owner=alice.user, name="a" * 60, text=HOSTILE)
    page = open_page(alice, "/settings/import/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all about you").click()
    download.value.save_as(tmp_path / "all.zip")
    zipfile.ZipFile(tmp_path / "all.zip").extractall(tmp_path)

    page.goto((tmp_path / "index.html").as_uri())
    assert faults_in_all_looks(page) == {}
    page.get_by_role("link", name="Prompts", exact=True).click()
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    assert faults_in_all_looks(page) == {}
    page.get_by_role("link", name="To the overview").click()
    page.get_by_role("link", name="Conversations", exact=True).click()
    page.get_by_role("link", name="Gardening").click()
    expect(page.get_by_role("heading", name="Gardening")).to_be_visible()
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    assert page.title() == "Gardening", "nothing has run"
    assert faults_in_all_looks(page) == {}
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("link", name="notes.html").click()
    expect(page.locator("body")).to_contain_text("document.title = 'run'")
    assert page.title() != "run"
