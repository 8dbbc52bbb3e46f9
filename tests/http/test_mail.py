"""What takes an e-mail: a forgotten password, addresses of a domain. Sent to a real mail server on loopback."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from importlib import import_module
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from chatsite.environment import Environment
from tests.support.mail import MailServer

PASSWORD, ANOTHER = "a-long-walk-in-the-rain", "another-walk-in-the-snow"
OF_DOMAINS = {
    "CHAT_SIGNUP": ["example.org", "example.com"],
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*", "password2*"],
    "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
    "ACCOUNT_PREVENT_ENUMERATION": True,
}
AWAY = "The e-mail could not be sent now."

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", "ann@example.org", PASSWORD)


@pytest.fixture
def mail(settings: Any, ann: User) -> Iterator[MailServer]:
    cache.clear()
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.CHAT_HAS_MAIL, settings.DEBUG = True, False
        yield server


@pytest.fixture
def away(mail: MailServer, settings: Any) -> None:
    with MailServer() as closed:
        settings.EMAIL_PORT = closed.port


@pytest.fixture
def of_domains(settings: Any) -> None:
    for name, value in OF_DOMAINS.items():
        setattr(settings, name, value)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that are hashed, which takes nearly all of the time of a login or a sign-up."""
    hashed: list[str] = []

    def encode(hasher: Any, password: str, salt: str, **more: Any) -> str:
        hashed.append(password)
        return str(unobserved(hasher, password, salt, **more))

    unobserved = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    return hashed


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def link_in(mail: EmailMessage) -> str:
    (found,) = re.findall(r"http://testserver(/\S+)", mail.get_content())
    return str(found)


def sign_up(client: Client, name: str = "bob", email: str = "bob@example.org", *, follow: bool = True) -> Any:
    form = {"username": name, "email": email, "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", form, follow=follow)


def log_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


class TestForgottenPassword:
    def ask(self, client: Client, email: str = "ann@example.org") -> Any:
        return client.post("/accounts/password/reset/", {"email": email}, follow=True)

    def test_a_link_by_mail_leads_to_a_new_one(self, client: Client, mail: MailServer, ann: User) -> None:
        self.ask(client)
        (sent,) = mail.mails
        assert sent["To"] == "ann@example.org"
        path = client.get(link_in(sent))["Location"]
        form = {"password1": ANOTHER, "password2": ANOTHER}
        assert client.post(path, form).status_code == 302
        assert log_in(Client(), "ann", PASSWORD).status_code == 200
        assert log_in(Client(), "ANN@example.ORG", ANOTHER).status_code == 302
        assert "invalid" in words(Client().get(link_in(sent), follow=True)), "it is good once"

    def test_it_says_the_same_of_an_address_that_nobody_has(self, mail: MailServer) -> None:
        known, unknown = self.ask(Client()), self.ask(Client(), "nobody@example.org")
        assert words(known) == words(unknown)
        assert [sent["To"] for sent in mail.mails] == ["ann@example.org", "nobody@example.org"]

    def test_without_a_mail_server_the_page_says_whom_to_ask(self, client: Client, settings: Any) -> None:
        settings.CHAT_HAS_MAIL = False
        for response in (client.get("/accounts/password/reset/"), self.ask(client)):
            assert "This site sends no e-mail. Ask its administrator" in words(response)

    @pytest.mark.usefixtures("away")
    def test_a_mail_server_that_is_away_is_said(self, client: Client) -> None:
        response = self.ask(client)
        assert response.status_code == 200
        assert AWAY in words(response)

    def test_who_is_inactive_gets_no_way_in(self, client: Client, mail: MailServer, ann: User) -> None:
        User.objects.filter(pk=ann.pk).update(is_active=False)
        self.ask(client)
        assert not any("/password/reset/key/" in sent.get_content() for sent in mail.mails)


def test_the_time_of_a_login_does_not_tell_whether_there_is_an_account(ann: User, hashed: list[str]) -> None:
    cache.clear()
    User.objects.create_user("gone", "gone@example.org", PASSWORD, is_active=False)
    User.objects.create(username="elsewhere", email="elsewhere@example.org", password="!")
    names = ("ann", "gone", "elsewhere", "nobody")
    for login in (*names, *(f"{name}@example.org" for name in names)):
        hashed.clear()
        assert log_in(Client(), login, ANOTHER).status_code == 200
        assert len(hashed) == 2, login


