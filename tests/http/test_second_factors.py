"""Second factors: codes of an app, recovery codes, passkeys' requests, who must have one, and a fresh login."""

import html
import re
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.exceptions import MiddlewareNotUsed
from django.core.management import CommandError, call_command
from django.test import Client

from chat.models import Share
from chatsite.accounts.mfa.adapter import MFAAdapter, cipher
from chatsite.accounts.mfa.forms import MOST_CREDENTIAL_CHARS
from chatsite.accounts.mfa.middleware import second_factors
from chatsite.accounts.mfa.requirement import NOTE, has_proved, note_use
from tests.conftest import RunSite
from tests.support.client import Client as SiteClient
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, say

PASSWORD = "a-long-walk-in-the-rain"
INDEX, ACTIVATE, DEACTIVATE = "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
CODES, MORE_CODES, FILE = (f"/accounts/2fa/recovery-codes/{each}" for each in ("", "generate/", "download/"))
AUTHENTICATE, AGAIN, BY_PASSWORD = (
    "/accounts/2fa/authenticate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/reauthenticate/",
)
PASSKEY, ADD_PASSKEY = "/accounts/2fa/webauthn/login/", "/accounts/2fa/webauthn/add/"


@pytest.fixture
def nothing_counted(db: None) -> None:
    cache.clear()


@pytest.fixture
def ann(nothing_counted: None) -> User:
    return User.objects.create_user("ann", password=PASSWORD)


@pytest.fixture
def fresh(ann: User, client: Client) -> Client:
    """Ann's, who has just logged in once more."""
    client.force_login(ann)
    assert again(client).status_code == 302
    return client


def again(client: Client, to: str = "/") -> Any:
    return client.post(BY_PASSWORD, {"password": PASSWORD, "next": to})


def words(response: Any) -> str:
    text = response.content.decode()
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))


def code_of(secret: str, ahead: int = 0) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + ahead))


def wrong_code(secret: str) -> str:
    right = {code_of(secret, ahead) for ahead in range(-3, 4)}
    return next(each for each in map("{:06}".format, range(10)) if each not in right)


def secret_on(page: Any) -> str:
    return re.findall(r'factor__key">(\w+)<', page.content.decode())[0]


def set_up(user: User) -> str:
    """An app, as the page makes it. Its secret."""
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def log_in(client: Client, to: str = "") -> Any:
    form = {"login": "ann", "password": PASSWORD} | ({"next": to} if to else {})
    return client.post("/accounts/login/", form)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.django_db
