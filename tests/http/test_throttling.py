"""Guesses at passwords: how many are let through, what is said past that, and whom it does not stop."""

import itertools
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory

from chat.serving import refused_addresses
from chat.serving.refused_addresses import seconds_refused
from chatsite import settings as settings_module
from chatsite.accounts.throttling import DEVICE_COOKIE
from tests.conftest import RunSite
from tests.support.client import Client as SiteClient
from tests.support.site import ROOT

PASSWORD = "a-long-walk-in-the-rain"
addresses = (f"10.0.{part}.{rest}" for part, rest in itertools.product(range(250), range(1, 250)))


@pytest.fixture
def ann(db: None) -> User:
    cache.clear()
    return User.objects.create_user("ann", "ann@example.org", PASSWORD)


def attempt(client: Client, login: str = "ann", password: str = "wrong", address: str = "", **more: Any) -> Any:
    return client.post(
        "/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=address or next(addresses), **more
    )


def test_an_account_takes_ten_wrong_ones_in_five_minutes_from_wherever(ann: User) -> None:
    assert [attempt(Client()).status_code for _ in range(11)] == [200] * 10 + [429]
    refused = attempt(Client(), password=PASSWORD)
    assert refused.status_code == 429
    assert 3000 < int(refused["Retry-After"]) <= 3600, "an hour, in tests (tests/support/settings.py)"
    assert f"Too many attempts. Try again in {int(refused['Retry-After']):,} s." in refused.content.decode()
    assert attempt(Client(), "bob").status_code == 200


@pytest.mark.parametrize(
    "more", [{"HTTP_HOST": "testserver:81"}, {"HTTP_HOST": "TESTSERVER"}, {"HTTP_X_FORWARDED_FOR": "9.9.9.9"}]
)
def test_it_is_the_same_account_however_it_is_asked_for(ann: User, more: dict[str, str]) -> None:
    for _ in range(10):
        attempt(Client())
    assert attempt(Client(), "ANN", **more).status_code == 429


def test_an_address_has_twenty_wrong_ones_a_minute(ann: User) -> None:
    statuses = [attempt(Client(), f"user-{number}", address="10.1.1.1").status_code for number in range(21)]
    assert statuses == [200] * 20 + [429]
    refused = attempt(Client(), password=PASSWORD, address="10.1.1.1")
    assert (refused.status_code, 3000 < int(refused["Retry-After"]) <= 3600) == (429, True)
    assert attempt(Client(), password=PASSWORD, address="10.1.1.2").status_code == 302


def test_behind_a_proxy_the_address_is_the_clients(ann: User, settings: Any) -> None:
    settings.CHAT_TRUSTED_PROXIES = ["10.9.9.9"]

    def statuses(client: str, proxy: str = "10.9.9.9") -> list[int]:
        said = {"address": proxy, "HTTP_X_FORWARDED_FOR": f"9.9.9.9, {client}"}
        return [attempt(Client(), f"user-{number}", **said).status_code for number in range(21)]

    assert statuses("10.2.2.2") == [200] * 20 + [429]
    assert statuses("2001:db8::1")[:20] == [200] * 20
    assert attempt(Client(), "bob", address="10.9.9.9", HTTP_X_FORWARDED_FOR="10.2.2.3").status_code == 200
    assert attempt(Client(), "bob", address="10.9.9.9", HTTP_X_FORWARDED_FOR="2001:db8::2").status_code == 429
    assert attempt(Client(), "bob", address="10.2.2.2", HTTP_X_FORWARDED_FOR="10.2.2.4").status_code == 429
    assert attempt(Client(), "bob", address="unknown").status_code == 200  # as by a socket file


def test_an_address_past_its_limit_is_refused_before_it_waits_for_a_thread(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_addresses, "_until", {})
    for number in range(21):
        assert not seconds_refused("10.3.3.3", "/accounts/login/")
        attempt(Client(), f"user-{number}", address="10.3.3.3")
    assert 3000 < seconds_refused("10.3.3.3", "/accounts/login/") <= 3600
    assert not seconds_refused("10.3.3.3", "/accounts/signup/")
    for _ in range(11):  # of an account, from everywhere
        attempt(Client())
    assert list(refused_addresses._until) == [("10.3.3.3", "/accounts/login/")]


def test_the_sites_own_limits_are_by_the_minute_and_by_five() -> None:
    assert (settings_module.CHAT_WRONG_LOGINS_PER_MINUTE, settings_module.CHAT_WRONG_LOGINS_PER_ACCOUNT) == (20, 10)
    assert settings_module.MFA_RATE_LIMITS == {"webauthn_login": "120/m/ip"}
    said = Path(settings_module.__file__).read_text()
    assert '"login": f"{CHAT_LOGINS_PER_MINUTE}/m/ip"' in said
    assert 'f"{CHAT_WRONG_LOGINS_PER_ACCOUNT}/300s/key"' in said


def test_right_ones_are_not_counted_with_the_wrong(ann: User) -> None:
    assert {attempt(Client(), password=PASSWORD).status_code for _ in range(15)} == {302}


