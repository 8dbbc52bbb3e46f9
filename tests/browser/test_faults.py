"""The page under faults of the browser's: it leaves in the middle, there are many of it, it is clicked twice."""

import json
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from chat.models import Generation, Message
from tests.browser.conftest import OpenPage
from tests.browser.pages import (
    button,
    composer,
    ended_in_words,
    has_status,
    last_answer,
    let_go,
    messages,
    notice,
    send,
    set_hidden,
    shows,
    shows_what_is_stored,
)
from tests.browser.wire import Wire
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, Step, answer, close, done, finish, refuse, say, sse, status
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")


# Leaving


def leave(page: Page, how: str) -> Page:
    """Close, reload or go back, and come again."""
    if how == "reload":
        page.reload()
    elif how == "back":
        page.go_back()
        page.go_forward()
    else:
        again = page.context.new_page()
        page.close()
        again.goto(page.url)
        return again
    return page


@pytest.mark.parametrize("how", ["close", "reload", "back"])
@pytest.mark.parametrize("when", ["start", "middle", "last token"])
def test_leaving_costs_nothing(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, how: str, when: str
) -> None:
    gates = {name: Gate() for name in ("start", "middle", "last token")}
    steps: list[Step] = [gates["start"], say("One, "), gates["middle"], say("two."), gates["last token"]]
    upstream.script(question, *steps, finish(), done())
    page = open_page(alice, "/accounts/logout/")
    page.goto(page.url.replace("/accounts/logout/", "/"))
    send(page, question)
    for name, seen in {"start": "", "middle": "One,", "last token": "One, two."}.items():
        expect(page.locator('[data-role="assistant"][id]')).to_have_count(1)
        shows(page, seen)
        if name == when:
            page = leave(page, how)
            shows(page, seen)
        gates[name].open()
    has_status(last_answer(page), "complete")
    shows(page, "One, two.")
    expect(composer(page)).to_have_value("")
    assert len(upstream.asked(question)) == 1
    shows_what_is_stored(page)


