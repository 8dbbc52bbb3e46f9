"""Second factors in Chromium, with its virtual authenticator; and their pages for everyone."""

import time
from io import BytesIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import PASSWORD, button, give_password
from tests.support.client import Client
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def member(site: Site, alice: Client) -> Client:
    """Somebody with a password, on this machine's name: a passkey is none of an IP address."""
    give_password(alice.user)
    return Client(site.url.replace("127.0.0.1", "localhost"), alice.user)


def with_authenticator(page: Page) -> CDPSession:
    """A device that says yes, and knows its user (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/)."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return device


def log_in_again(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in once more")
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Go on").click()


def log_out(page: Page, url: str) -> None:
    page.goto(f"{url}/accounts/logout/")
    page.locator("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def looked_at(page: Page) -> object:
    """What axe finds, where it is installed."""
    return faults_in_all_looks(page) if AXE.exists() else {}


def test_a_passkey_logs_in_alone_and_after_a_password(visit: OpenPage, member: Client) -> None:
    assert member.user
    page = visit(member, f"{member.url}/accounts/2fa/")
    device = with_authenticator(page)
    page.get_by_role("link", name="Add a passkey").click()
    log_in_again(page)
    page.get_by_label("Name").fill("This device")
    expect(page.get_by_label("Log in with it alone")).to_be_checked()
    assert looked_at(page) == {}
    button(page, "Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the codes").click()
    assert len(download.value.path().read_text().split()) == 10
    page.goto(f"{member.url}/accounts/2fa/")
    expect(page.get_by_role("listitem").filter(has_text="This device")).to_contain_text("logs in alone")
    # Alone
    log_out(page, member.url)
    button(page, "Log in with a passkey").click()
    expect(page.locator(".bar__user")).to_be_visible()
    # As the second factor
    log_out(page, member.url)
    page.get_by_label("Username").fill(member.user.username)
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    assert looked_at(page) == {}
    button(page, "Use a passkey").click()
    expect(page.locator(".bar__user")).to_be_visible()
    # A fresh login
    page.goto(f"{member.url}/accounts/2fa/recovery-codes/generate/")
    page.get_by_role("link", name="Use a security key").click()
    expect(button(page, "Use a passkey")).to_be_visible()
    assert looked_at(page) == {}
    button(page, "Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Make new codes")
    # A device that has none says so
    log_out(page, member.url)
    device.send("WebAuthn.disable")
    page.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    button(page, "Log in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("did not work")


def test_at_an_address_without_a_name_the_page_says_what_passkeys_need(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, "/accounts/2fa/")
    expect(page.get_by_text("Your browser cannot use passkeys here.")).to_be_visible()


def test_app_and_codes_work_without_javascript(visit: OpenPage, member: Client) -> None:
    page = visit(member, f"{member.url}/accounts/2fa/", java_script_enabled=False)
    expect(page.get_by_text("Passkeys need JavaScript.")).to_be_visible()
    page.get_by_role("link", name="Set up an app").click()
    log_in_again(page)
    secret = page.locator(".factor__key").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    button(page, "Set up").click()
    expect(page.locator(".factor__codes").get_by_role("listitem")).to_have_count(10)


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_each_page_is_for_everyone(visit: OpenPage, member: Client) -> None:
    page = visit(member, f"{member.url}/accounts/2fa/totp/activate/")
    found = {"a fresh login": faults_in_all_looks(page)}
    log_in_again(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up an app")
    page.emulate_media(color_scheme="dark")
    picture = Image.open(BytesIO(page.locator(".factor__picture svg").screenshot())).convert("L").histogram()
    assert sum(picture[:64]) > sum(picture) / 5, "black"
    assert sum(picture[-64:]) > sum(picture) / 3, "white"
    found["an app"] = faults_in_all_looks(page)
    TOTP.activate(member.user, generate_totp_secret())
    RecoveryCodes.activate(member.user)
    passkey = Authenticator.objects.create(user=member.user, type="webauthn", data={"name": "A key", "credential": {}})
    for path in PATHS:
        page.goto(f"{member.url}/accounts/2fa/{path.format(passkey.pk)}")
        assert page.url.endswith(path.format(passkey.pk).removesuffix("?"))
        found[path] = faults_in_all_looks(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


PATHS = (
    "",
    "totp/deactivate/",
    "recovery-codes/",
    "recovery-codes/generate/",
    "webauthn/keys/{}/edit/",
    "webauthn/keys/{}/remove/",
    "reauthenticate/",
)
