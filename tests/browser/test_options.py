"""The settings of a conversation on its page: before its first question, and after."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, notice, send
from tests.support.client import Client
from tests.support.upstream import ScriptedUpstream

pytestmark = pytest.mark.usefixtures("committed")


def open_settings(page: Page) -> None:
    button(page, "Settings of this conversation").press("Enter")
    expect(page.get_by_label("System prompt")).to_be_focused()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_settings_go_with_the_first_question_and_can_be_changed_later(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    open_settings(page)
    page.keyboard.type("You are wise.")
    page.get_by_label("Temperature").fill("0.5")
    page.keyboard.press("Enter")
    expect(page.locator("#options")).to_be_hidden()
    send(page, question)
    has_status(last_answer(page), "complete")
    asked = upstream.asked(question)[-1].json
    assert (asked["messages"][0]["content"], asked["temperature"]) == ("You are wise.", 0.5)
    assert "max_tokens" not in asked
    open_settings(page)
    page.get_by_label("Temperature").fill("")
    button(page, "Save").click()
    expect(page.locator("#status")).to_have_text("The settings are saved. They hold from the next answer on.")
    page.reload()
    expect(page.get_by_label("System prompt")).to_have_value("You are wise.")
    expect(page.get_by_label("Temperature")).to_have_value("")


def test_what_was_set_survives_a_send_that_failed_and_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice)
    open_settings(page)
    page.keyboard.type("You are wise.")
    page.keyboard.press("Escape")
    refusal = {"error": {"code": "unavailable", "message": "No."}}
    page.route("**/messages/", lambda route: route.fulfill(status=503, json=refusal))
    send(page, question)
    expect(notice(page)).to_contain_text("No.")
    page.unroute("**/messages/")
    page.reload()
    expect(composer(page)).to_have_value(question)
    expect(button(page, "Settings of this conversation")).to_have_attribute("data-set", "")
    composer(page).press("Enter")
    has_status(last_answer(page), "complete")
    assert upstream.asked(question)[-1].json["messages"][0]["content"] == "You are wise."
    page.goto(page.url.partition("/c/")[0])
    expect(page.get_by_label("System prompt")).to_have_value("")
    expect(button(page, "Settings of this conversation")).not_to_have_attribute("data-set", "")


def test_what_was_typed_and_not_saved_does_not_count_as_set(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    mark = button(page, "Settings of this conversation")
    send(page, question)
    has_status(last_answer(page), "complete")
    open_settings(page)
    page.keyboard.type("You are wise.")
    page.keyboard.press("Escape")
    expect(mark).not_to_have_attribute("data-set", "")
    open_settings(page)
    expect(page.get_by_label("System prompt")).to_have_value("You are wise.")
    button(page, "Save").click()
    expect(mark).to_have_attribute("data-set", "")
    page.reload()
    expect(mark).to_have_attribute("data-set", "")


def test_what_another_tab_has_saved_is_not_taken_back(open_page: OpenPage, alice: Client, question: str) -> None:
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    other = page.context.new_page()
    other.goto(page.url)
    open_settings(page)
    page.keyboard.type("You are wise.")
    button(page, "Save").click()
    expect(page.locator("#options")).to_be_hidden()
    open_settings(other)
    expect(other.get_by_label("System prompt")).to_have_value("You are wise.")
    expect(button(other, "Settings of this conversation")).to_have_attribute("data-set", "")
    other.get_by_label("Temperature").fill("0.5")
    button(other, "Save").click()
    expect(other.locator("#options")).to_be_hidden()
    page.reload()
    expect(page.get_by_label("System prompt")).to_have_value("You are wise.")
    expect(page.get_by_label("Temperature")).to_have_value("0.5")


def test_without_scripts_they_are_fields_of_the_composer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = open_page(alice, java_script_enabled=False)
    button(page, "Settings of this conversation").click()
    page.get_by_label("System prompt").fill("You are wise.")
    button(page, "Close").click()
    composer(page).fill(question)
    button(page, "Send").click()
    assert upstream.wait_asked(question).json["messages"][0]["content"] == "You are wise."


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_settings_are_for_everyone(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    open_settings(page)
    assert faults_in_all_looks(page) == {}
    page.goto(page.url + "settings/")
    assert faults_in_all_looks(page) == {}