def test_a_reload_before_the_site_has_answered_finds_what_was_sent(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Here I am."))
    page = visit(alice, wire.url)
    wire.hold()
    send(page, question)
    upstream.wait_asked(question)
    page.route("**/messages/", lambda route: route.abort())  # nor is it answered when it is tried again
    wire.cut()
    wire.release()
    page.reload()
    shows(page, "Here I am.")
    expect(composer(page)).to_have_value("")
    assert len(upstream.asked(question)) == Message.objects.filter(role="user").count() == 1
    page.goto(wire.url)
    expect(composer(page)).to_have_value("")
    expect(page.locator(".thread .message")).to_have_count(0)


def test_what_is_typed_while_a_message_is_on_its_way_survives_a_reload(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = visit(alice, wire.url)
    send(page, question)
    has_status(last_answer(page), "complete")
    wire.hold()
    send(page, "And then?")
    composer(page).press_sequentially("Meanwhile")
    upstream.wait_asked("And then?")
    wire.cut()
    wire.release()
    page.reload()
    shows(page, "An answer.")
    expect(page.locator('[data-role="user"]')).to_have_count(2)
    expect(composer(page)).to_have_value("Meanwhile")
    shows_what_is_stored(page)


# Many tabs


@pytest.mark.alone
@pytest.mark.parametrize("count", [2, 7])
def test_tabs_on_one_answer_all_show_it(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, count: int
) -> None:
    """A browser allows six connections to a host: were hidden tabs to keep theirs, no page would load any more."""
    middle = Gate()
    upstream.script(question, say("All "), middle, say("see it."), finish(), done())
    tabs = [open_page(alice)]
    send(tabs[0], question)
    shows(tabs[0], "All")
    while len(tabs) < count:
        if count > 2:
            let_go(tabs[-1])
        tabs.append(tabs[0].context.new_page())
        tabs[-1].goto(tabs[0].url)
        shows(tabs[-1], "All")
    another = tabs[0].context.new_page()
    another.goto(tabs[0].url.split("/c/")[0])
    expect(composer(another)).to_be_editable()
    middle.open()
    for tab in reversed(tabs):
        set_hidden(tab, hidden=False)
        shows(tab, "All see it.")
        has_status(last_answer(tab), "complete")
    assert len(upstream.asked(question)) == 1
    for tab in tabs:
        shows_what_is_stored(tab)


def test_of_two_tabs_that_send_at_once_one_is_stored_and_the_other_is_offered_to_ask_below(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script("From the first?", say("Answer to: "), middle, *answer("From the first?"))
    first = open_page(alice)
    send(first, question)
    has_status(last_answer(first), "complete")
    second = first.context.new_page()
    second.goto(first.url)
    composer(second).fill("From the second?")
    send(first, "From the first?")
    shows(first, "Answer to:")
    composer(second).press("Enter")
    expect(notice(second)).to_contain_text("What came is shown; what you wrote was not sent.")
    expect(composer(second)).to_have_value("From the second?")
    shows(second, "Answer to:")
    assert Message.objects.filter(role="user").count() == 2
    middle.open()
    for tab in (first, second):
        shows(tab, "Answer to: From the first?")
        has_status(last_answer(tab), "complete")
    composer(second).press("Enter")
    expect(second.locator('[data-role="user"]')).to_have_count(3)
    has_status(last_answer(second), "complete")
    shows_what_is_stored(second)
    assert len(upstream.asked("From the first?")) == len(upstream.asked("From the second?")) == 1
    assert Message.objects.filter(role="user").count() == 3


def test_a_list_of_tasks_in_an_answer_keeps_no_tab_from_following(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, *answer("- [x] done\n- [ ] to do"))
    first = open_page(alice)
    send(first, question)
    has_status(last_answer(first), "complete")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_role("checkbox")).to_have_count(2)
    send(first, "Go on?")
    expect(second.locator('[data-role="user"]')).to_have_count(2)


def test_tabs_with_new_conversations_have_drafts_of_their_own(open_page: OpenPage, alice: Client) -> None:
    first = open_page(alice)
    second = first.context.new_page()
    second.goto(first.url)
    for tab, text in ((first, "From the first"), (second, "From the second")):
        composer(tab).fill(text)
    for tab, text in ((first, "From the first"), (second, "From the second")):
        tab.reload()
        expect(composer(tab)).to_have_value(text)
    second.goto("about:blank")
    third = first.context.new_page()
    third.goto(first.url)
    expect(composer(third)).to_have_value("From the second")
    expect(composer(first)).to_have_value("From the first")


def test_the_draft_of_a_tab_that_crashed_is_taken_over_and_that_of_an_open_one_is_not(
    open_page: OpenPage, alice: Client
) -> None:
    first = open_page(alice)
    second, third = (first.context.new_page() for _ in range(2))
    for tab, text in ((first, "Is open"), (second, "Has crashed")):
        tab.goto(first.url)
        composer(tab).fill(text)
        eventually(lambda text=text: text in first.evaluate("JSON.stringify(localStorage)"), "keeping the draft")
    with second.expect_event("crash"), suppress(PlaywrightError):
        second.goto("chrome://crash")
    third.goto(first.url)
    expect(composer(third)).to_have_value("Has crashed")
    fourth = first.context.new_page()
    fourth.goto(first.url)
    expect(composer(fourth)).to_have_value("")
    expect(composer(first)).to_have_value("Is open")


def test_another_tab_takes_no_typed_text_away(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    first = open_page(alice)
    send(first, question)
    has_status(last_answer(first), "complete")
    second = first.context.new_page()
    second.goto(first.url)
    composer(second).fill("Half a thought")
    eventually(lambda: "Half a thought" in second.evaluate("JSON.stringify(localStorage)"), "keeping the draft")
    send(first, "Go on?")
    has_status(last_answer(first), "complete")
    expect(notice(second)).to_contain_text("gone on in another tab")
    expect(composer(second)).to_have_value("Half a thought")
    notice(second).get_by_role("link").click()
    expect(second.locator('[data-role="user"]')).to_have_count(2)
    expect(composer(second)).to_have_value("Half a thought")
    shows_what_is_stored(second)


@pytest.mark.parametrize("label", ["System prompt", "What was good about it"])
def test_another_tab_takes_nothing_away_that_is_typed_elsewhere(
    open_page: OpenPage, alice: Client, question: str, label: str
) -> None:
    first = open_page(alice)
    send(first, question)
    has_status(last_answer(first), "complete")
    second = first.context.new_page()
    second.goto(first.url)
    if label == "System prompt":
        button(second, "Settings of this conversation").click()
    else:
        button(second, "Bad answer").click()
    second.get_by_label(label).fill("Half a thought")
    send(first, "Go on?")
    has_status(last_answer(first), "complete")
    expect(notice(second)).to_contain_text("gone on in another tab")
    expect(second.get_by_label(label)).to_have_value("Half a thought")


# Clicked twice


def test_a_double_click_on_send_sends_once(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice)
    composer(page).fill(question)
    button(page, "Send").dblclick()
    has_status(last_answer(page), "complete")
    assert len(upstream.asked(question)) == Message.objects.filter(role="user").count() == 1
    shows_what_is_stored(page)


@pytest.mark.parametrize("has_javascript", [True, False])
def test_a_double_click_on_continue_asks_once(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, has_javascript: bool
) -> None:
    upstream.script(question, say("Half of "), finish("length"), done())
    end = Gate()
    upstream.script(question, say("the answer."), end, finish(), done(), what="continuation")
    ids = alice.ask_whole(question).start
    assert ids
    page = open_page(alice, f"/c/{ids['conversation']}/", java_script_enabled=has_javascript)
    button(page, "Continue").dblclick(no_wait_after=True)
    upstream.wait_asked(question, what="continuation")
    shows(page, "Half of the answer.")
    has_status(last_answer(page), "running")
    expect(button(page, "Continue")).not_to_be_visible()
    end.open()
    has_status(last_answer(page), "complete")
    expect(last_answer(page).locator(".message__ending")).not_to_be_visible()
    assert len(upstream.asked(question, what="continuation")) == 1
    assert Generation.objects.count() == 2
    assert Message.objects.filter(role="assistant").count() == 1
    shows_what_is_stored(page)


def test_a_double_click_on_retry_asks_once(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), finish("length"), done())
    upstream.script(question, answer("Whole."))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "length")
    button(page, "Retry").dblclick()
    has_status(last_answer(page), "complete")
    shows(page, "Whole.")
    assert len(upstream.asked(question)) == 2
    shows_what_is_stored(page)


# Continue


def test_an_answer_is_continued_until_it_is_complete(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("One, 🌍 "), finish("length"), done())
    upstream.script(question, say("two, "), close(), what="continuation")
    upstream.script(question, status(400), what="continuation")
    upstream.script(question, answer("three."), what="continuation")
    page = open_page(alice)
    send(page, question)
    ended_in_words(page, "length", has_text=True)
    for ending, text in [("truncated", "One, 🌍 two,"), ("failed", "One, 🌍 two,")]:
        button(page, "Continue").click()
        ended_in_words(page, ending, has_text=True)
        shows(page, text)
    page.reload()
    with page.expect_request("**/continuations/") as asked:
        button(page, "Continue").click()
    assert asked.value.headers["last-event-id"] == str(len("One, 🌍 two, "))
    has_status(last_answer(page), "complete")
    shows(page, "One, 🌍 two, three.")
    assert upstream.asked(question, what="continuation")[-1].json["messages"][-2]["content"] == "One, 🌍 two, "
    shows_what_is_stored(page)


def test_a_refused_continuation_keeps_the_answer_and_says_why(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), finish("length"), done())
    upstream.script(question, Gate(), what="continuation")
    page = open_page(alice)
    page.route("**/hints/", lambda route: route.abort())  # which would tell it what the other device does
    send(page, question)
    has_status(last_answer(page), "length")
    message = messages(page)[-1]["id"]
    other_device = alice.stream("POST", f"/messages/{message}/continuations/", {"id": str(Message().pk)})
    upstream.wait_asked(question, what="continuation")
    button(page, "Continue").click()
    expect(notice(page)).to_contain_text("still being written")
    ended_in_words(page, "length", has_text=True)
    shows(page, "Half")
    notice(page).get_by_role("link").click()
    has_status(last_answer(page), "running")
    button(page, "Stop").click()
    has_status(last_answer(page), "stopped")
    other_device.rest()
    shows_what_is_stored(page)


