"""What is typed is never lost: an expired login, a stale token, limits, a site that fails."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Request, Route, expect

from chat.models import Conversation, Message
from tests.browser.conftest import OpenPage
from tests.browser.pages import (
    button,
    composer,
    ended_in_words,
    give_password,
    has_status,
    last_answer,
    log_in,
    notice,
    send,
    set_hidden,
    shows,
    shows_what_is_stored,
)
from tests.browser.wire import Wire
from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")


@contextmanager
def posts(page: Page) -> Iterator[list[dict[str, str]]]:
    """The bodies of what the page posts meanwhile."""
    bodies: list[dict[str, str]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.headers["content-type"] == "application/json":
            bodies.append(json.loads(request.post_data or ""))

    page.on("request", note)
    yield bodies
    page.remove_listener("request", note)


# An expired login


@pytest.fixture
def member(site: Site, client_for: ClientFor) -> Client:
    """Somebody who can log in by hand."""
    alice = client_for(site)
    assert alice.user
    give_password(alice.user)
    return Client(site.url, alice.user)


def expire(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


@pytest.mark.parametrize("is_new", [True, False])
def test_an_expired_login_is_said_and_after_it_the_same_message_goes_out_by_itself(
    open_page: OpenPage, member: Client, upstream: ScriptedUpstream, question: str, is_new: bool
) -> None:
    page = open_page(member)
    if not is_new:
        send(page, "Before that")
        has_status(last_answer(page), "complete")
    expire(page)
    with posts(page) as sent:
        send(page, question)
        expect(notice(page)).to_contain_text(
            "Your login has expired. What you wrote is kept, and sent when you come back."
        )
        expect(composer(page)).to_have_value(question)
        notice(page).get_by_role("link", name="Log in").click()
        assert member.user
        log_in(page, member.user)
        expect(page).not_to_have_url(re.compile("send="))  # which goes as the question is sent
        has_status(last_answer(page), "complete")
    assert len({body["id"] for body in sent}) == 1
    expect(composer(page)).to_have_value("")
    assert len(upstream.asked(question)) == Message.objects.filter(parts__text=question).count() == 1
    assert Conversation.objects.count() == 1
    shows_what_is_stored(page)


@pytest.mark.parametrize("typed", ["Something else", ""])
def test_a_text_that_was_changed_meanwhile_is_not_sent_by_itself(
    open_page: OpenPage, member: Client, question: str, typed: str
) -> None:
    page = open_page(member)
    expire(page)
    send(page, question)
    link = notice(page).get_by_role("link", name="Log in").get_attribute("href")
    composer(page).fill(typed)
    page.goto(page.url.rstrip("/") + (link or ""))
    assert member.user
    log_in(page, member.user)
    expect(composer(page)).to_have_value(typed)
    expect(page.locator(".thread .message")).to_have_count(0)
    page.reload()
    assert not Message.objects.exists()


def test_a_message_is_not_sent_at_any_other_visit(open_page: OpenPage, member: Client, question: str) -> None:
    """Not after a login that the link did not lead to, and not twice by the same address."""
    page = open_page(member)
    home = page.url
    expire(page)
    send(page, question)
    link = notice(page).get_by_role("link", name="Log in").get_attribute("href") or ""
    page.goto(home)
    assert member.user
    log_in(page, member.user)
    expect(composer(page)).to_have_value(question)
    assert not Message.objects.exists()
    page.route("**/messages/", refuse_with(429, "too_many", "Not now."))
    returned = home + "?send=" + link.partition("send%3D")[2]
    page.goto(returned)
    expect(notice(page)).to_contain_text("Not now.")
    page.unroute("**/messages/")
    with posts(page) as sent:
        page.goto(returned)
        expect(composer(page)).to_have_value(question)
        page.reload()
        expect(composer(page)).to_have_value(question)
    assert sent == []
    assert not Message.objects.exists()


def test_a_login_that_expires_again_makes_no_loop(open_page: OpenPage, member: Client, question: str) -> None:
    page = open_page(member)
    page.route("**/messages/", refuse_with(401, "not_logged_in", "You are not logged in."))
    assert member.user
    with posts(page) as sent:
        send(page, question)
        for attempt in (1, 2):
            expire(page)
            notice(page).get_by_role("link", name="Log in").click()
            log_in(page, member.user)
            expect(notice(page)).to_contain_text("Your login has expired.")
            expect(composer(page)).to_have_value(question)
            assert len(sent) == attempt + 1


def page_whose_login_expires(
    visit: OpenPage, wire: Wire, member: Client, upstream: ScriptedUpstream, question: str
) -> tuple[Page, Gate]:
    """In the middle of an answer, which is cut there and goes on when the gate is opened."""
    middle = Gate()
    upstream.script(question, say("Before, "), middle, say("after."), finish(), done())
    page = visit(member, wire.url)
    send(page, question)
    shows(page, "Before,")
    expire(page)
    wire.cut()
    return page, middle


def test_a_login_that_expires_during_an_answer_keeps_the_text_and_leads_back(
    visit: OpenPage, wire: Wire, member: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page, middle = page_whose_login_expires(visit, wire, member, upstream, question)
    expect(last_answer(page)).to_contain_text("Your login has expired, so the rest of this answer is not shown.")
    shows(page, "Before,")
    middle.open()
    last_answer(page).get_by_role("link", name="Log in").click()
    assert member.user
    log_in(page, member.user)
    has_status(last_answer(page), "complete")
    shows(page, "Before, after.")
    assert len(upstream.asked(question)) == 1
    shows_what_is_stored(page)


def test_an_answer_goes_on_where_it_is_followed_once_its_reader_has_logged_in_elsewhere(
    visit: OpenPage, wire: Wire, member: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page, middle = page_whose_login_expires(visit, wire, member, upstream, question)
    expect(last_answer(page)).to_contain_text("Your login has expired")
    composer(page).fill("What I type meanwhile")
    login = page.context.new_page()
    login.goto(f"{wire.url}/accounts/login/")
    assert member.user
    log_in(login, member.user)
    expect(composer(login)).to_be_visible()
    set_hidden(page, hidden=True)
    set_hidden(page, hidden=False)
    middle.open()
    has_status(last_answer(page), "complete")
    shows(page, "Before, after.")
    expect(last_answer(page)).not_to_contain_text("Your login has expired")
    expect(composer(page)).to_have_value("What I type meanwhile")


@pytest.mark.parametrize("name", ["Continue", "Retry"])
def test_an_expired_login_takes_no_answer_away(
    open_page: OpenPage, member: Client, upstream: ScriptedUpstream, question: str, name: str
) -> None:
    upstream.script(question, say("Half"), finish("length"), done())
    page = open_page(member)
    send(page, question)
    has_status(last_answer(page), "length")
    expire(page)
    button(page, name).click()
    expect(notice(page)).to_contain_text("Your login has expired. Nothing is lost: try again when you come back.")
    ended_in_words(page, "length", has_text=True)
    shows(page, "Half")
    notice(page).get_by_role("link", name="Log in").click()
    assert member.user
    log_in(page, member.user)
    ended_in_words(page, "length", has_text=True)
    shows_what_is_stored(page)


# A stale token


def spoil_token(page: Page) -> None:
    page.context.add_cookies([{"name": "csrftoken", "value": "x" * 32, "url": page.url}])


def test_a_stale_token_is_renewed_without_a_word(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), Gate())
    page = open_page(alice)
    spoil_token(page)
    with posts(page) as sent:
        send(page, question)
        shows(page, "Half")
        expect(notice(page)).not_to_be_visible()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    spoil_token(page)
    button(page, "Stop").click()
    has_status(last_answer(page), "stopped")
    assert len(upstream.asked(question)) == 1
    spoil_token(page)
    button(page, "Retry").click()
    has_status(last_answer(page), "complete")
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Username")).to_be_visible()


def test_a_token_that_cannot_be_renewed_is_told(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    page.route("**/messages/", refuse_with(403, "csrf", "This page is out of date. Reload the page."))
    with posts(page) as sent:
        send(page, question)
        expect(notice(page)).to_contain_text("This page is out of date.")
    assert len(sent) == 2
    expect(composer(page)).to_have_value(question)
    page.unroute("**/messages/")
    notice(page).get_by_role("link").click()
    expect(composer(page)).to_have_value(question)
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    assert sent[0]["id"] == str(Message.objects.get(role="user").pk)
    shows_what_is_stored(page)


def test_what_one_user_wrote_is_not_sent_as_another(
    open_page: OpenPage, alice: Client, bob: Client, question: str
) -> None:
    page = open_page(alice)
    spoil_token(page)
    page.context.add_cookies([{"name": "sessionid", "value": bob.cookies["sessionid"], "url": page.url}])
    send(page, question)
    expect(notice(page)).to_contain_text("This page is out of date")
    expect(composer(page)).to_have_value(question)
    assert not Message.objects.exists()


def test_a_browser_without_cookies_is_told_of_its_login(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    page.context.clear_cookies()
    send(page, question)
    expect(notice(page)).to_contain_text("Your login has expired.")
    expect(composer(page)).to_have_value(question)


# Limits and failures


def refuse_with(status: int, code: str, message: str, **headers: str) -> Callable[[Route], None]:
    def refuse(route: Route) -> None:
        route.fulfill(status=status, json={"error": {"code": code, "message": message}}, headers=headers)

    return refuse


LIMITS = [
    ({"CHAT_MESSAGES_PER_MINUTE": "1"}, r"That was 1 messages in a minute\. Send it again in \d+ s\.$"),
    ({"CHAT_LIVE_PER_USER": "1"}, r"Wait for one to end, or stop it\. Try again in 5 s\.$"),
    ({"CHAT_LIVE_PER_PROCESS": "1"}, r"are being written\. Try again in 5 s\.$"),
]


@pytest.mark.parametrize(("setting", "sentence"), LIMITS)
def test_over_a_limit_the_text_is_given_back_and_the_time_told(
    visit: OpenPage,
    run_site: RunSite,
    client_for: ClientFor,
    upstream: ScriptedUpstream,
    question: str,
    setting: dict[str, str],
    sentence: str,
) -> None:
    site = run_site(**setting)
    alice, end = client_for(site), Gate()
    upstream.script("The one before", end, say("Done."), finish(), done())
    before = alice.ask("The one before")
    page = visit(alice, site.url)
    send(page, question)
    expect(notice(page)).to_have_text(re.compile(sentence))
    expect(composer(page)).to_have_value(question)
    expect(page.locator(".thread .message")).to_have_count(0)
    page.reload()
    expect(composer(page)).to_have_value(question)
    assert not Message.objects.filter(parts__text=question).exists()
    end.open()
    before.rest()
    if "CHAT_MESSAGES_PER_MINUTE" not in setting:
        composer(page).press("Enter")
        has_status(last_answer(page), "complete")
        shows_what_is_stored(page)


def test_a_site_that_fails_is_asked_again_and_then_gives_the_text_back(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice, "/accounts/logout/")
    page.clock.install()
    page.goto(page.url.replace("/accounts/logout/", "/"))
    page.route("**/messages/", refuse_with(500, "error", "Something went wrong on this site."))
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)  # from here on time passes only as told below
    with posts(page) as sent:
        send(page, question)
        expect(last_answer(page)).to_contain_text("trying again")
        eventually(lambda: page.clock.fast_forward(10_000) or notice(page).is_visible(), "giving up", seconds=30)
        expect(notice(page)).to_have_text("Something went wrong on this site.")
    assert len(sent) == 4
    assert len({body["id"] for body in sent}) == 1
    expect(composer(page)).to_have_value(question)
    page.unroute("**/messages/")
    page.clock.resume()
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    assert str(Message.objects.get(role="user").pk) == sent[0]["id"]
    shows_what_is_stored(page)


def test_a_site_that_fails_once_is_not_even_noticed(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice)
    page.route("**/messages/", refuse_with(500, "error", "Something went wrong."), times=1)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(notice(page)).not_to_be_visible()
    assert len(upstream.asked(question)) == 1
    shows_what_is_stored(page)