class TestApp:
    def test_is_set_up_and_asked_for_at_the_next_login(self, fresh: Client, ann: User) -> None:
        page = fresh.get(ACTIVATE)
        secret = secret_on(page)
        response = fresh.post(ACTIVATE, {"code": code_of(secret)})
        assert (response.status_code, response["Location"]) == (302, CODES)
        stored = Authenticator.objects.get(user=ann, type="totp").data["secret"]
        assert secret not in stored
        other = Client()
        assert log_in(other, "/c/1/")["Location"] == AUTHENTICATE
        assert not is_in(other)
        assert "Type the code" in words(other.get(AUTHENTICATE))
        assert other.post(AUTHENTICATE, {"code": code_of(secret, 1)})["Location"] == "/c/1/"
        assert is_in(other)

    def test_picture_is_part_of_the_page(self, fresh: Client) -> None:
        page = fresh.get(ACTIVATE)
        text = page.content.decode()
        assert "data:" not in text
        assert re.search(r"<svg [^>]*viewBox", text)
        assert "style=" not in text
        assert "otpauth://totp/ann?secret=" in html.unescape(text)
        assert "data:" not in page.headers.get("Content-Security-Policy", "")

    def test_two_tabs_show_the_same_key(self, fresh: Client, ann: User) -> None:
        first, second = secret_on(fresh.get(ACTIVATE)), secret_on(fresh.get(ACTIVATE))
        assert first == second
        refused = fresh.post(ACTIVATE, {"code": wrong_code(first)})
        assert "Incorrect code." in words(refused)
        assert secret_on(refused) == first
        assert fresh.post(ACTIVATE, {"code": code_of(first)}).status_code == 302
        assert fresh.post(ACTIVATE, {"code": code_of(first)})["Location"] == INDEX, "a POST that comes twice"
        assert fresh.get(ACTIVATE)["Location"] == INDEX, "Back"
        assert Authenticator.objects.filter(user=ann, type="totp").count() == 1

    def test_is_removed_once_and_its_codes_go_too(self, fresh: Client, ann: User) -> None:
        set_up(ann)
        assert "good for nothing" in words(fresh.get(DEACTIVATE))
        assert fresh.post(DEACTIVATE)["Location"] == INDEX
        assert not Authenticator.objects.filter(user=ann).exists()
        for method in (fresh.get, fresh.post):
            assert method(DEACTIVATE)["Location"] == INDEX, "it is gone"

    @pytest.mark.parametrize("code", ["", "000", "x" * 4096, "12\x00456", "１２３４５６", "🙂", " \t"])
    def test_takes_no_other_code(self, client: Client, ann: User, code: str) -> None:
        secret = set_up(ann)
        log_in(client)
        assert client.post(AUTHENTICATE, {"code": code}).status_code == 200
        assert not is_in(client)
        spaced = code_of(secret)[:3] + " " + code_of(secret)[3:]
        assert client.post(AUTHENTICATE, {"code": spaced}).status_code == 302, "as apps show it"

    def test_takes_each_code_once(self, client: Client, ann: User) -> None:
        secret = set_up(ann)
        code = code_of(secret)
        log_in(client)
        assert client.post(AUTHENTICATE, {"code": code}).status_code == 302
        other = Client()
        log_in(other)
        assert "Incorrect code." in words(other.post(AUTHENTICATE, {"code": code}))
        assert not is_in(other)

    @pytest.mark.parametrize(("ahead", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (3, False)])
    def test_a_clock_may_be_off_by_half_a_minute(self, client: Client, ann: User, ahead: int, is_right: bool) -> None:
        secret = set_up(ann)
        log_in(client)
        client.post(AUTHENTICATE, {"code": code_of(secret, ahead)})
        assert is_in(client) is is_right

    def test_guesses_end(self, client: Client, ann: User) -> None:
        secret = set_up(ann)
        log_in(client)
        guesses = [client.post(AUTHENTICATE, {"code": wrong_code(secret)}).status_code for _ in range(12)]
        assert guesses[0] == 200
        assert guesses[-1] == client.post(AUTHENTICATE, {"code": code_of(secret)}).status_code == 429
        assert not is_in(client)

    def test_a_login_that_has_run_out_begins_anew(self, client: Client, ann: User, monkeypatch: Any) -> None:
        secret = set_up(ann)
        assert client.get(AUTHENTICATE)["Location"] == "/accounts/login/", "nobody has begun to log in"
        log_in(client)
        now = time.time() + 16 * 60
        monkeypatch.setattr(time, "time", lambda: now)
        assert client.post(AUTHENTICATE, {"code": code_of(secret)})["Location"] == "/accounts/login/"
        assert not is_in(client)

    def test_a_login_that_is_sent_twice_is_one(self, client: Client, ann: User) -> None:
        secret = set_up(ann)
        log_in(client)
        client.post(AUTHENTICATE, {"code": code_of(secret)})
        assert client.post(AUTHENTICATE, {"code": code_of(secret)})["Location"] == "/"
        assert client.get(AUTHENTICATE)["Location"] == "/", "Back"

    def test_of_another_secret_key_lets_nobody_in(
        self, client: Client, ann: User, monkeypatch: Any, caplog: Any
    ) -> None:
        secret = set_up(ann)
        log_in(client)
        monkeypatch.setattr(MFAAdapter, "_cipher", property(lambda self: cipher("another")))
        codes = [code_of(secret), code_of("")]
        for code in codes:
            assert "Incorrect code." in words(client.post(AUTHENTICATE, {"code": code}))
        assert "SECRET_KEY" in caplog.text
        assert secret not in caplog.text


