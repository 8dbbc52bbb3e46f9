"""What the tests do with a page, and what must hold of it after every fault."""

import re
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from chat.models import Message
from tests.browser.conftest import PATIENCE_MS

PASSWORD = "a long passphrase"
MESSAGES = """() => Array.from(document.querySelectorAll(".thread .message"), (message) => ({
    id: message.id.replace("message-", ""),
    role: message.dataset.role,
    status: message.dataset.status,
    text: message.querySelector(".message__body").textContent,
    reasoning: message.querySelector(".message__thoughts")?.textContent ?? "",
}))"""
SET_HIDDEN = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def composer(page: Page) -> Locator:
    return page.locator("#composer textarea")


def notice(page: Page) -> Locator:
    return page.locator("#notice")


def send(page: Page, text: str) -> None:
    """As a user does: not before the last answer has ended, whose text may be there a moment earlier."""
    expect(page.locator("#composer[data-running]")).to_have_count(0)
    composer(page).fill(text)
    composer(page).press("Enter")


def last_answer(page: Page) -> Locator:
    return page.locator('[data-role="assistant"]').last


def body(message: Locator) -> Locator:
    return message.locator(".message__body")


def shows(page: Page, text: str) -> None:
    expect(body(last_answer(page))).to_have_text(text)


def has_status(message: Locator, name: str, within_ms: float = PATIENCE_MS) -> None:
    expect(message).to_have_attribute("data-status", name, timeout=within_ms)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def open_actions(message: Locator) -> None:
    """Without scripts: the page of what can be done with it."""
    message.hover()
    message.get_by_role("link", name="Actions", exact=True).click()
    expect(message.page.get_by_role("heading", level=1)).to_have_text("Actions")


def messages(page: Page) -> list[dict[str, Any]]:
    """What the page shows, to the character."""
    return page.evaluate(MESSAGES)


def shows_what_is_stored(page: Page) -> None:
    """What the page shows is what is stored, and what it shows once more after a reload."""
    shown = messages(page)
    assert shown == [stored(message["id"]) for message in shown]
    page.reload()
    assert messages(page) == shown


def stored(pk: str) -> dict[str, Any]:
    message = Message.objects.get(pk=pk)
    status = message.generation.status if message.generation else "complete"
    return {
        "id": str(message.pk),
        "role": message.role,
        "status": status,
        "text": message.text,
        "reasoning": message.reasoning,
    }


def ended_in_words(page: Page, status: str, *, has_text: bool) -> None:
    """The ending is told, and what can be done about it offered."""
    answer = last_answer(page)
    has_status(answer, status)
    expect(answer.locator(".message__sentence")).to_be_visible()
    expect(answer.locator(".message__sentence")).to_have_text(re.compile(r"^[A-Z].+\.$"))
    expect(answer.get_by_role("button", name="Retry")).to_be_visible()
    expect(answer.get_by_role("button", name="Continue")).to_be_visible(visible=has_text)


def set_hidden(page: Page, *, hidden: bool) -> None:
    """As if another tab were shown instead. (Playwright keeps all its tabs visible.)"""
    page.evaluate(SET_HIDDEN, hidden)


def let_go(page: Page) -> None:
    """Hide a tab that follows an answer, and return once it has closed its stream, as where another keeps its own."""
    page.evaluate("navigator.locks.request('chatsite-hidden-stream', () => new Promise(() => {})) && null")
    with page.expect_event("requestfailed", lambda request: "/events/" in request.url or request.method == "POST"):
        set_hidden(page, hidden=True)


def give_password(user: User) -> None:
    # The site's own hasher; this process has a faster one.
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    user.save()


def log_in(page: Page, user: User) -> None:
    """On the login page."""
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
