"""Logouts, here and at the provider; and a fresh login there, in the place of a password."""

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.core.context import request_context
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from chatsite.accounts.confirmation import confirm
from chatsite.models import ProviderSession, UsedLogoutToken
from chatsite.single_sign_on import discovery
from chatsite.single_sign_on.tokens import LOGOUT_EVENT
from tests.support.oidc import CLIENT_ID, IS_POSSIBLE, AtProvider, NpmProvider, configure, path_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not IS_POSSIBLE, reason="there is no oidc-provider: npm ci"),
]
START, LOGOUT, BACK_CHANNEL = "/accounts/oidc/sso/login/", "/accounts/logout/", "/accounts/oidc/back-channel-logout/"
DEVICES = "/accounts/sessions/"
FRESH = "/accounts/oidc/fresh-login/"
ISSUER = "https://id.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "k1", "use": "sig"}


@pytest.fixture(autouse=True)
def _configured(settings: Any, provider: NpmProvider) -> None:
    settings.DEBUG = False
    configure(settings, provider.issuer)
    User.objects.create_superuser("root")


@pytest.fixture
def log_in(there: AtProvider, provider: NpmProvider) -> Callable[..., Any]:
    def go(client: Client, sub: str = "ann") -> Any:
        provider.knows(sub, preferred_username=sub)
        return client.get(path_of(there.log_in(client.post(START)["Location"], sub)))

    return go


def is_logged_in(client: Client) -> bool:
    return client.get("/accounts/logout/").status_code == 200