@pytest.mark.django_db
class TestRecoveryCodes:
    def test_are_shown_once_and_can_be_downloaded(self, fresh: Client, ann: User) -> None:
        set_up(ann)
        shown = re.findall(r"<li><code>(\d+)</code>", fresh.get(CODES).content.decode())
        assert len(shown) == 10
        file = fresh.get(FILE)
        assert file["Content-Disposition"].startswith("attachment")
        assert file.content.decode().split() == shown
        assert "no-store" in file["Cache-Control"]
        later = fresh.get(CODES).content.decode()
        assert not any(code in later for code in shown)
        assert MORE_CODES in later

    def test_are_downloaded_where_they_were_shown(self, fresh: Client, ann: User) -> None:
        set_up(ann)
        assert fresh.get(FILE)["Location"] == INDEX, "they were not shown yet"
        fresh.get(CODES)
        other = Client()
        other.force_login(ann)
        again(other)
        assert other.get(FILE)["Location"] == INDEX
        assert "shown your codes" in words(other.get(CODES))
        fresh.post(MORE_CODES)
        assert fresh.get(FILE)["Location"] == INDEX, "those were others"

    def test_each_logs_in_once(self, client: Client, ann: User) -> None:
        set_up(ann)
        code = Authenticator.objects.get(user=ann, type="recovery_codes").wrap().get_unused_codes()[3]
        log_in(client)
        assert client.post(AUTHENTICATE, {"code": code}).status_code == 302
        other = Client()
        log_in(other)
        assert "Incorrect code." in words(other.post(AUTHENTICATE, {"code": code}))
        client.force_login(ann)
        assert "You have 9 codes left" in words(client.get(INDEX))

    def test_new_ones_make_the_old_void(self, fresh: Client, ann: User) -> None:
        assert "cannot generate" in words(fresh.post(MORE_CODES)), "without another factor there are none"
        set_up(ann)
        before = Authenticator.objects.get(user=ann, type="recovery_codes").wrap().get_unused_codes()
        assert fresh.post(MORE_CODES)["Location"] == CODES
        after = Authenticator.objects.get(user=ann, type="recovery_codes").wrap().get_unused_codes()
        assert not set(before) & set(after)

    def test_of_who_has_none_there_is_nothing(self, fresh: Client) -> None:
        assert fresh.get(CODES)["Location"] == fresh.get(FILE)["Location"] == INDEX


BROKEN = [
    "",
    "null",
    "[]",
    '"x"',
    "{}",
    "not JSON",
    '{"response": 1}',
    '{"response": {}}',
    '{"rawId": "AA", "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}',
    '{"rawId": "AA", "response": {"userHandle": 7, "clientDataJSON": [], "attestationObject": {}}}',
    f'{{"rawId": "AA", "response": {{"clientDataJSON": "e30", "attestationObject": "{"gYGB" * 3000}"}}}}',
    '{"rawId": "AA", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}',
    '{"response": {"userHandle": "\\u0000"}}',
    f'{{"response": {"[" * 9000}{"]" * 9000}}}',
    f'{{"response": {{"x": "{"x" * MOST_CREDENTIAL_CHARS}"}}}}',
]


@pytest.mark.django_db
class TestPasskeys:
    @pytest.mark.parametrize("credential", BROKEN)
    def test_what_is_none_is_refused_in_words(self, fresh: Client, ann: User, credential: str) -> None:
        set_up(ann)
        fresh.get(ADD_PASSKEY)
        added = fresh.post(ADD_PASSKEY, {"name": "mine", "credential": credential})
        assert added.status_code == 200
        assert "errorlist" in added.content.decode()
        assert not Authenticator.objects.filter(type="webauthn").exists()
        other = Client()
        other.get(PASSKEY, headers={"Accept": "application/json"})
        refused = other.post(PASSKEY, {"credential": credential, "next": "/c/1/"})
        assert refused["Location"] == "/accounts/login/?next=%2Fc%2F1%2F"
        assert "notice--error" in other.get("/accounts/login/").content.decode()
        log_in(other)
        other.get(AUTHENTICATE)
        assert other.post(AUTHENTICATE, {"credential": credential}).status_code == 200
        assert not is_in(other)

    def test_what_the_browser_is_asked_lies_in_the_page(self, fresh: Client) -> None:
        page = fresh.get(ADD_PASSKEY).content.decode()
        scripts = re.findall(r"<script[^>]*>", page)
        assert all('src="' in tag or 'type="application/json"' in tag for tag in scripts)
        asked = Client().get(PASSKEY, headers={"Accept": "application/json"}).json()
        assert asked["request_options"]["publicKey"]["userVerification"] == "required"


