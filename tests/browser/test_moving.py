"""Bringing conversations along, and showing them to others."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chat.conversations.sharing import share
from chat.models import Conversation, Import
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import button, has_status, last_answer, notice, send
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.hostile import HOSTILE
from tests.support.site import ROOT

pytestmark = pytest.mark.usefixtures("committed")
LIBRARIES = pytest.mark.skipif(
    not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An export of ChatGPT's with one conversation."""
    said = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Hello?"]}}
    nodes = {"q": {"message": said, "parent": None, "children": []}}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([{"title": "Greetings", "mapping": nodes, "conversation_id": str(uuid.uuid4())}]))
    return path


@pytest.mark.parametrize("scripted", [True, False], ids=["scripts", "no scripts"])
def test_a_file_is_looked_into_and_then_imported(
    open_page: OpenPage, alice: Client, file: Path, scripted: bool
) -> None:
    page = open_page(alice, "/settings/import/", java_script_enabled=scripted)
    page.get_by_label("File").set_input_files(file)
    button(page, "Look into the file").click()
    expect(page.locator("#findings")).to_contain_text("1 conversation would come")
    expect(page.locator("#findings")).to_contain_text("Greetings")
    assert not Conversation.objects.exists()
    if not scripted:
        expect(page.get_by_text("choose the same file again")).to_be_visible()
        page.get_by_label("File").set_input_files(file)
    button(page, "Import them").click()
    expect(page.locator("#findings")).to_contain_text("1 conversation has been imported.")
    assert Conversation.objects.get().title == "Greetings"


@pytest.mark.parametrize("scripted", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ({"status": "done", "conversations": 2}, "2 conversations have been imported."),
        ({"status": "failed", "code": "interrupted"}, "The import was interrupted"),
    ],
)
def test_the_page_shows_how_far_an_import_is_and_how_it_ends(
    open_page: OpenPage, alice: Client, scripted: bool, ending: dict[str, object], words: str
) -> None:
    mine = Import.objects.filter(owner=alice.user)
    mine.create(owner=alice.user, messages=30_000, stored=1_200, renewed_at=timezone.now())
    page = open_page(alice, "/settings/import/", java_script_enabled=scripted)
    bar = page.get_by_role("progressbar", name="Messages imported: 1200 of 30000")
    expect(bar).to_be_visible()
    mine.update(stored=15_000)
    expect(page.locator("#progress-words")).to_have_text("Messages imported: 15000 of 30000")
    mine.update(**ending)
    expect(page.locator("#findings")).to_contain_text(words)
    expect(page.get_by_label("File")).to_be_visible()


def test_another_file_is_looked_into_anew(open_page: OpenPage, alice: Client, file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[")
    page = open_page(alice, "/settings/import/")
    page.get_by_label("File").set_input_files(file)
    button(page, "Look into the file").click()
    expect(button(page, "Import them")).to_be_focused()
    page.get_by_label("File").set_input_files(broken)
    button(page, "Look into the file").click()
    expect(page.locator("#findings .notice--error")).to_contain_text("In broken.json, conversation 1")


def test_a_question_without_an_answer_is_answered_and_the_conversation_goes_on(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    """As it is imported from programs whose conversations end so."""
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "So it is.", question])
    page = open_page(alice, f"/c/{conversation.pk}/")
    unanswered = page.get_by_text("This question has no answer yet.")
    expect(unanswered).to_be_visible()
    button(page, "Answer it").click()
    expect(page.locator(".message")).to_have_count(4)
    has_status(last_answer(page), "complete")
    expect(last_answer(page)).to_be_focused()
    expect(unanswered).to_be_hidden()
    send(page, f"{question} And then?")
    expect(page.locator(".message")).to_have_count(6)
    has_status(last_answer(page), "complete")
    page.reload()
    expect(page.locator(".message")).to_have_count(6)
    expect(unanswered).to_have_count(0)


@LIBRARIES
def test_a_link_is_made_copied_read_and_revoked(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    public = run_site(CHAT_SHARING="public", CHAT_CONFIRM="")
    alice = client_for(public)
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "**So** it is.", "And?", *HOSTILE[:1]])
    Conversation.objects.update(titled_by=Conversation.TitledBy.OWNER)
    page = visit(alice, f"{public.url}/c/{conversation.pk}/")
    page.get_by_role("link", name="Share this conversation").first.click()
    expect(page.get_by_label("It can be read by")).to_have_value("members")
    page.get_by_label("It can be read by").select_option("everybody who has the link")
    page.get_by_label("The link ends").select_option("7")
    button(page, "Make a link").click()
    address = page.get_by_label("Address of the link").input_value()
    button(page, "Copy").click()
    expect(button(page, "Copied")).to_be_visible()
    expect(page.locator(".links__times")).to_contain_text("For everybody who has the link")
    reader = visit(None, address)
    expect(reader.locator('[data-role="assistant"] strong').first).to_have_text("So")
    expect(reader.get_by_role("heading", level=1)).to_have_text(conversation.title)
    button(page, "Revoke").click()
    expect(page.get_by_text("You share nothing at present")).to_be_visible()
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Nothing here")


def test_there_is_no_share_button_before_there_is_something_to_share(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    link = page.locator(".bar__share")
    expect(link).to_be_hidden()
    page.locator("#composer textarea").fill(question)
    page.locator("#composer textarea").press("Enter")
    expect(page).to_have_url(re.compile("/c/"))
    expect(link).to_be_visible()
    expect(link).to_have_attribute("href", re.compile("of=" + page.url.rstrip("/").rpartition("/")[2]))


def test_the_share_button_is_of_the_conversation_that_was_made_in_the_end(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    page.route("**/messages/", lambda route: route.fulfill(status=503, json={"error": {"message": "No."}}))
    send(page, question)
    expect(notice(page)).to_contain_text("No.")
    page.unroute("**/messages/")
    send(page, f"{question} Differently?")
    has_status(last_answer(page), "complete")
    page.locator(".bar__share").click()
    expect(page.get_by_role("heading", name="Share “")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing(
    open_page: OpenPage, run_site: RunSite, client_for: Callable[..., Client], file: Path
) -> None:
    alice = client_for(run_site(CHAT_SHARING="public", CHAT_CONFIRM=""))
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["Why?", "**So** it is.\n\n- one\n- two"])
    link = share(alice.user.pk, conversation.pk, 7)
    page = open_page(alice, "/settings/import/")
    page.get_by_label("File").set_input_files(file)
    button(page, "Look into the file").click()
    expect(button(page, "Import them")).to_be_visible()
    assert faults_in_all_looks(page) == {}
    Import.objects.create(owner=alice.user, messages=2, stored=1, renewed_at=timezone.now())
    page.goto(f"http://{alice.host}:{alice.port}/settings/import/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert faults_in_all_looks(page) == {}
    for path in (f"/settings/links/?of={conversation.pk}", f"/s/{link.token}/"):
        page.goto(f"http://{alice.host}:{alice.port}{path}")
        assert faults_in_all_looks(page) == {}
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.set_viewport_size(WIDE)
