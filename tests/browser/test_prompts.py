"""The prompts that `/` offers in an empty composer."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chat.models import Prompt
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import body, composer, has_status, last_answer, messages
from tests.support.client import Client

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def prompts(alice: Client) -> None:
    """Three, of which one is shared."""
    Prompt.objects.create(owner=alice.user, name="Letter", text="Write a letter\nto my landlord.")
    Prompt.objects.create(owner=alice.user, name="Translate", text="Translate this:")
    Prompt.objects.create(name="Better <b>words</b>", text="Say it better.")


def offer(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Prompts")


def options(page: Page) -> Locator:
    return offer(page).get_by_role("option")


def chosen(page: Page) -> str:
    """The name on the one selected option, which is the one that the field points to."""
    selected = offer(page).locator("[aria-selected=true]")
    expect(composer(page)).to_have_attribute("aria-activedescendant", selected.get_attribute("id") or "none")
    return selected.inner_text().partition("\n")[0].strip()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_prompt_is_found_and_taken_by_the_keyboard(
    open_page: OpenPage, alice: Client, prompts: None, viewport: dict[str, int]
) -> None:
    page = open_page(alice, viewport=viewport)
    page.keyboard.type("/")
    expect(options(page)).to_have_count(3)
    expect(offer(page)).to_be_in_viewport(ratio=1)
    expect(page.locator("#status")).to_have_text("3 prompts. The arrow keys choose one, Enter takes it.")
    assert chosen(page) == "Better <b>words</b> shared"
    page.keyboard.press("ArrowUp")
    assert chosen(page) == "Translate"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "Letter"
    page.keyboard.type("ETTER")
    expect(options(page)).to_have_count(2)
    assert chosen(page) == "Better <b>words</b> shared"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value("Write a letter\nto my landlord.")
    expect(composer(page)).to_be_focused()
    expect(offer(page)).to_be_hidden()
    assert messages(page) == []


def test_tab_takes_and_escape_closes(open_page: OpenPage, alice: Client, prompts: None) -> None:
    page = open_page(alice)
    page.keyboard.type("/")
    expect(options(page)).to_have_count(3)
    page.keyboard.press("Escape")
    expect(offer(page)).to_be_hidden()
    page.keyboard.type("let")
    expect(offer(page)).to_be_hidden()
    expect(composer(page)).to_have_value("/let")
    composer(page).fill("")
    page.keyboard.type("/tr")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(composer(page)).to_have_value("Translate this:")


def test_what_is_no_name_is_sent_as_it_is(open_page: OpenPage, alice: Client, prompts: None) -> None:
    page = open_page(alice)
    page.keyboard.type("/")
    expect(options(page)).to_have_count(3)
    page.keyboard.type("etc/hosts")
    expect(offer(page)).to_be_hidden()
    page.keyboard.press("Enter")
    has_status(last_answer(page), "complete")
    expect(body(page.locator('[data-role="user"]'))).to_have_text("/etc/hosts")


def test_a_finger_takes_one_and_later_changes_are_seen(open_page: OpenPage, alice: Client, prompts: None) -> None:
    page = open_page(alice, viewport=PHONE, has_touch=True)
    page.clock.install()
    composer(page).press("/")
    options(page).filter(has_text="Translate").tap()
    expect(composer(page)).to_have_value("Translate this:")
    Prompt.objects.filter(name="Translate").update(name="Interpret")
    page.clock.fast_forward(60_000)
    composer(page).fill("")
    composer(page).press("/")
    expect(options(page).filter(has_text="Interpret")).to_be_visible()


def test_without_scripts_it_is_a_text_like_any_other(
    open_page: OpenPage, alice: Client, prompts: None, question: str
) -> None:
    page = open_page(alice, java_script_enabled=False)
    composer(page).fill("/" + question)
    page.get_by_role("button", name="Send").click()
    expect(body(page.locator('[data-role="user"]'))).to_have_text("/" + question)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_prompts_are_for_everyone(open_page: OpenPage, alice: Client, prompts: None) -> None:
    page = open_page(alice)
    page.keyboard.type("/")
    expect(options(page)).to_have_count(3)
    assert faults_in_all_looks(page) == {}
    page.goto(page.url + "settings/prompts/")
    assert faults_in_all_looks(page) == {}
    page.get_by_role("link", name="Letter").click()
    assert faults_in_all_looks(page) == {}


def test_what_is_typed_before_the_scripts_are_there_asks_for_them(
    page_for: OpenPage, alice: Client, prompts: None
) -> None:
    page = page_for(alice)
    held: list[Route] = []
    page.route("**/js/pages/conversation*.js", lambda route: held.append(route))
    page.goto(alice.url, wait_until="commit")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("/")
    for route in held:
        route.continue_()
    expect(options(page)).to_have_count(3)