@pytest.mark.django_db
class TestFreshLogin:
    PATHS = (ACTIVATE, ADD_PASSKEY, CODES, MORE_CODES, FILE, DEACTIVATE)

    @pytest.mark.parametrize("path", PATHS)
    def test_comes_before_what_matters(self, client: Client, ann: User, path: str) -> None:
        client.force_login(ann)
        set_up(ann)
        response = client.get(path)
        if path == ACTIVATE:
            Authenticator.objects.filter(user=ann).delete()
            response = client.get(path)
        assert response["Location"].startswith(f"{BY_PASSWORD}?next="), response["Location"]

    def test_by_a_second_factor(self, client: Client, ann: User) -> None:
        secret = set_up(ann)
        ann.set_unusable_password()
        ann.save()
        client.force_login(ann)
        assert client.get(DEACTIVATE)["Location"] == f"{AGAIN}?next=%2Faccounts%2F2fa%2Ftotp%2Fdeactivate%2F"
        assert "Incorrect code." in words(client.post(AGAIN, {"code": wrong_code(secret), "next": DEACTIVATE}))
        assert client.post(AGAIN, {"code": code_of(secret), "next": DEACTIVATE})["Location"] == DEACTIVATE
        assert client.get(DEACTIVATE).status_code == 200

    @pytest.mark.parametrize("path", [ACTIVATE, BY_PASSWORD, AGAIN])
    def test_who_can_do_nothing_of_it_is_told_whom_to_ask(self, client: Client, ann: User, path: str) -> None:
        ann.set_unusable_password()
        ann.save()
        client.force_login(ann)
        refused = client.get(path, follow=True)
        assert refused.status_code == 403
        assert "Ask an administrator" in words(refused)

    def test_ends_after_five_minutes(self, fresh: Client, monkeypatch: Any) -> None:
        now = time.time() + 301
        assert fresh.get(ACTIVATE).status_code == 200
        monkeypatch.setattr(time, "time", lambda: now)
        assert fresh.get(ACTIVATE).status_code == 302

    @pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_never_goes_to_another_site(self, client: Client, ann: User, to: str) -> None:
        client.force_login(ann)
        assert again(client, to)["Location"] == "/"


@pytest.fixture
def boss(nothing_counted: None) -> User:
    return User.objects.create_superuser("ann", password=PASSWORD)


def request_of(session: Any) -> Any:
    return SimpleNamespace(session=session)