def test_another_tab_shows_a_continuation(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half "), finish("length"), done())
    upstream.script(question, answer("and half."), what="continuation")
    first = open_page(alice)
    send(first, question)
    has_status(last_answer(first), "length")
    second = first.context.new_page()
    second.goto(first.url)
    button(first, "Continue").click()
    for tab in (first, second):
        shows(tab, "Half and half.")
        has_status(last_answer(tab), "complete")
    shows_what_is_stored(second)


def test_only_the_last_answer_can_be_continued(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), finish("length"), done())
    page = open_page(alice)
    send(page, question)
    ended_in_words(page, "length", has_text=True)
    send(page, "Never mind")
    expect(page.locator('[data-role="assistant"][data-status="complete"]')).to_have_count(1)
    expect(button(page, "Continue")).to_have_count(0)
    expect(button(page, "Retry")).to_have_count(0)


# Stop


def test_stop_before_the_first_token(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, Gate(), say("too late"))
    page = open_page(alice)
    send(page, question)
    upstream.wait_asked(question)
    button(page, "Stop").click()
    ended_in_words(page, "stopped", has_text=False)
    upstream.wait_asked(question).wait_closed()
    shows_what_is_stored(page)


def test_stop_before_the_site_has_answered(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, Gate(), say("too late"))
    page = visit(alice, wire.url)
    wire.hold()
    send(page, question)
    button(page, "Stop").click()
    wire.release()
    ended_in_words(page, "stopped", has_text=False)
    shows_what_is_stored(page)


