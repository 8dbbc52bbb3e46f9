"""The notice in Chromium: who is asked meanwhile loses nothing, and accepts it by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from chat.conversations.notice_file import read_notice
from chat.models import NoticeAcceptance
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import composer, notice, send, shows
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.upstream import ScriptedUpstream, say

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]

TEXT = """# Rules of the house

Write **nothing** secret. See [the whole text](https://example.org/rules).

1. One
2. Two

| what | where |
|---|---|
| averyveryveryveryverylongwordthatnophonehasroomforinoneofitslinesatall | `here` |

> Be kind.
"""


def test_who_is_asked_meanwhile_keeps_the_draft_and_accepts_by_keyboard(
    run_site: RunSite,
    client_for: Callable[..., Client],
    open_page: OpenPage,
    upstream: ScriptedUpstream,
    question: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("notice") / "notice.md"
    file.write_text(TEXT)
    ann = client_for(run_site(CHAT_NOTICE=str(file)))
    accepted = NoticeAcceptance.objects.create(owner=ann.user, version=read_notice(file).version)
    page = open_page(ann, "/")
    accepted.delete()  # as if there were a new version
    send(page, question)
    expect(notice(page)).to_contain_text("This site has a notice that is to be accepted first")
    expect(composer(page)).to_have_value(question)
    page.get_by_role("link", name="Reload the page").click()

    expect(page.get_by_role("heading", name="Rules of the house")).to_be_visible()
    expect(page.locator("#composer")).to_have_count(0)
    assert faults_in_all_looks(page) == {}
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    yes = page.get_by_role("button", name="I have read it and accept it")
    for _ in range(30):
        page.keyboard.press("Tab")
        if yes.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value(question)
    upstream.script(question, say("Hello"))
    send(page, question)
    shows(page, "Hello")


def test_a_conversation_is_read_and_the_way_to_the_notice_leads_back(
    run_site: RunSite, client_for: Callable[..., Client], open_page: OpenPage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("notice") / "notice.md"
    file.write_text(TEXT)
    ann = client_for(run_site(CHAT_NOTICE=str(file)))
    conversation, _messages = stored_conversation(ann.user.pk, ["Why?", "Because it is **so**."])
    page = open_page(ann, f"/c/{conversation.pk}/")
    expect(page.locator(".message__body strong")).to_have_text("so")  # Markdown of a model is made by scripts
    assert faults_in_all_looks(page) == {}
    page.get_by_role("link", name="Read the notice").click()
    expect(page.get_by_role("heading", level=1, name="Notice")).to_be_visible()
    assert faults_in_all_looks(page) == {}
    page.get_by_role("button", name="I have read it and accept it").click()
    expect(composer(page)).to_be_visible()
    assert page.url.endswith(f"/c/{conversation.pk}/")