@pytest.mark.django_db
class TestWhoMustHaveOne:
    """CHAT_MFA."""

    def test_without_them_nothing_shows_and_no_login_asks(self, settings: Any, ann: User) -> None:
        set_up(ann)
        settings.CHAT_MFA, settings.MFA_PASSKEY_LOGIN_ENABLED = "off", False
        settings.ACCOUNT_REAUTHENTICATION_METHODS = ["password"]
        client = Client()
        for path in (INDEX, ACTIVATE, CODES, AUTHENTICATE, AGAIN, PASSKEY):
            assert client.get(path).status_code == 404
        assert "passkey" not in words(client.get("/accounts/login/"))
        assert log_in(client)["Location"] == "/"
        assert is_in(client)
        assert client.get(INDEX).status_code == 404
        assert INDEX not in client.get("/accounts/password/change/").content.decode()
        assert "passkey" not in client.get(BY_PASSWORD).content.decode()
        assert AGAIN not in client.get(BY_PASSWORD).content.decode()

    @pytest.mark.parametrize("mode", ["optional", "staff"])
    def test_where_the_chat_is_open_to_all_it_pays_nothing(self, settings: Any, mode: str) -> None:
        settings.CHAT_MFA = mode
        with pytest.raises(MiddlewareNotUsed):
            second_factors(lambda request: None)

    @pytest.mark.django_db(transaction=True)
    def test_staff_reach_the_page_that_makes_one_and_not_the_admin(self, settings: Any, boss: User) -> None:
        settings.CHAT_MFA = "staff"
        client = Client()
        client.force_login(boss)
        led = client.get("/admin/auth/user/", follow=True)
        assert led.redirect_chain[-1][0] == INDEX
        assert "This site asks you for a second factor" in words(led)
        assert client.post("/admin/login/", {"username": "ann", "password": PASSWORD})["Location"] == INDEX
        assert client.post(f"/admin/auth/user/{boss.pk}/delete/", {"post": "yes"}).status_code == 302
        assert User.objects.filter(pk=boss.pk).exists()
        again(client)
        client.post(ACTIVATE, {"code": code_of(secret_on(client.get(ACTIVATE)))})
        assert client.get("/admin/auth/user/").status_code == 200

    def test_staff_who_have_one_are_asked_for_it_in_each_session(self, settings: Any, boss: User) -> None:
        settings.CHAT_MFA = "staff"
        client, secret = Client(), set_up(boss)
        client.force_login(boss)  # as in a session that is older than the factor
        led = client.get("/admin/auth/user/", follow=True)
        assert led.redirect_chain[-1][0] == f"{AGAIN}?next=%2Fadmin%2Fauth%2Fuser%2F"
        again(client, "/admin/")
        assert client.get("/admin/auth/user/").status_code == 302, "a password is none"
        assert client.post(AGAIN, {"code": code_of(secret), "next": "/admin/"})["Location"] == "/admin/"
        assert client.get("/admin/").status_code == 200

    def test_a_page_of_the_admin_costs_no_query_more(
        self, settings: Any, boss: User, django_assert_num_queries: Any
    ) -> None:
        client, secret = Client(), set_up(boss)
        log_in(client)
        client.post(AUTHENTICATE, {"code": code_of(secret)})
        with counted_queries() as before:
            client.get("/admin/auth/group/")
        settings.CHAT_MFA = "staff"
        client.get("/admin/auth/group/")
        with django_assert_num_queries(len(before)):
            client.get("/admin/auth/group/")

    @pytest.mark.parametrize("mode", ["staff", "all"])
    def test_the_last_one_stays(self, settings: Any, boss: User, mode: str) -> None:
        secret = set_up(boss)
        settings.CHAT_MFA = mode
        client = Client()
        client.force_login(boss)
        again(client)
        client.post(AGAIN, {"code": code_of(secret)})
        for response in (client.get(DEACTIVATE), client.post(DEACTIVATE)):
            assert "Make another before you remove it." in words(response)
        passkey = Authenticator.objects.create(user=boss, type="webauthn", data={"name": "mine", "credential": {}})
        remove = f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/"
        assert client.post(remove)["Location"] == "/accounts/2fa/webauthn/"
        passkey.save(force_insert=True)
        assert client.post(DEACTIVATE)["Location"] == INDEX
        assert Authenticator.objects.filter(user=boss).values_list("type", flat=True).count() == 2
        assert "Make another before you remove it." in words(client.post(remove, follow=True))
        assert Authenticator.objects.filter(pk=passkey.pk).exists()
        settings.CHAT_MFA = "optional"
        client.post(remove)
        assert not Authenticator.objects.filter(user=boss).exists()

    def test_what_a_session_has_noted_is_of_its_user(self, settings: Any, ann: User) -> None:
        settings.CHAT_MFA = "all"
        other = User.objects.create_user("bob")
        session = Client().session
        note_use(request_of(session), ann)
        set_up(ann), set_up(other)
        assert not has_proved(session, other.pk)
        assert has_proved(session, ann.pk)

    def test_is_held_against_the_database_once(self, settings: Any, ann: User, django_assert_num_queries: Any) -> None:
        settings.CHAT_MFA = "all"
        session = Client().session
        with django_assert_num_queries(0):
            assert not has_proved(session, ann.pk)
        note_use(request_of(session), ann)
        with django_assert_num_queries(1):
            assert not has_proved(session, ann.pk), "it was removed, or nobody demanded one"
        set_up(ann)
        with django_assert_num_queries(1):
            assert has_proved(session, ann.pk)
        with django_assert_num_queries(0):
            assert has_proved(session, str(ann.pk))


def test_who_has_lost_theirs_gets_rid_of_them_by_the_operator(ann: User, capsys: Any) -> None:
    set_up(ann)
    mine, theirs = Client(), Client()
    mine.force_login(ann)
    theirs.force_login(User.objects.create_user("bob"))
    call_command("removefactors", "ann")
    assert capsys.readouterr().out == "Removed 2 second factors of 'ann' and ended 1 sessions.\n"
    assert mine.get(INDEX)["Location"].startswith("/accounts/login/")
    assert theirs.get(INDEX).status_code == 200
    assert log_in(Client())["Location"] == "/"
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("removefactors", "nobody")


