"""The page in German, on a phone: all of it in one language, and nothing too wide for it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, notice, send, shows
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, answer, close, say

GERMAN = {"locale": "de-DE", "viewport": PHONE}
WIDER = "() => document.documentElement.scrollWidth > innerWidth"
CUT_OFF = """() => [...document.querySelectorAll("button, .button, .menu__item, h1, h2, p, label")]
    .filter((each) => each.checkVisibility() && !each.closest(".visually-hidden") && !each.matches(".bar__title"))
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline")
    .map((each) => each.textContent.trim())"""


def fits(page: Page) -> None:
    assert not page.evaluate(WIDER)
    assert page.evaluate(CUT_OFF) == []


@pytest.fixture
def page(open_page: OpenPage, alice: Client) -> Page:
    return open_page(alice, **GERMAN)


def test_a_new_conversation(page: Page) -> None:
    expect(page.get_by_role("heading", name="Was möchten Sie wissen?")).to_be_visible()
    expect(composer(page)).to_have_attribute("placeholder", "Stellen Sie eine Frage")
    expect(button(page, "Senden")).to_be_visible()
    fits(page)


def test_an_answer_its_ending_and_what_can_be_done_about_it(
    page: Page, upstream: ScriptedUpstream, question: str
) -> None:
    end = Gate()
    upstream.script(question, say("Hallo"), end, close())
    send(page, question)
    shows(page, "Hallo")
    expect(page.locator("#status")).to_have_text("Die Antwort wird geschrieben.")
    expect(button(page, "Anhalten")).to_be_visible()
    fits(page)
    end.open()
    has_status(last_answer(page), "truncated")
    sentence = "Die Verbindung zum Modell ist abgerissen, bevor die Antwort fertig war."
    for _ in range(2):
        expect(last_answer(page).locator(".message__sentence")).to_have_text(sentence)
        expect(last_answer(page).get_by_role("button", name="Fortsetzen", exact=True)).to_be_visible()
        expect(last_answer(page).get_by_role("button", name="Erneut versuchen", exact=True)).to_be_visible()
        fits(page)
        page.reload()


def test_the_actions_of_a_message(page: Page, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("Hallo"))
    send(page, question)
    has_status(last_answer(page), "complete")
    page.get_by_role("link", name="Diese Nachricht bearbeiten").click()
    expect(page.get_by_label("Ihre Nachricht, bearbeitet")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Abbrechen").click()
    last_answer(page).locator('[data-action="details"]').click()
    expect(last_answer(page).get_by_text("Erstes Wort nach")).to_be_visible()
    fits(page)


def test_the_keyboard_shortcuts(page: Page) -> None:
    page.evaluate("document.getElementById('shortcuts').showModal()")
    expect(page.get_by_role("dialog", name="Tastenkürzel")).to_be_visible()
    expect(page.get_by_text("Neue Zeile beginnen")).to_be_visible()
    fits(page)


def test_a_refusal_is_in_the_words_of_the_server(page: Page, question: str) -> None:
    """Which knows the time and the language: scripts take no sentence apart."""
    error = {"code": "unavailable", "message": "Der Server ist voll. Bitte versuchen Sie es gleich noch einmal."}
    page.route(
        "**/messages/", lambda route: route.fulfill(status=503, json={"error": error}, headers={"Retry-After": "5"})
    )
    send(page, question)
    expect(notice(page)).to_have_text(error["message"])
    fits(page)


def test_a_message_that_is_too_long(page: Page) -> None:
    composer(page).fill("x" * 123_456)
    composer(page).press("Enter")
    send_it = button(page, "Senden")
    send_it.click()
    expect(notice(page)).to_have_text("Diese Nachricht hat 123.456 Zeichen; erlaubt sind 100.000. Kürzen Sie sie.")


# The choice


def test_a_language_is_chosen_in_the_menu_and_what_is_typed_stays(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Hello"))
    conversation = alice.ask_whole(question).start["conversation"]
    page = open_page(alice, f"/c/{conversation}/", viewport=PHONE)
    composer(page).fill("A draft")
    page.locator(".bar__user").click()
    expect(button(page, "English")).to_have_attribute("aria-current", "true")
    button(page, "Deutsch").click()
    page.wait_for_url(f"**/c/{conversation}/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(composer(page)).to_have_value("A draft")
    page.locator(".bar__user").click()
    expect(button(page, "Abmelden")).to_be_visible()
    fits(page)


def test_visitors_choose_on_the_login_page(open_page: OpenPage) -> None:
    page = open_page(None, "/accounts/login/", viewport=PHONE)
    button(page, "Deutsch").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    expect(page.get_by_label("Passwort")).to_be_visible()
    fits(page)
