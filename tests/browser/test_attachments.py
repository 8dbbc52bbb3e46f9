"""Files on the page: attached by every way there is, sent, shown, kept; and what is said when one cannot be."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, Route, expect

from chat.models import Attachment, Message
from chat.templatetags.attachments import file_size
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import SIZES, OpenPage
from tests.browser.files import (
    NOTES,
    PICTURE,
    PROGRAM,
    REPORT,
    arrive,
    attach,
    attachments,
    chips,
    choose,
    file,
    has_markup,
    markup,
    names,
)
from tests.browser.pages import (
    body,
    button,
    composer,
    give_password,
    has_status,
    last_answer,
    log_in,
    messages,
    notice,
    send,
    shows,
)
from tests.browser.wire import Wire
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.files import image
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")

IS_IN_THE_MIDDLE = """() => {
    const { value } = document.querySelector(".chip__progress:not([hidden])");
    return value > 0 && value < 1;
}"""
TWO_MODELS = {"CHAT_MODELS": "blind-model,seeing-model", "CHAT_VISION_MODELS": "seeing-model"}


def stored(name: str) -> Attachment:
    return Attachment.objects.get(name=name)


def refuse(status: int, code: str, message: str, **headers: str) -> Callable[[Route], None]:
    def fulfil(route: Route) -> None:
        route.fulfill(status=status, json={"error": {"code": code, "message": message}}, headers=headers)

    return fulfil


def last_question(page: Page) -> Locator:
    return page.locator('.message[data-role="user"]').last


def objection(page: Page) -> Locator:
    return page.locator(".composer .chips__objection")


def says(page: Page, words: str) -> None:
    """To those who do not see the page."""
    expect(page.locator("#status")).to_have_text(words)


# Attached


@SIZES
def test_files_are_chosen_with_the_button(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    page = open_page(alice, viewport=viewport)
    page.on("filechooser", lambda chooser: chooser.set_files([PICTURE, NOTES, REPORT]))
    button(page, "Attach files").click()
    expect(chips(page, "stored")).to_have_count(3)
    assert names(chips(page)) == ["sea.png", "notes.txt", "report.pdf"]
    about = [each.replace("\N{NO-BREAK SPACE}", " ") for each in chips(page).locator(".chip__about").all_inner_texts()]
    assert about[1:] == ["Text · 2 kB", "PDF · 2 pages · 1 kB"]
    thumbnail = chips(page).first.locator(".chip__image")
    expect(thumbnail).to_be_visible()
    assert thumbnail.evaluate("image => image.naturalWidth") == 320
    assert Attachment.objects.of(alice.user.pk).unsent().count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_what_is_chosen_before_the_page_is_ready_is_not_lost(
    context_for: Callable[..., BrowserContext], site: Site, alice: Client
) -> None:
    page, held = context_for(alice).new_page(), list[Route]()
    page.route(re.compile(r"/attachment_field\.\w+\.js"), lambda route: held.append(route))
    page.goto(site.url, wait_until="commit")
    page.locator(".attach__input").set_input_files(NOTES)
    eventually(lambda: page.wait_for_timeout(20) or held, "The module is asked for")
    held[0].continue_()
    expect(chips(page, "stored")).to_have_count(1)


SIZES_IN_WORDS = """async (sizes) => {
    const address = performance.getEntriesByType("resource").find(({ name }) => name.includes("/file_size."));
    const { fileSize } = await import(address.name);
    return sizes.map((size) => fileSize(size, document.documentElement.lang));
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_size_reads_the_same_from_scripts_and_server(open_page: OpenPage, alice: Client, language: str) -> None:
    sizes = [0, 1, 999, 1000, 1001, 998_999, 999_000, 999_001, 1_049_999, 1_050_000, 20_000_000, 1_234_567_890]
    page = open_page(alice, locale=language)
    attach(page, NOTES)
    with translation.override(language):
        assert page.evaluate(SIZES_IN_WORDS, sizes) == [file_size(size) for size in sizes]


def test_the_keyboard_alone_attaches_and_removes(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    # From the beginning: `expect_file_chooser` may listen too late for a key.
    page.on("filechooser", lambda chooser: chooser.set_files([NOTES, REPORT]))
    page.keyboard.press("Tab")
    expect(button(page, "Attach files")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips(page, "stored")).to_have_count(2)
    expect(page.get_by_role("list", name="Files to be sent").get_by_role("listitem")).to_have_count(2)
    composer(page).focus()
    page.keyboard.press("Shift+Tab")
    expect(button(page, "Remove report.pdf")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    says(page, "notes.txt is removed.")
    expect(button(page, "Remove report.pdf")).to_be_focused()
    page.keyboard.press("Enter")
    expect(composer(page)).to_be_focused()
    expect(chips(page)).to_have_count(0)
    eventually(lambda: not Attachment.objects.exists(), "The site lets go of them")


def test_an_image_is_pasted_and_text_stays_text(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    assert not arrive(page, "paste", PICTURE)
    expect(chips(page, "stored")).to_have_count(1)
    assert arrive(page, "paste", texts={"text/plain": "Words"})
    assert arrive(page, "paste", PICTURE, texts={"text/plain": "A cell", "text/html": "<td>A cell</td>"})
    assert not arrive(page, "paste", REPORT, texts={"text/plain": "report.pdf"})  # as a file manager copies it
    expect(chips(page, "stored")).to_have_count(2)
    assert names(chips(page)) == ["sea.png", "report.pdf"]


@SIZES
def test_files_are_dropped_anywhere(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    page = open_page(alice, viewport=viewport)
    veil = page.get_by_text("Drop files here")
    expect(veil).to_be_hidden()
    assert not arrive(page, "dragover", NOTES, target="main")
    expect(veil).to_be_visible()
    expect(veil).to_be_hidden()  # they were taken away again, and the browser said nothing
    arrive(page, "dragover", NOTES, target="main")
    expect(veil).to_be_visible()
    page.evaluate("document.dispatchEvent(new DragEvent('dragleave'))")
    expect(veil).to_be_hidden()
    arrive(page, "dragover", NOTES, target=".bar")
    assert not arrive(page, "drop", NOTES, REPORT, target=".bar")
    expect(veil).to_be_hidden()
    expect(chips(page, "stored")).to_have_count(2)


def test_what_is_dragged_from_the_page_itself_is_no_file(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    assert arrive(page, "dragover", target="main", texts={"text/plain": "Words"})
    page.evaluate("document.body.dispatchEvent(new DragEvent('dragstart', { bubbles: true }))")
    assert arrive(page, "dragover", PICTURE, target="main")
    expect(page.get_by_text("Drop files here")).to_be_hidden()


def test_progress_is_shown_and_an_upload_can_be_taken_back(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    attach(page, NOTES)  # what does the work is loaded
    network.send("Network.emulateNetworkConditions", slow)
    choose(page, file("long.txt", b"A long text.\n" * 100_000))
    progress = page.get_by_role("progressbar", name="Upload of long.txt")
    expect(progress).to_be_visible()
    page.wait_for_function(IS_IN_THE_MIDDLE)
    says(page, "1 file is being uploaded.")
    button(page, "Remove long.txt").click()
    expect(chips(page)).to_have_count(1)
    network.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    attach(page, REPORT)
    assert sorted(Attachment.objects.values_list("name", flat=True)) == ["notes.txt", "report.pdf"]


def test_what_has_arrived_is_being_checked(visit: OpenPage, wire: Wire, alice: Client) -> None:
    page = visit(alice, wire.url)
    attach(page, NOTES)
    wire.hold()
    choose(page, REPORT)
    expect(chips(page, "uploading")).to_contain_text("is being checked")
    expect(chips(page, "uploading").locator("progress")).not_to_have_attribute("value", re.compile(".*"))
    wire.release()
    expect(chips(page, "stored")).to_have_count(2)
    says(page, "report.pdf is attached.")


def test_an_upload_that_runs_is_not_lost_without_a_word(visit: OpenPage, wire: Wire, alice: Client) -> None:
    page = visit(alice, wire.url)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    composer(page).click()
    attach(page, NOTES)
    page.evaluate("location.reload()")
    expect(chips(page, "stored")).to_have_count(1)
    assert asked == []
    wire.hold()
    choose(page, REPORT)
    expect(chips(page, "uploading")).to_have_count(1)
    composer(page).click()
    with page.expect_event("dialog"):
        page.evaluate("setTimeout(() => location.reload())")
    assert asked == ["beforeunload"]
    wire.release()
    expect(chips(page, "stored")).to_have_count(2)


# Not attached


@SIZES
def test_a_file_that_no_model_reads_says_so_and_costs_nothing_else(
    open_page: OpenPage, alice: Client, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    composer(page).fill("What is this?")
    choose(page, PROGRAM, NOTES)
    expect(chips(page, "failed")).to_contain_text("This is neither an image nor text nor a PDF")
    expect(chips(page, "stored")).to_have_count(1)
    expect(composer(page)).to_have_value("What is this?")
    expect(page.get_by_text("Try again").locator("visible=true")).to_have_count(0)
    button(page, "Send").click()
    expect(notice(page)).to_have_text("A file could not be attached. Try again there, or remove it; then send.")
    assert messages(page) == []
    button(page, "Remove program.exe").click()
    expect(notice(page)).to_be_hidden()
    expect(button(page, "Remove notes.txt")).to_be_focused()


@pytest.mark.parametrize(
    ("fail", "sentence"),
    [
        (lambda route: route.abort(), "The site cannot be reached."),
        (refuse(503, "unavailable", "Not just now.", **{"Retry-After": "5"}), "Not just now."),
        (refuse(429, "too_many", "Too many of them."), "Too many of them."),
        (lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"), "The site cannot take this now."),
    ],
    ids=["network", "503", "429", "proxy"],
)
def test_an_upload_that_failed_is_tried_again(
    open_page: OpenPage, alice: Client, fail: Callable[[Route], Any], sentence: str
) -> None:
    page = open_page(alice)
    page.route("**/attachments/", fail)
    choose(page, NOTES)
    expect(chips(page, "failed")).to_contain_text(sentence)
    expect(page.locator("#status")).to_contain_text(f"notes.txt: {sentence}")
    page.unroute("**/attachments/")
    button(page, "Try again: notes.txt").click()
    expect(chips(page, "stored")).to_have_count(1)
    assert Attachment.objects.count() == 1


def test_an_answer_that_was_lost_is_joined(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/attachments/", lose, times=1)
    choose(page, NOTES)
    button(page, "Try again: notes.txt").click()
    expect(chips(page, "stored")).to_have_count(1)
    assert Attachment.objects.count() == 1


def test_a_stale_token_is_renewed_without_a_word(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    page.context.add_cookies([{"name": "csrftoken", "value": "x" * 32, "url": page.url}])
    attach(page, NOTES)


def test_what_is_too_large_or_too_many_is_not_even_sent(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    site = run_site(CHAT_ATTACHMENTS_PER_MESSAGE="2", CHAT_ATTACHMENT_BYTES="100000")
    page = visit(client_for(site), site.url)
    choose(page, file("large.txt", b"x" * 150_000), NOTES)
    expect(notice(page)).to_contain_text(re.compile("large.txt.* has 150.kB; a file may have 100.kB."))
    expect(chips(page, "stored")).to_have_count(1)
    choose(page, REPORT, PICTURE)
    expect(notice(page)).to_have_text("A message takes 2 files. What is too many was left out.")
    expect(chips(page, "stored")).to_have_count(2)
    assert names(chips(page)) == ["notes.txt", "report.pdf"]


def test_where_none_can_be_attached_the_page_says_so(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    site = run_site(CHAT_ATTACHMENTS="off")
    page = visit(client_for(site), site.url)
    expect(button(page, "Attach files")).to_have_count(0)
    for kind in ("paste", "drop"):
        assert not arrive(page, kind, NOTES)
        expect(notice(page)).to_have_text("Files cannot be attached here.")
        composer(page).press("x")
        expect(notice(page)).to_be_hidden()
    arrive(page, "dragover", NOTES)
    expect(page.get_by_text("Drop files here")).to_have_count(0)


def test_without_scripts_there_is_no_button(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, java_script_enabled=False)
    expect(page.locator(".attach").first).to_be_hidden()


# Sent


def stays_after_a_reload(page: Page) -> None:
    """What the last question bears is the same live and as the server renders it."""
    live = markup(last_question(page))
    page.reload()
    assert has_markup(last_question(page), live), (live, markup(last_question(page)))


@SIZES
def test_an_image_is_sent_and_shown(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    upstream.script(question, answer("It is blue."))
    page = open_page(alice, viewport=viewport)
    attach(page, PICTURE)
    send(page, question)
    shows(page, "It is blue.")
    has_status(last_answer(page), "complete")
    expect(chips(page)).to_have_count(0)
    shown = last_question(page).get_by_role("img", name="sea.png")
    expect(shown).to_be_visible()
    assert shown.evaluate("({ width, height, naturalWidth }) => [width, height, naturalWidth]") == [277, 208, 320]
    link = last_question(page).get_by_role("link", name="sea.png")
    expect(link).to_have_attribute("href", stored("sea.png").get_absolute_url())
    expect(link).to_have_attribute("target", "_blank")
    assert [part["type"] for part in upstream.asked(question)[-1].json["messages"][-1]["content"]] == [
        "image_url",
        "text",
    ]
    stays_after_a_reload(page)
    expect(shown).to_be_visible()
    expect(composer(page)).to_have_attribute("required", "")


def test_files_are_sent_without_a_word(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    attach(page, NOTES, REPORT, PICTURE)
    expect(composer(page)).not_to_have_attribute("required", "")
    button(page, "Send").click()
    has_status(last_answer(page), "complete")
    expect(body(last_question(page))).to_have_text("")
    expect(attachments(last_question(page))).to_have_count(3)
    expect(last_question(page).get_by_role("link", name="report.pdf PDF · 2 pages · 1 kB")).to_be_visible()
    assert [each.name for each in Message.objects.get(role="user").attachments] == [
        "notes.txt",
        "report.pdf",
        "sea.png",
    ]
    stays_after_a_reload(page)
    with page.expect_download() as download:
        last_question(page).get_by_role("link", name="notes.txt").click()
    assert download.value.suggested_filename == "notes.txt"
    expect(page.locator("#text")).to_have_value("")


@SIZES
def test_a_question_waits_for_its_files(
    visit: OpenPage, wire: Wire, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = visit(alice, wire.url, viewport=viewport)
    attach(page, NOTES)
    wire.hold()
    choose(page, REPORT)
    send(page, question)
    expect(button(page, "Waiting…")).to_be_visible()
    says(page, "Sent as soon as the files are there. Esc takes it back.")
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    page.keyboard.press("Escape")
    says(page, "Not sent.")
    expect(button(page, "Send")).to_be_visible()
    composer(page).press("Enter")
    expect(button(page, "Waiting…")).to_be_visible()
    assert messages(page) == []
    wire.release()
    has_status(last_answer(page), "complete")
    expect(body(last_question(page))).to_have_text(question)
    expect(attachments(last_question(page))).to_have_count(2)


def test_a_question_whose_file_fails_is_not_sent(visit: OpenPage, wire: Wire, alice: Client, question: str) -> None:
    page = visit(alice, wire.url)
    attach(page, NOTES)
    wire.hold()
    choose(page, PROGRAM)
    send(page, question)
    expect(button(page, "Waiting…")).to_be_visible()
    wire.release()
    expect(notice(page)).to_contain_text("A file could not be attached.")
    expect(composer(page)).to_have_value(question)
    expect(button(page, "Send")).to_be_visible()
    assert messages(page) == []


def test_a_refused_question_comes_back_with_its_files(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    attach(page, NOTES, PICTURE)
    page.route("**/messages/", refuse(429, "too_many", "Not now."))
    send(page, question)
    expect(notice(page)).to_contain_text("Not now.")
    expect(composer(page)).to_have_value(question)
    expect(chips(page, "stored")).to_have_count(2)
    page.reload()
    expect(chips(page, "stored")).to_have_count(2)
    page.unroute("**/messages/")
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(2)
    stays_after_a_reload(page)
    expect(chips(page)).to_have_count(0)


def test_files_are_attached_while_an_answer_is_written(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("On"), gate, say(" and on."), finish(), done())
    page = open_page(alice)
    attach(page, NOTES)
    send(page, question)
    shows(page, "On")
    attach(page, REPORT)
    composer(page).press("Enter")
    expect(notice(page)).to_contain_text("The answer is still being written.")
    gate.open()
    has_status(last_answer(page), "complete")
    page.reload()
    expect(chips(page, "stored")).to_have_count(1)
    assert names(chips(page)) == ["report.pdf"]


# Kept


@pytest.mark.parametrize("is_new", [True, False])
def test_a_draft_keeps_its_files(open_page: OpenPage, alice: Client, question: str, is_new: bool) -> None:
    page = open_page(alice)
    if not is_new:
        send(page, question)
        has_status(last_answer(page), "complete")
    composer(page).fill("About these:")
    attach(page, NOTES, PICTURE)
    page.reload()
    expect(composer(page)).to_have_value("About these:")
    expect(chips(page, "stored")).to_have_count(2)
    button(page, "Remove notes.txt").click()
    page.reload()
    expect(chips(page, "stored")).to_have_count(1)
    eventually(lambda: Attachment.objects.count() == 1, "The site lets go of what was removed")
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(1)
    page.goto(page.url.partition("/c/")[0])
    expect(composer(page)).to_have_value("")
    expect(chips(page)).to_have_count(0)


def test_what_the_site_has_let_go_of_says_so(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    composer(page).fill(question)
    attach(page, NOTES, PICTURE)
    stored("notes.txt").delete()
    page.reload()
    expect(chips(page, "failed")).to_contain_text("The site does not have this file any more")
    button(page, "Remove notes.txt").click()
    expect(chips(page)).to_have_count(1)
    stored("sea.png").delete()
    composer(page).press("Enter")
    expect(notice(page)).to_contain_text("A file of this message is no longer here.")
    expect(chips(page, "failed")).to_contain_text("The site does not have this file any more")
    button(page, "Remove sea.png").click()
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")


def test_an_expired_login_brings_question_and_files_back(
    open_page: OpenPage, site: Site, client_for: Callable[..., Client], question: str
) -> None:
    member = client_for(site)
    assert member.user
    give_password(member.user)
    member = Client(site.url, member.user)
    page = open_page(member)
    attach(page, NOTES)
    page.context.clear_cookies(name="sessionid")
    choose(page, REPORT)
    expect(chips(page, "failed")).to_contain_text("Your login has expired.")
    button(page, "Remove report.pdf").click()
    send(page, question)
    notice(page).get_by_role("link", name="Log in").click()
    log_in(page, member.user)
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(1)
    stays_after_a_reload(page)


# Edited


def begin_edit(page: Page) -> Locator:
    last_question(page).hover()
    page.get_by_label("Edit this message", exact=True).last.click()
    expect(page.locator(".editor")).to_be_visible()
    return page.locator(".editor")


@SIZES
def test_an_edited_question_keeps_its_files(
    open_page: OpenPage, alice: Client, question: str, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    attach(page, NOTES, PICTURE)
    send(page, question)
    has_status(last_answer(page), "complete")
    editor = begin_edit(page)
    expect(editor.locator(".chip")).to_have_count(2)
    expect(attachments(last_question(page)).first).to_be_hidden()
    editor.get_by_role("textbox").fill(f"{question} Edited.")
    editor.get_by_role("textbox").press("Enter")
    has_status(last_answer(page), "complete")
    expect(body(last_question(page))).to_have_text(f"{question} Edited.")
    expect(attachments(last_question(page))).to_have_count(2)
    stays_after_a_reload(page)
    assert Attachment.objects.count() == 2
    editor = begin_edit(page)
    editor.get_by_role("button", name="Remove notes.txt").click()
    editor.locator(".attach__input").set_input_files([REPORT])
    expect(editor.locator('.chip[data-state="stored"]')).to_have_count(2)
    editor.get_by_role("button", name="Send").click()
    has_status(last_answer(page), "complete")
    edited = Message.objects.filter(role="user").order_by("number").last()
    assert edited
    assert [each.name for each in edited.attachments] == ["sea.png", "report.pdf"]
    expect(attachments(last_question(page))).to_have_count(2)
    stays_after_a_reload(page)


def test_an_edit_that_is_cancelled_leaves_the_files_as_they_are(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    attach(page, NOTES)
    send(page, question)
    has_status(last_answer(page), "complete")
    editor = begin_edit(page)
    editor.get_by_role("button", name="Remove notes.txt").click()
    editor.locator(".attach__input").set_input_files([REPORT])
    expect(editor.locator('.chip[data-state="stored"]')).to_have_count(1)
    editor.get_by_role("link", name="Cancel").click()
    expect(attachments(last_question(page))).to_have_count(1)
    eventually(lambda: not Attachment.objects.filter(name="report.pdf").exists(), "The site lets go of the new one")
    assert names(begin_edit(page).locator(".chip")) == ["notes.txt"]


def test_an_edit_that_is_cancelled_while_a_file_is_on_its_way_leaves_no_draft(
    visit: OpenPage, wire: Wire, alice: Client, question: str
) -> None:
    page = visit(alice, wire.url)
    attach(page, NOTES)
    send(page, question)
    has_status(last_answer(page), "complete")
    editor = begin_edit(page)
    wire.hold()
    editor.locator(".attach__input").set_input_files([REPORT])
    expect(editor.locator('.chip[data-state="uploading"]')).to_contain_text("is being checked")
    editor.get_by_role("link", name="Cancel").click()
    wire.release()
    attach(page, PICTURE)  # by now an answer to the other one would have been read
    editor = begin_edit(page)
    expect(editor.get_by_role("textbox")).to_have_value(question)
    assert names(editor.locator(".chip")) == ["notes.txt"]


def test_without_scripts_an_edited_question_keeps_its_files(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question, attachments=[alice.attach(NOTES["buffer"], "notes.txt")]).start
    assert start
    page = open_page(alice, f"/c/{start['conversation']}/?edit={start['parent']}", java_script_enabled=False)
    expect(page.locator(".editor .chip")).to_contain_text("notes.txt")
    page.locator(".editor textarea").fill("")
    page.locator(".editor [type=submit]").click()
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(1)
    expect(body(last_question(page))).to_have_text("")


# Models that do not see


@SIZES
def test_a_model_that_sees_no_images_is_named_at_once(
    visit: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    question: str,
    viewport: dict[str, int],
) -> None:
    site = run_site(**TWO_MODELS)
    page = visit(client_for(site), site.url, viewport=viewport)
    sentence = "blind-model cannot see images. Choose seeing-model or remove the image."
    attach(page, NOTES)
    expect(objection(page)).to_be_hidden()
    attach(page, PICTURE)
    expect(objection(page)).to_have_text(sentence)
    page.get_by_label("Model").select_option("seeing-model")
    expect(objection(page)).to_be_hidden()
    page.get_by_label("Model").select_option("blind-model")
    says(page, sentence)
    send(page, question)
    expect(objection(page)).to_have_attribute("data-insisted", "")
    assert messages(page) == []
    expect(composer(page)).to_have_value(question)
    page.get_by_label("Model").select_option("seeing-model")
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    page.get_by_label("Model").select_option("blind-model")
    editor = begin_edit(page)
    editor.get_by_role("textbox").fill("Edited.")
    expect(editor.locator(".chips__objection")).to_have_text(sentence)
    editor.get_by_role("textbox").press("Enter")
    expect(editor.locator(".chips__objection")).to_have_attribute("data-insisted", "")
    editor.get_by_role("button", name="Remove sea.png").click()
    expect(editor.locator(".chips__objection")).to_be_hidden()
    editor.get_by_role("textbox").press("Enter")
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(1)


def test_where_no_model_sees_only_removing_helps(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    site = run_site(CHAT_MODELS="blind-model")
    page = visit(client_for(site), site.url)
    attach(page, PICTURE, PICTURE)
    expect(objection(page)).to_have_text("blind-model cannot see images. Remove the images.")
    button(page, "Remove sea.png").first.click()
    expect(objection(page)).to_have_text("blind-model cannot see images. Remove the image.")


# Names


HOSTILE = [
    '"><img src=x onerror=document.title=1>.png',
    "\u202egnp.exe",
    "\u05e9\u05dc\u05d5\u05dd (1).png",
    "a" * 110 + ".png",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_a_name(open_page: OpenPage, alice: Client, question: str, name: str) -> None:
    page = open_page(alice, viewport={"width": 320, "height": 568})
    choose(page, PICTURE | {"name": name}, NOTES | {"name": name})
    expect(chips(page, "stored")).to_have_count(2)
    called = names(chips(page))
    assert set(called) == set(Attachment.objects.values_list("name", flat=True))
    assert "\u202e" not in called[0]
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(last_question(page).get_by_role("img")).to_have_attribute("alt", called[0])
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    stays_after_a_reload(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.title() != "1"


# For everyone


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_nothing_in_files(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    attach(page, NOTES, PICTURE)
    choose(page, PROGRAM)
    expect(chips(page, "failed")).to_have_count(1)
    page.route("**/attachments/", lambda route: None)
    choose(page, REPORT)
    expect(chips(page, "uploading")).to_have_count(1)
    assert faults_in_all_looks(page) == {}
    button(page, "Remove program.exe").click()
    button(page, "Remove report.pdf").click()
    send(page, question)
    has_status(last_answer(page), "complete")
    assert faults_in_all_looks(page) == {}
    begin_edit(page)
    expect(page.locator(".editor .chip")).to_have_count(2)
    assert faults_in_all_looks(page) == {}


TEN = [
    *(file(f"{number} image.png", image(size=(60 * number, 90)), "image/png") for number in range(1, 6)),
    *(
        file(f"{number} a document whose name goes on and on and on.txt", b"Words.", "text/plain")
        for number in range(5)
    ),
]


def test_ten_files_fit_on_the_smallest_phone(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice, viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True)
    attach(page, *TEN)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    expect(button(page, "Send")).to_be_in_viewport(ratio=1)
    composer(page).fill(question)
    button(page, "Send").click()
    has_status(last_answer(page), "complete")
    expect(attachments(last_question(page))).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    stays_after_a_reload(page)
