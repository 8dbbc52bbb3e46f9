"""Single sign-on in a browser, with the policy on and the provider at another origin."""

import re
from collections.abc import Callable, Iterator

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect

from chat.models import Message
from chatsite.single_sign_on.logout import AFTER_LOGOUT
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import button, composer, has_status, last_answer, notice, send, shows
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, IS_POSSIBLE, NAME, NpmProvider
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

pytestmark = pytest.mark.usefixtures("committed")
GONE_MS = 30_000
"""Within 15 s, and the machine may be busy."""


@pytest.fixture(scope="module")
def provider() -> Iterator[NpmProvider]:
    with NpmProvider() as provider:
        yield provider


@pytest.fixture
def at(run_site: RunSite, provider: NpmProvider) -> Site:
    site = run_site(
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME=NAME,
    )
    User.objects.create_superuser("root")
    provider.knows("ann", preferred_username="ann")
    provider.tells(f"{site.url}/accounts/oidc/back-channel-logout/")
    return site


def log_in_there(page: Page, back: str, sub: str = "ann") -> None:
    button(page, f"Log in with {NAME}").click()
    page.locator("[name=login]").fill(sub)
    page.locator("[name=password]").fill("any")
    with page.expect_navigation(url=re.compile(re.escape(back))):
        page.locator("[name=password]").press("Enter")


def log_out_there(page: Page, provider: NpmProvider) -> None:
    other = page.context.new_page()
    other.goto(f"{provider.issuer}/session/end")
    button(other, "Yes, sign me out").click()
    expect(other.get_by_text("Sign-out Success")).to_be_visible()
    other.close()


@pytest.mark.skipif(not IS_POSSIBLE, reason="there is no oidc-provider: npm ci")
def test_in_and_out_and_nothing_is_lost(
    visit: OpenPage, at: Site, provider: NpmProvider, upstream: ScriptedUpstream, question: str
) -> None:
    page = visit(None, f"{at.url}/")
    log_in_there(page, f"{at.url}/")
    expect(button(page, "Account of ann")).to_be_visible()

    # A logout there ends the stream here, and what is typed meanwhile stays.
    rest = Gate()
    upstream.script(question, say("Before, "), rest, say("after."), finish(), done())
    send(page, question)
    shows(page, "Before,")
    composer(page).fill("What I type meanwhile")
    log_out_there(page, provider)
    expect(last_answer(page)).to_contain_text("Your login has expired", timeout=GONE_MS)
    rest.open()
    last_answer(page).get_by_role("link", name="Log in").click()
    log_in_there(page, f"{at.url}/c/")
    shows(page, "Before, after.")
    expect(composer(page)).to_have_value("What I type meanwhile")

    # What is sent without a login goes out after it, once. The provider knows who it is.
    page.context.clear_cookies(name="sessionid")
    send(page, f"{question} And then?")
    expect(notice(page)).to_contain_text("What you wrote is kept, and sent when you come back.")
    notice(page).get_by_role("link", name="Log in").click()
    button(page, f"Log in with {NAME}").click()
    expect(page.locator('[data-role="assistant"]')).to_have_count(2)
    has_status(last_answer(page), "complete")
    expect(composer(page)).to_have_value("")
    assert Message.objects.filter(parts__text=f"{question} And then?").count() == 1

    # A logout here goes on to the provider, and comes back.
    button(page, "Account of ann").click()
    button(page, "Log out").click()
    button(page, "Yes, sign me out").click()
    expect(button(page, f"Log in with {NAME}")).to_be_visible()
    expect(page).to_have_url(f"{at.url}/accounts/login/")
    button(page, f"Log in with {NAME}").click()
    expect(page.locator("[name=login]")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_each_page_is_for_everyone(visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]) -> None:
    """At a provider that is away, and is the only way in."""
    away = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    site = run_site(**away, OIDC_NAME=NAME, OIDC_ONLY="on")
    ann = client_for(site)
    assert ann.user
    found, page = {}, visit(None, f"{site.url}/accounts/login/")

    def looked_at(name: str, heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        found[name] = faults_in_all_looks(page)

    expect(page.locator("[name=password]")).to_have_count(0)
    looked_at("the button", "Log in")
    button(page, f"Log in with {NAME}").click()
    looked_at("away", "Not just now")
    page.goto(f"{site.url}/accounts/oidc/sso/login/callback/?code=c&state=none")
    looked_at("an error", "That did not work")
    page.goto(f"{site.url}/accounts/login/?emergency")
    expect(page.locator("[name=password]")).to_be_visible()
    looked_at("an emergency", "Log in")

    session = SessionStore(ann.cookies["sessionid"])
    session[AFTER_LOGOUT] = "an ID token"
    session.save()
    page = visit(ann, f"{site.url}/accounts/3rdparty/")
    looked_at("not connected", "Single sign-on")
    SocialAccount.objects.create(user=ann.user, provider="sso", uid="ann")
    page.reload()
    expect(page.get_by_role("radio")).to_be_checked()
    looked_at("connected", "Single sign-on")
    page.goto(f"{site.url}/accounts/oidc/fresh-login/")
    looked_at("a fresh login", "Is it you?")
    page.goto(f"{site.url}/accounts/oidc/logout/")
    looked_at("logged out here", "Logged out")
    assert {name: faults for name, faults in found.items() if faults} == {}