class TestLogoutHere:
    @pytest.mark.parametrize("path", [LOGOUT, "/admin/logout/", DEVICES])
    def test_goes_on_to_the_provider_and_comes_back(
        self, client: Client, there: AtProvider, log_in: Any, path: str
    ) -> None:
        log_in(client)
        User.objects.filter(username="ann").update(is_staff=True)
        response = client.post(path, {"session": UserSession.objects.get(user__username="ann").pk})
        assert response["Location"] == "/accounts/oidc/logout/"
        assert not ProviderSession.objects.exists()
        assert not is_logged_in(client)
        page = client.get("/accounts/oidc/logout/")
        address = page.context["url"]
        query = parse_qs(urlsplit(address).query)
        assert query["post_logout_redirect_uri"] == ["http://testserver/accounts/login/"]
        assert query["id_token_hint"]
        assert 'http-equiv="refresh"' in page.content.decode()
        asked = there.http.get(address)
        assert asked.status_code == 200
        assert "Do you want to sign-out" in asked.text
        assert client.get("/accounts/oidc/logout/")["Location"] == "/accounts/login/"  # once

    def test_says_where_it_ends_if_the_provider_has_none(
        self, client: Client, log_in: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log_in(client)
        client.post(LOGOUT)
        without = discovery.configuration() | {"end_session_endpoint": None}
        monkeypatch.setattr("chatsite.single_sign_on.logout.configuration", lambda: without)
        page = client.get("/accounts/oidc/logout/")
        assert page.status_code == 200
        assert "perhaps not at Example ID" in page.content.decode()

    def test_says_so_while_the_provider_is_away(self, client: Client, log_in: Any, settings: Any) -> None:
        log_in(client)
        client.post(LOGOUT)
        configure(settings, "http://127.0.0.1:9")
        page = client.get("/accounts/oidc/logout/")
        assert page.status_code == 503
        assert "perhaps not at Example ID" in page.content.decode()

    @pytest.mark.parametrize("path", [LOGOUT, "/admin/logout/"])
    def test_of_who_has_logged_in_here_ends_here(self, client: Client, path: str) -> None:
        client.force_login(User.objects.get(username="root"))
        assert client.post(path)["Location"] == "/accounts/login/"
        assert not is_logged_in(client)


class TestWhatIsKnownOfASession:
    """Its ID token goes with it, however it ends."""

    @pytest.mark.parametrize(
        "end",
        [
            lambda ann, root: ann.post(LOGOUT),
            lambda ann, root: ann.post(DEVICES, {"session": rows_of(ann).get().pk}),
            lambda ann, root: in_another_browser(ann).post(DEVICES),
            lambda ann, root: in_another_browser(ann).post(DEVICES, {"session": rows_of(ann).get().pk}),
            lambda ann, root: root.post(USERS, {"action": "end_sessions", "_selected_action": [id_of("ann")]}),
            lambda ann, root: root.post(f"{USERS}{id_of('ann')}/change/", INACTIVE),
            lambda ann, root: call_command("removefactors", "ann"),
        ],
        ids=["logout", "device", "others", "other", "staff", "inactive", "factors"],
    )
    def test_goes_with_it(self, client: Client, log_in: Any, end: Callable[[Client, Client], Any]) -> None:
        log_in(client)
        root = Client()
        root.force_login(User.objects.get(username="root"))
        assert ProviderSession.objects.count() == 1
        end(client, root)
        assert not ProviderSession.objects.exists()

    def test_follows_its_key(self, client: Client, log_in: Any) -> None:
        log_in(client)
        session = client.session
        session.cycle_key()
        assert ProviderSession.objects.get().session_key == session.session_key

    def test_ends_by_the_provider_while_its_key_changes(self, client: Client, log_in: Any) -> None:
        log_in(client)
        session = client.session
        ProviderSession.objects.all().delete()
        session.cycle_key()
        assert not Session.objects.filter(session_key=session.session_key).exists()
        assert "_auth_user_id" not in session


USERS = "/admin/auth/user/"
INACTIVE: dict[str, str] = {"username": "ann", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}


def id_of(name: str) -> int:
    return User.objects.get(username=name).pk


def rows_of(client: Client) -> Any:
    return UserSession.objects.filter(session_key=client.session.session_key)


def in_another_browser(client: Client) -> Client:
    another = Client()
    another.force_login(User.objects.get(pk=client.session["_auth_user_id"]))
    return another


class TestBackChannelLogout:
    """By tokens of a key that the provider is made to have."""

    @pytest.fixture(autouse=True)
    def _keys(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        configure(settings, ISSUER)
        said = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        monkeypatch.setattr(discovery, "configuration", lambda: said)
        monkeypatch.setattr("chatsite.single_sign_on.tokens.configuration", lambda: said)
        self.fetched: list[str] = []

        def fetch(url: str, **headers: str) -> Any:
            self.fetched.append(url)
            return {"keys": [PUBLIC]}

        monkeypatch.setattr(discovery, "fetch", fetch)
        discovery._keys.cache_clear()

    def session(self, sub: str = "ann", sid: str = "s1") -> Client:
        client = Client()
        user = User.objects.get_or_create(username=sub)[0]
        client.force_login(user)
        session = client.session
        session["began_at_provider"] = True
        session.save()
        ProviderSession.objects.create(session_key=session.session_key, user=user, sub=sub, sid=sid, id_token="t")
        return client

    def token(self, key: Any = KEY, kid: str = "k1", algorithm: str = "RS256", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": uuid.uuid4().hex,
            "events": {LOGOUT_EVENT: {}},
            "sub": "ann",
            "sid": "s1",
        } | changes
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid, "typ": "logout+jwt"})

    def send(self, token: str) -> Any:
        return Client(enforce_csrf_checks=True).post(BACK_CHANNEL, {"logout_token": token})

    def test_ends_one_session_by_its_sid(self) -> None:
        one, other, bobs = self.session(), self.session(sid="s2"), self.session("bob", "s3")
        response = self.send(self.token())
        assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
        assert [is_logged_in(each) for each in (one, other, bobs)] == [False, True, True]
        assert self.send(self.token(sid="s2", sub=None)).status_code == 200
        assert [is_logged_in(each) for each in (other, bobs)] == [False, True]

    def test_ends_all_of_a_sub(self) -> None:
        one, other, bobs = self.session(), self.session(sid="s2"), self.session("bob", "s3")
        here = Client()
        here.force_login(User.objects.get(username="ann"))
        assert self.send(self.token(sid=None)).status_code == 200
        assert [is_logged_in(each) for each in (one, other, bobs, here)] == [False, False, True, True]
        assert ProviderSession.objects.count() == 1

    def test_ends_a_session_whose_key_has_changed(self, client: Client) -> None:
        one = self.session()
        session = one.session
        session.cycle_key()
        one.cookies["sessionid"] = session.session_key
        assert is_logged_in(one)
        self.send(self.token())
        assert not is_logged_in(one)
        assert not Session.objects.filter(session_key=session.session_key).exists()

    def test_knows_nobody_and_says_nothing_of_it(self) -> None:
        assert self.send(self.token(sub="nobody", sid="none")).status_code == 200

    def test_is_taken_once(self) -> None:
        token = self.token()
        assert self.send(token).status_code == 200
        one = self.session()
        response = self.send(token)
        assert response.status_code == 400
        assert response.json()["error_description"] == "This token has been used before."
        assert is_logged_in(one)

    def test_is_forgotten_once_it_has_expired(self) -> None:
        self.send(self.token())
        UsedLogoutToken.objects.update(expires="2020-01-01T00:00Z")
        self.send(self.token())
        assert UsedLogoutToken.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"iss": "https://evil.example"}, "issuer"),
            ({"aud": "another"}, "Audience"),
            ({"exp": 1}, "expired"),
            ({"iat": time.time() + 10_000}, "iat"),
            ({"exp": time.time() + 10**6}, "too long"),
            ({"exp": None}, "exp"),
            ({"iat": None}, "iat"),
            ({"jti": None}, "jti"),
            ({"events": None}, "events"),
            ({"events": {}}, "events"),
            ({"events": [LOGOUT_EVENT]}, "events"),
            ({"events": {LOGOUT_EVENT: None}}, "events"),
            ({"nonce": "n"}, "nonce"),
            ({"sub": None, "sid": None}, "neither whose"),
            ({"sub": "", "sid": None}, "neither whose"),
            ({"sid": {"a": 1}}, "neither whose"),
            ({"sub": "nul\0"}, "neither whose"),
        ],
    )
    def test_is_refused_in_words(self, changes: dict[str, Any], why: str) -> None:
        one = self.session()
        response = self.send(self.token(**changes))
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
        assert why in response.json()["error_description"]
        assert is_logged_in(one)

    def test_takes_a_clock_that_is_off_by_less_than_a_minute(self) -> None:
        now = time.time()
        assert self.send(self.token(iat=int(now + 50), exp=int(now + 170))).status_code == 200
        assert self.send(self.token(iat=int(now - 170), exp=int(now - 50))).status_code == 200

    @pytest.mark.parametrize("kid", ["k1", "k2"])
    def test_is_believed_of_the_providers_key_alone(self, kid: str) -> None:
        one = self.session()
        strangers = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        secret = "x" * 64
        unsigned = jwt.encode({"iss": ISSUER, "aud": CLIENT_ID, "sub": "ann"}, None, "none", {"kid": kid})
        for token in (
            self.token(strangers, kid),
            self.token(secret, kid, "HS256"),
            unsigned,
            "no token",
            "",
            "a.b.c",
            "x" * 60_000,
        ):
            assert self.send(token).status_code == 400
        assert is_logged_in(one)

    def test_asks_for_a_key_that_it_does_not_know_and_not_again_at_once(self) -> None:
        for _ in range(5):
            self.send(self.token(kid="unknown"))
        assert len(self.fetched) == 2
        assert self.send(self.token()).status_code == 200
        assert len(self.fetched) == 2

    def test_takes_posts_alone(self) -> None:
        assert Client().get(BACK_CHANNEL).status_code == 405


