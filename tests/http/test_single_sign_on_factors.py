"""What the provider says of a login beside who it is: of its factors, and that it is over."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from chatsite.accounts.mfa.requirement import has_proved
from chatsite.models import ProviderSession
from chatsite.single_sign_on import discovery
from tests.support.oidc import ScriptedProvider, configure

pytestmark = pytest.mark.django_db
START, CALLBACK = "/accounts/oidc/sso/login/", "/accounts/oidc/sso/login/callback/"
AUTHENTICATE, BACK_CHANNEL = "/accounts/2fa/authenticate/", "/accounts/oidc/back-channel-logout/"


@pytest.fixture
def provider(settings: Any) -> Iterator[ScriptedProvider]:
    provider = ScriptedProvider()
    configure(settings, provider.issuer)
    settings.DEBUG = False
    discovery._keys.cache_clear()
    yield provider
    provider.close()


@pytest.fixture
def ann(provider: ScriptedProvider) -> User:
    cache.clear()
    ann = User.objects.create_user("ann", password="a-long-walk", is_staff=True)
    SocialAccount.objects.create(user=ann, provider="sso", uid="ann", extra_data={})
    return ann


def log_in(client: Client, provider: ScriptedProvider, **claims: Any) -> Any:
    query = parse_qs(urlsplit(client.post(START)["Location"]).query)
    provider.gives(query["nonce"][0], **claims)
    return client.get(CALLBACK, {"code": "c", "state": query["state"][0]})


class TestSecondFactors:
    @pytest.mark.parametrize("mode", ["staff", "all"])
    @pytest.mark.parametrize(
        "case",
        [
            ([], {}, True),
            (["mfa"], {}, False),
            (["mfa"], {"amr": ["pwd"], "acr": "1"}, False),
            (["mfa"], {"amr": ["pwd", "mfa"]}, True),
            (["mfa", "gold"], {"acr": "gold"}, True),
            (["mfa"], {"amr": "mfa"}, True),
            (["mfa"], {"amr": [["mfa"], {"mfa": 1}, 7, None]}, False),
        ],
        ids=str,
    )
    def test_are_the_providers(
        self, client: Client, settings: Any, provider: ScriptedProvider, ann: User, mode: str, case: Any
    ) -> None:
        settings.CHAT_MFA = mode
        settings.OIDC_MFA, claims, counts = case
        assert log_in(client, provider, **claims)["Location"] == "/"
        assert has_proved(client.session, ann.pk) == counts
        assert client.get("/admin/").status_code == (200 if counts else 302)

    def test_are_demanded_of_who_logs_in_here(self, client: Client, settings: Any, ann: User) -> None:
        settings.CHAT_MFA = "staff"
        client.post("/accounts/login/", {"login": "ann", "password": "a-long-walk"})
        assert client.get("/admin/login/?next=/admin/")["Location"] == "/accounts/2fa/"

    def test_that_the_user_has_made_here_are_asked_for(self, client: Client, provider: Any, ann: User) -> None:
        totp.TOTP.activate(ann, totp.generate_totp_secret())
        assert log_in(client, provider)["Location"] == AUTHENTICATE
        assert "_auth_user_id" not in client.session


class TestALogoutMeanwhile:
    """The provider ends its session while here a second factor is asked for."""

    @pytest.mark.parametrize(
        ("token", "is_over"),
        [
            ({}, True),
            ({"sub": None}, True),
            ({"sid": None}, True),
            ({"sid": "s2"}, False),
            ({"sub": "bob"}, False),
            ({"sub": "bob", "sid": None}, False),
        ],
    )
    def test_ends_the_login(
        self, client: Client, provider: ScriptedProvider, ann: User, token: dict[str, Any], is_over: bool
    ) -> None:
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(ann, secret)
        log_in(client, provider, sid="s1")
        assert Client().post(BACK_CHANNEL, {"logout_token": provider.logout_token(**token)}).status_code == 200
        response = client.post(AUTHENTICATE, {"code": totp.format_hotp_value(totp.hotp_value(secret, now()))})
        assert response.status_code == (400 if is_over else 302)
        assert ("_auth_user_id" in client.session) == ProviderSession.objects.exists() == (not is_over)

    def test_of_before_does_not(self, client: Client, provider: ScriptedProvider, ann: User) -> None:
        token = provider.logout_token(sid=None)
        Client().post(BACK_CHANNEL, {"logout_token": token})
        assert log_in(client, provider, sid="s2", iat=5).status_code == 302
        assert "_auth_user_id" in client.session


def now() -> int:
    return int(time.time()) // 30