def faults() -> set[str]:
    return {fault.id for fault in run_checks() if str(fault.id) in ("chatsite.E004", "chatsite.W001")}


def test_the_checks_name_what_cannot_work(settings: Any) -> None:
    settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.ALLOWED_HOSTS = False, True, ["chat.example"]
    assert faults() == set()
    settings.SESSION_COOKIE_SECURE = False
    assert faults() == {"chatsite.W001"}
    settings.ALLOWED_HOSTS = ["localhost"]
    for path in ("chatsite.accounts.confirmation.nothing", "nowhere.at.all", "chatsite.settings.DEBUG", "x"):
        settings.CHAT_CONFIRM = path
        assert faults() == {"chatsite.E004"}
    settings.CHAT_CONFIRM = ""
    assert faults() == set()


# On a site: everybody must have one, and links for everybody take a fresh login.


@pytest.fixture
def strict(committed: None, run_site: RunSite) -> Site:
    return run_site(CHAT_MFA="all", CHAT_SHARING="public")


def of_a_user(site: Site, user: User) -> SiteClient:
    """One who has used their factor in this session."""
    client = SiteClient(site.url, user)
    session = SessionStore(client.cookies["sessionid"])
    session[NOTE] = f"{user.pk} used"
    session.save()
    return client


def test_nobody_without_one_gets_anywhere(strict: Site, client_for: Any, question: str) -> None:
    client = client_for(strict)
    for path in ("/", "/settings/", "/c/x/", "/admin/"):
        reply = client.get(path, Accept="text/html")
        assert (reply.status, reply.headers["Location"]) == (302, INDEX)
    assert client.get("/conversations/").code == "second_factor"
    refused = client.refusal("/c/4b3a4f6e-9a4e-4d6d-8f8b-0d3b0e8f7a11/messages/", {"text": question})
    assert refused
    assert (refused.status, refused.code) == (403, "second_factor")
    posted = client.post("/settings/prompts/", form={"name": "a", "text": "b"}, Accept="text/html")
    assert posted.status == 403
    assert "This site asks everybody for a second factor." in posted.text
    assert client.get(INDEX, Accept="text/html").status == 200
    set_up(client.user)
    assert client.get("/settings/", Accept="text/html").headers["Location"] == f"{AGAIN}?next=%2Fsettings%2F"
    nobody = SiteClient(strict.url)
    assert nobody.get("/", Accept="text/html").headers["Location"] == "/accounts/login/?next=/"


def test_who_has_one_chats_until_it_is_taken_away(
    strict: Site, client_for: Any, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Halfway"), gate, say(" and on"))
    user = client_for(strict).user
    set_up(user)
    client = of_a_user(strict, user)
    assert client.get("/", Accept="text/html").status == 200
    assert SessionStore(client.cookies["sessionid"])[NOTE] == f"{user.pk} all"
    with client.ask(question) as stream:
        stream.until_text("Halfway")
        call_command("removefactors", user.username)
        assert stream.until("gone").data["code"] == "logged_out"
        gate.open()
    assert client.get("/conversations/").code == "not_logged_in"


def test_a_link_for_everybody_takes_a_fresh_login(strict: Site, client_for: Any) -> None:
    user = client_for(strict).user
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    user.save()
    set_up(user)
    client, (conversation, _) = of_a_user(strict, user), stored_conversation(user.pk, ["Hi", "Ho"])
    question, path = f"/settings/links/?of={conversation.pk}", f"/c/{conversation.pk}/shares/"
    assert "you may be asked first who you are" in client.get(question, Accept="text/html").text
    refused = client.post(path, {"audience": "public"})
    assert (refused.status, refused.code) == (403, "not_proved")
    way = client.post(path, form={"days": "", "audience": "public"}, Accept="text/html").headers["Location"]
    assert way == f"{BY_PASSWORD}?{urlencode({'next': question})}"
    assert client.post(path, {"audience": "members"}).status == 201
    back = client.post(BY_PASSWORD, form={"password": PASSWORD, "next": question}, Accept="text/html")
    assert back.headers["Location"] == question
    assert Share.objects.filter(conversation=conversation, audience="public").count() == 0
    assert client.post(path, {"audience": "public"}).status == 201