def test_a_page_that_is_left_after_stop_and_before_the_site_has_answered_stops(
    visit: OpenPage, wire: Wire, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("too late"), Gate())
    page = visit(alice, wire.url)
    wire.hold()
    send(page, question)
    upstream.wait_asked(question)
    button(page, "Stop").click()
    page.goto("about:blank")
    eventually(lambda: Generation.objects.get(message__conversation__owner=alice.user).status == "stopped", "the stop")


def test_stop_after_the_request_was_lost_sends_it_no_more_and_stops_it_if_it_had_arrived(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    """The browser sees both alike: a connection that broke before the site had answered."""
    upstream.script(question, say("too late"), Gate())
    page = open_page(alice)
    page.route("**/messages/", lambda route: route.abort())
    for has_arrived in (False, True):
        with page.expect_event("requestfailed") as lost:
            send(page, question)
        if has_arrived:
            body = json.loads(lost.value.post_data or "")
            alice.stream("POST", urlsplit(lost.value.url).path, body).close()
            upstream.wait_asked(question)
        button(page, "Stop").click()
        expect(composer(page)).to_have_value(question)
        expect(page.locator(".thread .message")).to_have_count(0)
        expect(notice(page)).not_to_be_visible()
        if has_arrived:
            eventually(lambda: Generation.objects.get().status == "stopped", "the stop")
        else:
            assert not Message.objects.exists()
    assert len(upstream.asked(question)) == 1


def test_stop_in_the_middle_lets_nothing_more_appear(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("As far as this"), middle, say(" and no further"), finish(), done())
    page = open_page(alice)
    send(page, question)
    shows(page, "As far as this")
    button(page, "Stop").click()
    ended_in_words(page, "stopped", has_text=True)
    middle.open()
    upstream.wait_asked(question).ended.wait()
    shows(page, "As far as this")
    shows_what_is_stored(page)


def test_stop_at_the_moment_of_the_end_is_one_or_the_other(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    for number in range(3):
        text, end = f"{question} {number}", Gate()
        upstream.script(text, say("Almost"), end, *answer(" there."))
        page = open_page(alice)
        send(page, text)
        shows(page, "Almost")
        end.open()
        page.keyboard.press("Escape")
        expect(page.locator('[data-status="running"]')).to_have_count(0)
        assert (messages(page)[-1]["status"], messages(page)[-1]["text"]) in [
            ("stopped", "Almost"),
            ("stopped", "Almost there."),
            ("complete", "Almost there."),
        ]
        expect(notice(page)).not_to_be_visible()
        shows_what_is_stored(page)


def test_stop_twice_and_from_another_tab(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("On and on"), Gate())
    page = open_page(alice)
    send(page, question)
    shows(page, "On and on")
    other = page.context.new_page()
    other.goto(page.url)
    shows(other, "On and on")
    button(other, "Stop").dblclick()
    other.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for tab in (page, other):
        ended_in_words(tab, "stopped", has_text=True)
        expect(notice(tab)).not_to_be_visible()
        shows_what_is_stored(tab)


# Endings

ENDINGS = {
    "length": ([say("Text"), finish("length"), done()], True),
    "filtered": ([say("Text"), finish("content_filter"), done()], True),
    "filtered, without text": ([finish("content_filter"), done()], False),
    "refused": ([refuse("Text"), finish(), done()], True),
    "truncated": ([say("Text"), close()], True),
    "failed": ([say("Text"), sse({"error": {"message": "the upstream's own words"}}), close()], True),
    "failed, without text": ([*status(400)], False),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_is_told_with_what_can_be_done(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, name: str
) -> None:
    """Besides these: stopped, above; interrupted, in test_faults_network.py."""
    steps, has_text = ENDINGS[name]
    upstream.script(question, *steps)
    page = open_page(alice)
    send(page, question)
    ended_in_words(page, name.partition(",")[0], has_text=has_text)
    shows(page, "Text" if has_text else "")
    sentence = last_answer(page).locator(".message__sentence").inner_text()
    shows_what_is_stored(page)
    ended_in_words(page, name.partition(",")[0], has_text=has_text)
    expect(last_answer(page).locator(".message__sentence")).to_have_text(sentence)


def test_a_complete_answer_speaks_for_itself(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(last_answer(page).locator(".message__ending")).not_to_be_visible()
    expect(page.locator("#status")).to_have_text("The answer is complete.")
    shows_what_is_stored(page)
    expect(last_answer(page).locator(".message__ending")).not_to_be_visible()