@pytest.mark.usefixtures("of_domains")
class TestDomains:
    def test_an_address_is_confirmed_before_its_owner_is_let_in(self, client: Client, mail: MailServer) -> None:
        assert "verify" in words(sign_up(client, email="Bob@Example.ORG")).lower()
        assert "_auth_user_id" not in client.session
        assert "_auth_user_id" not in log_in(Client(), "bob").wsgi_request.session
        (sent,) = mail.mails
        response = client.post(link_in(sent))
        assert (response.status_code, response["Location"]) == (302, "/")
        assert User.objects.get(pk=client.session["_auth_user_id"]).username == "bob"
        assert log_in(Client(), "bob@example.org")["Location"] == "/"

    @pytest.mark.parametrize(
        "email", ["bob@evil.example", "bob@sub.example.org", "bob@example.org.evil.example", "bob@evilexample.org", ""]
    )
    def test_others_are_refused_in_words(self, client: Client, mail: MailServer, email: str) -> None:
        response = sign_up(client, email=email)
        assert response.status_code == 200
        said = "Accounts here are for addresses of example.org, example.com." if email else "This field is required."
        assert said in words(response)
        assert not User.objects.filter(username="bob").exists()

    def test_of_an_address_that_has_an_account_the_mail_tells_alone(self, mail: MailServer, ann: User) -> None:
        EmailAddress.objects.create(user=ann, email="ann@example.org", verified=True, primary=True)
        taken, free = sign_up(Client(), "ann2", "ann@example.org"), sign_up(Client(), "ann3", "ann3@example.org")
        assert words(taken).replace("ann@", "ann3@") == words(free)
        assert not User.objects.filter(username="ann2").exists()
        assert "already" in mail.mails[0].get_content()

    def test_nor_does_the_time_tell_it(self, mail: MailServer, ann: User, hashed: list[str]) -> None:
        EmailAddress.objects.create(user=ann, email="ann@example.org", verified=True, primary=True)
        sign_up(Client(), "ann2", "ann@example.org", follow=False)
        sign_up(Client(), "ann3", "ann3@example.org", follow=False)
        assert hashed == [PASSWORD, PASSWORD]

    def test_whom_staff_have_made_an_account_needs_none(self, client: Client, mail: MailServer, ann: User) -> None:
        assert log_in(client, "ann")["Location"] == "/"

    @pytest.mark.usefixtures("away")
    def test_the_account_is_made_while_the_mail_server_is_away(self, client: Client) -> None:
        assert AWAY in words(sign_up(client))
        assert User.objects.filter(username="bob").exists()

    def test_the_first_account_needs_no_mail_server(self, client: Client, mail: MailServer, settings: Any) -> None:
        User.objects.all().delete()
        settings.DEBUG = True
        sign_up(client, email="root@elsewhere.example", follow=False)
        assert User.objects.get(pk=client.session["_auth_user_id"]).is_superuser

    def test_need_a_mail_server(self, settings: Any) -> None:
        settings.CHAT_HAS_MAIL = False
        assert "chatsite.E002" in [fault.id for fault in run_checks()]
        settings.CHAT_HAS_MAIL = True
        assert "chatsite.E002" not in [fault.id for fault in run_checks()]


def test_addresses_that_staff_write_are_stored_in_small_letters(client: Client, ann: User) -> None:
    client.force_login(User.objects.create_superuser("root"))
    form = {"username": "ann", "email": "Ann@Example.ORG", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    assert client.post(f"/admin/auth/user/{ann.pk}/change/", form).status_code == 302
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"


def test_so_are_those_of_before() -> None:
    User.objects.create(username="bob", email="Bob@Example.ORG")
    migration = import_module("chatsite.migrations.0002_addresses_in_small_letters")
    migration.lower(apps, connection.schema_editor())
    assert User.objects.get(username="bob").email == "bob@example.org"


def test_what_sign_up_can_be_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"on": True, "off": False, "Example.org, b.example": ["example.org", "b.example"]}
    for value, meant in said.items():
        monkeypatch.setenv("CHAT_SIGNUP", value)
        assert Environment().switch_or_domains("CHAT_SIGNUP", default=False) == meant
    for value in ("onn", "a@example.org", "example.org x", "*.example.org", ".example.org", "example.", "a.b,,c.d"):
        monkeypatch.setenv("CHAT_SIGNUP", value)
        with pytest.raises(ImproperlyConfigured, match="CHAT_SIGNUP"):
            Environment().switch_or_domains("CHAT_SIGNUP", default=False)
