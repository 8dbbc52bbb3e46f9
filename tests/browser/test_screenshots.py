"""Pictures of the main states, for docs/ (`make screenshots`) and to be looked at (tests/output/)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.files import NOTES, PICTURE, PROGRAM, REPORT, attach, chips, choose
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, Step, answer, calls, say, status
from tests.support.usage import spend_for_a_month

LOOKS = [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
ANSWER = (
    "Django is a web framework for Python. It brings what most sites need: a way to describe data as models and "
    "keep it in a database, an admin made from those models, templates, forms, accounts, and guards against the "
    "usual attacks.\n\nA request passes through three places:\n\n1. `urls.py` says which view answers an "
    "address.\n2. The view reads and writes models.\n3. A template turns the result into a page.\n\n"
    "Its answers can also be streamed"
)
NOTICE = """# Before you ask

This chat is for work. Please do not enter

- passwords or keys,
- customers' data, but by their number.

What you write is sent to a model of **our own** and stays until you delete it, for a year at most. Staff read it by
ticket alone, and you are told when they did. Questions: [data protection](https://example.org/data-protection).
"""
EARLIER = ["A reading list on typography", "Why does my migration hang?", "Three names for a sailing boat"]


def snap(page: Page, folder: Path, name: str, scheme: str, size: dict[str, int]) -> None:
    suffix = ("" if size == WIDE else "-phone") + ("" if scheme == "light" else "-dark")
    page.screenshot(path=folder / f"{name}{suffix}.png", animations="disabled")


@pytest.fixture
def talker(alice: Client, upstream: ScriptedUpstream) -> Client:
    """Somebody with a few conversations."""
    for title in EARLIER:
        upstream.script(title, answer("…"))
        alice.ask_whole(title)
    return alice


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_a_conversation_in_the_middle_of_an_answer(
    open_page: OpenPage,
    talker: Client,
    upstream: ScriptedUpstream,
    screenshots: Path,
    scheme: str,
    size: dict[str, int],
) -> None:
    end = Gate()
    upstream.script("What is Django?", say(ANSWER), end, *answer("."))
    page = open_page(talker, viewport=size, color_scheme=scheme)
    page.locator("#composer textarea").fill("What is Django?")
    page.locator("#composer textarea").press("Enter")
    expect(page.locator('[data-role="assistant"] .message__body')).to_contain_text("can also be streamed")
    snap(page, screenshots, "conversation", scheme, size)
    end.open()
    expect(page.locator('[data-role="assistant"]')).to_have_attribute("data-status", "complete")


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_a_new_conversation(
    open_page: OpenPage, talker: Client, screenshots: Path, scheme: str, size: dict[str, int]
) -> None:
    page = open_page(talker, viewport=size, color_scheme=scheme)
    expect(page.locator("#composer")).to_be_visible()
    snap(page, screenshots, "new", scheme, size)


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_an_answer_that_failed(
    open_page: OpenPage,
    talker: Client,
    upstream: ScriptedUpstream,
    screenshots: Path,
    scheme: str,
    size: dict[str, int],
) -> None:
    upstream.script("Is anybody there?", status(400))
    page = open_page(talker, viewport=size, color_scheme=scheme)
    page.locator("#composer textarea").fill("Is anybody there?")
    page.locator("#composer textarea").press("Enter")
    expect(page.locator('[data-role="assistant"]')).to_have_attribute("data-status", "failed")
    snap(page, screenshots, "failed", scheme, size)


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_files_of_a_question_and_of_the_next(
    open_page: OpenPage,
    talker: Client,
    upstream: ScriptedUpstream,
    screenshots: Path,
    scheme: str,
    size: dict[str, int],
) -> None:
    upstream.script("What is new in these?", answer("The second has a page more."))
    page = open_page(talker, viewport=size, color_scheme=scheme)
    attach(page, PICTURE, PICTURE, REPORT)
    page.locator("#composer textarea").fill("What is new in these?")
    page.locator("#composer textarea").press("Enter")
    expect(page.locator('[data-role="assistant"]')).to_have_attribute("data-status", "complete")
    choose(page, PICTURE, NOTES, PROGRAM)
    expect(chips(page, "stored")).to_have_count(2)
    expect(chips(page, "failed")).to_have_count(1)
    snap(page, screenshots, "files", scheme, size)


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_a_call_that_waits_for_a_yes(
    open_page: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    upstream: ScriptedUpstream,
    screenshots: Path,
    scheme: str,
    size: dict[str, int],
) -> None:
    client, asked = client_for(run_site(CHATSITE_TEST_APPS="tests.support.tools_app")), "Cancel Ada's latest order"
    upstream.script(asked, calls(("find_orders", {"customer": "Ada"})))
    upstream.script(asked, [say("The latest of her two orders is 18. [1] I would cancel it."), *cancelling(18)])
    page = open_page(client, viewport=size, color_scheme=scheme)
    page.locator("#composer textarea").fill(asked)
    page.locator("#composer textarea").press("Enter")
    expect(page.locator('[data-role="assistant"]')).to_have_attribute("data-status", "waiting")
    expect(page.locator(".decision")).to_be_visible()
    page.locator(".call > .call__summary", has_text="Find orders").click()
    snap(page, screenshots, "tools", scheme, size)


def cancelling(number: int) -> list[Step]:
    return calls(("cancel_order", {"number": number}))


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_what_is_used_and_what_it_costs(
    open_page: OpenPage,
    site: Site,
    client_for: Callable[..., Client],
    screenshots: Path,
    scheme: str,
    size: dict[str, int],
) -> None:
    staff, other = client_for(site, is_staff=True, is_superuser=True), client_for(site)
    spend_for_a_month([staff.user, other.user])
    page = open_page(staff, "/admin/chat/dailyusage/", viewport=size, color_scheme=scheme)
    expect(page.locator(".spending figure")).to_be_visible()
    snap(page, screenshots, "usage", scheme, size)
    page.goto(f"{site.url}/settings/usage/")
    expect(page.locator(".usage__table")).to_be_visible()
    snap(page, screenshots, "own-usage", scheme, size)


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)])
def test_the_notice_and_a_hold(
    open_page: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    screenshots: Path,
    tmp_path_factory: pytest.TempPathFactory,
    scheme: str,
    size: dict[str, int],
) -> None:
    file = tmp_path_factory.mktemp("notice") / "notice.md"
    file.write_text(NOTICE)
    site = run_site(CHAT_NOTICE=str(file))
    staff = client_for(site, is_staff=True, is_superuser=True)
    page = open_page(staff, viewport=size, color_scheme=scheme)
    expect(page.get_by_role("button", name="I have read it and accept it")).to_be_visible()
    snap(page, screenshots, "notice", scheme, size)
    page.goto(f"{site.url}/admin/chat/hold/add/")
    page.get_by_label("User").fill("ada")
    page.get_by_label("Reason").fill("Inquiry 2026-117, see the file")
    snap(page, screenshots, "hold", scheme, size)


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_the_login_page(open_page: OpenPage, screenshots: Path, scheme: str, size: dict[str, int]) -> None:
    page = open_page(None, viewport=size, color_scheme=scheme)
    expect(page.get_by_label("Username")).to_be_visible()
    snap(page, screenshots, "login", scheme, size)