def test_a_session_knows_its_name_at_the_provider(client: Client, log_in: Any) -> None:
    log_in(client)
    session = ProviderSession.objects.get()
    assert session.sid
    assert jwt.decode(session.id_token, options={"verify_signature": False})["sid"] == session.sid


class TestFreshLogin:
    def test_is_asked_for_there_and_counts_here(self, client: Client, there: AtProvider, log_in: Any) -> None:
        log_in(client)
        page = client.get(f"{FRESH}?next=/accounts/sessions/")
        assert "Log in with Example ID" in page.content.decode()
        assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith(FRESH)
        address = client.post(FRESH, {"next": "/accounts/sessions/"})["Location"]
        query = parse_qs(urlsplit(address).query)
        assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
        response = client.get(path_of(there.log_in(address, "ann")))
        assert (response.status_code, response["Location"]) == (302, "/accounts/sessions/")
        assert client.get("/accounts/2fa/totp/activate/").status_code == 200

    def test_lets_who_has_no_password_erase(self, client: Client, there: AtProvider, log_in: Any) -> None:
        def asked() -> Any:
            request = client.get(LOGOUT).wsgi_request
            with request_context(request):
                return confirm(request, "erase_account")

        log_in(client)
        assert asked()["Location"].startswith(f"{FRESH}?next=")
        client.get(path_of(there.log_in(client.post(FRESH)["Location"], "ann")))
        assert asked() is None

    def test_is_none_of_somebody_else(self, client: Client, log_in: Any) -> None:
        log_in(client)
        others = AtProvider()
        response = client.get(path_of(others.log_in(client.post(FRESH)["Location"], "eve")))
        others.close()
        assert response.status_code == 400
        assert "as somebody else" in response.content.decode()
        assert client.get("/accounts/2fa/totp/activate/").status_code == 302

    def test_is_none_without_having_been_asked(self, client: Client, there: AtProvider, log_in: Any) -> None:
        """Whoever has the cookies could leave `prompt` out: what the provider signs decides."""
        log_in(client)
        address = client.post(FRESH)["Location"].replace("prompt=login", "").replace("max_age=0", "")
        response = client.get(path_of(there.log_in(address, "ann")))
        assert response.status_code == 400
        assert "does not say when you logged in" in response.content.decode()
        assert client.get("/accounts/2fa/totp/activate/").status_code == 302

    def test_is_for_who_has_an_account_there(self, client: Client) -> None:
        client.force_login(User.objects.get(username="root"))
        assert client.get(FRESH).status_code == 403