def test_a_stranger_does_not_lock_out_who_has_logged_in_here_before(ann: User) -> None:
    hers = Client()
    assert attempt(hers, password=PASSWORD).status_code == 302
    hers.post("/accounts/logout/")
    for _ in range(11):
        attempt(Client())
    assert attempt(hers, password=PASSWORD).status_code == 302
    assert attempt(Client(), password=PASSWORD).status_code == 429


def test_a_known_browser_has_its_own_limit_and_for_its_own_account_alone(ann: User) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    hers = Client()
    attempt(hers, password=PASSWORD)
    hers.post("/accounts/logout/")
    for _ in range(10):
        attempt(hers, "bob")
    assert attempt(hers, "bob", PASSWORD).status_code == 429
    assert [attempt(hers).status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.mark.parametrize("value", ["", "x", "a:b:c", "\x00"])
def test_a_forged_cookie_is_none(ann: User, value: str) -> None:
    client = Client()
    client.cookies[DEVICE_COOKIE] = value
    assert attempt(client).status_code == 200


def test_a_fresh_login_and_a_new_password_are_limited_too(ann: User, settings: Any) -> None:
    client = Client()
    client.force_login(ann)
    for path, form in (
        ("/accounts/reauthenticate/", {"password": "wrong"}),
        ("/accounts/password/change/", {"oldpassword": "wrong", "password1": "x", "password2": "x"}),
    ):
        statuses = [client.post(path, form).status_code for _ in range(12)]
        assert statuses[0] == 200
        assert statuses[-1] == 429, path
        refused = client.post(path, form)
        assert 1 <= int(refused["Retry-After"]) <= 3600


def test_logins_by_passkey_are_limited_as_others_and_who_only_looks_is_not(ann: User, settings: Any) -> None:
    settings.MFA_RATE_LIMITS = {"webauthn_login": "2/h/ip"}
    path, script = "/accounts/2fa/webauthn/login/", {"X-Requested-With": "XMLHttpRequest"}
    assert {Client().get(path, headers=script).status_code for _ in range(5)} == {200}
    answers = [Client().post(path, {"credential": "{}"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert answers[-1]["Retry-After"]
    assert {Client().get(path, headers=script).status_code for _ in range(5)} == {200}


def test_so_are_sign_ups(ann: User, settings: Any) -> None:
    settings.CHAT_SIGNUP = True
    statuses = [Client().post("/accounts/signup/", {}, REMOTE_ADDR="10.2.2.2").status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


def test_fifty_at_once_are_let_through_no_further_over_two_processes(run_site: RunSite, committed: None) -> None:
    cache.clear()
    sites = [run_site(own=True), run_site(own=True)]
    try:
        form = {"login": "nobody-of-this-name", "password": "wrong"}
        visitors = [SiteClient(sites[number % 2].url) for number in range(50)]
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda visitor: visitor.post("/accounts/login/", form=form), visitors))
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 429}
        assert 1 <= statuses.count(200) <= 10
        assert all(answer.headers["Retry-After"] for answer in answers if answer.status == 429)
    finally:
        cache.clear()
        for site in sites:
            site.close()


# The log


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("chatsite"), "propagate", True)
    return caplog


def test_each_login_that_fails_is_a_line_for_fail2ban_without_what_was_typed(
    ann: User, lines: pytest.LogCaptureFixture
) -> None:
    for typed in ("ann", "ANN@example.org", "my-other-secret"):
        attempt(Client(), typed, "my-secret", address="203.0.113.7")
    attempt(Client(), password=PASSWORD, address="203.0.113.7")
    said = [record.getMessage() for record in lines.records if record.name == "chatsite.logins"]
    beginning = "A login failed from 203.0.113.7: wrong password, "
    assert said == [f"{beginning}account {ann.pk}"] * 2 + [f"{beginning}unknown account"]
    assert "secret" not in lines.text
    (failregex,) = re.findall(r"^failregex = (.+)$", (ROOT / "docs/deploy.md").read_text(), re.MULTILINE)
    pattern = re.compile(failregex.replace("<HOST>", r"(?P<host>\S+)"))
    found = pattern.search(f"2026-11-29 20:27:47,185 WARNING chatsite.logins: {said[0]}")
    assert found
    assert found["host"] == "203.0.113.7"


def test_a_wrong_second_factor_is_one_too(ann: User, lines: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().post("/accounts/2fa/authenticate/", REMOTE_ADDR="203.0.113.7")
    authentication_failed.send(sender=Authenticator, request=request, user=ann, authenticator=None)
    assert lines.messages == [f"A login failed from 203.0.113.7: wrong second factor, account {ann.pk}"]


def test_a_database_that_cannot_be_written_to_is_no_limit(ann: User) -> None:
    """By Django's own cache it would be one: allauth cannot count."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on")
    try:
        refused = attempt(Client(raise_request_exception=False), password=PASSWORD)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = off")
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert "cannot store anything just now" in refused.content.decode()
