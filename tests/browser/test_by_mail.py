"""Accounts that come by e-mail, in a browser: the sign-up with its confirmation, and a new password by a link."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import expect

from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import button
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.mail import MailServer

pytestmark = pytest.mark.usefixtures("committed")
PASSWORD, ANOTHER = "a-long-walk-in-the-rain", "another-walk-in-the-snow"


def link_in(mails: MailServer, number: int) -> str:
    """That of a mail, which has come before the page that says so."""
    (found,) = re.findall(r"http://\S+", mails.mails[number].get_content())
    return str(found)


def test_sign_up_confirm_and_come_back_with_a_new_password(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    cache.clear()
    found: dict[str, object] = {}

    def looked_at(says: str) -> None:
        expect(page.get_by_role("main").get_by_text(says)).to_be_visible()
        found[says] = faults_in_all_looks(page) if AXE.exists() else {}

    with MailServer() as mails:
        site = run_site(own=True, CHAT_SIGNUP="example.org", EMAIL_URL=mails.url)
        client_for(site)  # the administrator is there
        page = visit(None, f"{site.url}/accounts/signup/?next=/settings/")
        page.get_by_label("Username").fill("Bob")
        page.locator("[name=email]").fill("Bob@Example.org")
        page.locator("[name=password1]").fill(PASSWORD)
        page.locator("[name=password2]").fill(PASSWORD)
        button(page, "Sign up").click()
        looked_at("Follow the link provided to finalize the signup")
        page.goto(link_in(mails, 0))
        looked_at("is an email address for user Bob")
        button(page, "Confirm").click()
        expect(button(page, "Account of Bob")).to_be_visible()

        button(page, "Account of Bob").click()
        button(page, "Log out").click()
        page.get_by_role("link", name="Forgot your password?").click()
        looked_at("Enter your email address below")
        page.locator("[name=email]").fill("bob@example.org")
        button(page, "Reset My Password").click()
        looked_at("We have sent you an email.")
        page.goto(link_in(mails, 1))
        expect(page.locator("[name=password1]")).to_be_visible()
        looked_at("New Password (again)")
        page.locator("[name=password1]").fill(ANOTHER)
        page.locator("[name=password2]").fill(ANOTHER)
        button(page, "Change Password").click()
        looked_at("Your password is now changed.")
        page.goto(f"{site.url}/accounts/login/")
        page.get_by_label("Username").fill("bob@example.org")
        page.get_by_label("Password").fill(ANOTHER)
        button(page, "Log in").click()
        expect(button(page, "Account of Bob")).to_be_visible()
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert User.objects.get(username="Bob").email == "bob@example.org"
