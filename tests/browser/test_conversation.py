"""The page in Chromium: ask, watch, stop, come back."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from chat.models import Conversation, Generation, Message
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import body, has_status, last_answer, send, shows
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, status, think

pytestmark = pytest.mark.usefixtures("committed")


def test_an_answer_grows_under_its_question(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Hello, "), middle, say("wörld 🌍!"), finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(page.locator('[data-role="user"] .message__body')).to_have_text(question)
    expect(body(last_answer(page))).to_have_text("Hello,")
    has_status(last_answer(page), "running")
    middle.open()
    expect(body(last_answer(page))).to_have_text("Hello, wörld 🌍!")
    has_status(last_answer(page), "complete")


def test_the_address_and_the_list_take_up_a_new_conversation(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    conversation = Conversation.objects.get(owner=alice.user)
    assert page.url.endswith(conversation.get_absolute_url())
    expect(page.locator(f'#conversations a[href="{conversation.get_absolute_url()}"]')).to_have_text(question)


def test_what_is_shown_is_what_is_stored(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    text = "A line\n\n\n  indented\t<b>not bold</b> </script> \u2028 end: {}\r\ndata"
    upstream.script(question, *(say(letter) for letter in text), finish(), done())
    page = open_page(alice)
    # In plain text: as Markdown, test_markdown.py says what is shown.
    page.route("**/libraries/**", lambda route: route.abort())
    page.reload()
    send(page, question)
    has_status(last_answer(page), "complete")
    streamed = body(last_answer(page)).evaluate("element => element.textContent")
    assert streamed == Message.objects.get(role="assistant").text == text
    page.reload()
    assert body(last_answer(page)).evaluate("element => element.textContent") == text


def test_stop_keeps_what_was_seen_and_offers_retry(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("As far as"), Gate(), say(" never"))
    upstream.script(question, answer("Once more."))
    page = open_page(alice)
    send(page, question)
    expect(body(last_answer(page))).to_have_text("As far as")
    page.get_by_role("button", name="Stop").click()
    has_status(last_answer(page), "stopped")
    expect(last_answer(page)).to_contain_text("You stopped the answer.")
    expect(body(last_answer(page))).to_have_text("As far as")
    upstream.wait_asked(question).wait_closed()
    last_answer(page).get_by_role("button", name="Retry").click()
    expect(body(last_answer(page))).to_have_text("Once more.")
    assert Message.objects.filter(role="assistant").count() == 2


def test_escape_stops(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("On and on"), Gate())
    page = open_page(alice)
    send(page, question)
    expect(body(last_answer(page))).to_have_text("On and on")
    page.keyboard.press("Escape")
    has_status(last_answer(page), "stopped")


def test_escape_in_a_search_clears_that_and_stops_nothing(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Once"), gate, *answer(" more."))
    page = open_page(alice)
    send(page, question)
    shows(page, "Once")
    search = page.get_by_role("searchbox", name="Search in your conversations")
    search.fill("zebra")
    search.press("Escape")
    expect(search).to_have_value("")
    gate.open()
    has_status(last_answer(page), "complete")


def test_the_end_of_an_answer_leaves_the_focus_where_it_is(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Once"), gate, *answer(" more."))
    site = run_site(CHAT_MODELS="one,other")
    page = visit(client_for(site), site.url)
    send(page, question)
    shows(page, "Once")
    page.get_by_label("Model", exact=True).focus()
    gate.open()
    has_status(last_answer(page), "complete")
    expect(page.get_by_label("Model", exact=True)).to_be_focused()


def test_the_end_stays_in_view_when_a_keyboard_takes_half_of_the_screen(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Again.\n\n" * 60))
    page = open_page(alice, viewport=PHONE)
    send(page, question)
    has_status(last_answer(page), "complete")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"] // 2})
    page.wait_for_function("() => document.scrollingElement.scrollHeight - innerHeight - scrollY < 2")


def test_a_reload_in_the_middle_goes_on(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("One, "), middle, say("two."), finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(body(last_answer(page))).to_have_text("One,")
    page.reload()
    expect(body(last_answer(page))).to_have_text("One,")
    middle.open()
    expect(body(last_answer(page))).to_have_text("One, two.")
    has_status(last_answer(page), "complete")
    assert len(upstream.asked(question)) == 1


def test_two_tabs_show_the_same_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Both "), middle, say("see it."), finish(), done())
    first = open_page(alice)
    send(first, question)
    expect(body(last_answer(first))).to_have_text("Both")
    second = first.context.new_page()
    second.goto(first.url)
    expect(body(last_answer(second))).to_have_text("Both")
    middle.open()
    for page in (first, second):
        expect(body(last_answer(page))).to_have_text("Both see it.")
        has_status(last_answer(page), "complete")


def test_a_failed_answer_says_so_and_is_no_empty_bubble(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, status(400, "the upstream's own words"))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "failed")
    expect(last_answer(page)).to_contain_text("The model's service refused the request.")
    expect(page.locator("body")).not_to_contain_text("own words")
    expect(body(last_answer(page))).not_to_be_visible()


def test_reasoning_is_shown_apart_from_the_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, think("Let me see."), say("Yes."), finish(), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page))).to_have_text("Yes.")
    last_answer(page).locator(".message__reasoning summary").click()
    expect(last_answer(page).get_by_text("Let me see.")).to_be_visible()


def test_enter_sends_and_shift_enter_begins_a_line(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    composer = page.locator("#composer textarea")
    composer.fill(question)
    composer.press("Shift+Enter")
    composer.press_sequentially("and more")
    composer.press("Enter")
    has_status(last_answer(page), "complete")
    assert Message.objects.get(role="user").text == f"{question}\nand more"


def test_enter_during_composition_does_not_send(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    composer = page.locator("#composer textarea")
    composer.fill("にほん")
    composer.evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    composer.press("a")  # whatever the first key press would have sent is sent by now
    expect(page.locator('[data-role="user"]')).to_have_count(0)
    expect(composer).to_have_value("にほんa")


def test_a_refused_message_is_given_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gates = [Gate() for _ in range(5)]
    for gate in gates:
        upstream.script(question, gate, *answer("Done."))
    streams = [alice.ask(question) for _ in gates]
    page = open_page(alice)
    send(page, "One too many")
    expect(page.locator("#notice")).to_contain_text("5 of your answers are being written already")
    expect(page.locator("#composer textarea")).to_have_value("One too many")
    assert not Message.objects.filter(parts__text="One too many").exists()
    for gate, stream in zip(gates, streams, strict=True):
        gate.open()
        stream.rest()


def test_what_can_be_done_with_a_conversation_is_offered_as_soon_as_it_exists(
    open_page: OpenPage, alice: Client, question: str
) -> None:
    page = open_page(alice)
    offers = page.locator("#account a", has_text="This conversation as")
    expect(offers).to_have_count(2)
    page.get_by_role("button", name="Account of").click()
    expect(offers.first).to_be_hidden()
    page.keyboard.press("Escape")
    send(page, question)
    has_status(last_answer(page), "complete")
    page.get_by_role("button", name="Account of").click()
    for offer in offers.all():
        expect(offer).to_be_visible()
        assert page.url.removesuffix("/").split("/c/")[1] in str(offer.get_attribute("href"))


def test_a_draft_survives_a_reload(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    page.locator("#composer textarea").press_sequentially("Not yet sent")
    page.reload()
    expect(page.locator("#composer textarea")).to_have_value("Not yet sent")


def test_without_javascript_the_form_posts_and_the_page_shows_the_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Plain "), middle, say("HTML."), finish(), done())
    page = open_page(alice, java_script_enabled=False)
    page.locator("#composer textarea").fill(question)
    page.get_by_role("button", name="Send").click()
    expect(page.locator('[data-role="user"] .message__body')).to_have_text(question)
    expect(body(last_answer(page))).to_have_text("Plain")
    middle.open()
    expect(body(last_answer(page))).to_have_text("Plain HTML.")
    has_status(last_answer(page), "complete")


def test_without_javascript_stop_and_retry_work(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), Gate())
    upstream.script(question, answer("Whole."))
    page = open_page(alice, java_script_enabled=False)
    page.locator("#composer textarea").fill(question)
    page.get_by_role("button", name="Send").click()
    upstream.wait_asked(question)
    page.get_by_role("button", name="Stop").click()
    has_status(last_answer(page), "stopped")
    page.get_by_role("button", name="Retry").click()
    expect(body(last_answer(page))).to_have_text("Whole.")


@pytest.mark.parametrize("width", [320, PHONE["width"], WIDE["width"]])
def test_nothing_sticks_out_sideways(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, width: int
) -> None:
    upstream.script(question, say("w" * 3000 + "\n" + "\t".join("x" * 300)), finish(), done())
    page = open_page(alice, viewport={"width": width, "height": 800})
    send(page, question)
    has_status(last_answer(page), "complete")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("#composer textarea")).to_be_in_viewport()


def test_the_drawer_closes_where_the_page_becomes_wide(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, viewport={"width": 800, "height": 1280})
    page.get_by_role("button", name="Conversations").click()
    expect(page.locator("#conversations:popover-open")).to_be_visible()
    page.locator("#query").focus()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#conversations:popover-open")).to_have_count(0)
    expect(page.locator("#query")).to_be_focused()


def test_on_a_phone_the_list_is_a_drawer(open_page: OpenPage, alice: Client, question: str) -> None:
    alice.ask_whole(question)
    page = open_page(alice, viewport=PHONE)
    link = page.locator("#conversations a", has_text=question)
    expect(link).not_to_be_in_viewport()
    page.get_by_role("button", name="Conversations").click()
    link.click()
    expect(body(last_answer(page))).to_have_text("An answer.")


def test_a_page_that_is_left_costs_no_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Nobody "), middle, say("looks."), finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(body(last_answer(page))).to_have_text("Nobody")
    url = page.url
    page.goto("about:blank")
    middle.open()
    page.goto(url)
    expect(body(last_answer(page))).to_have_text("Nobody looks.")
    has_status(last_answer(page), "complete")
    assert Generation.objects.get().status == "complete"


def test_somebody_elses_conversation_is_not_found(open_page: OpenPage, alice: Client, bob: Client) -> None:
    ids = alice.ask_whole("Secret?").start
    page = open_page(bob, f"/c/{ids['conversation']}/")
    expect(page.locator("body")).to_contain_text("no such conversation")
    expect(page.locator("body")).not_to_contain_text("Secret?")


def test_an_unknown_conversation_is_a_page_that_leads_on(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, f"/c/{uuid.uuid4()}/")
    page.get_by_role("link", name="Chatsite").first.click()
    expect(page.locator("#composer")).to_be_visible()
