"""What goes wrong on the way to the provider and back: each is a sentence."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.test import Client

from chatsite.single_sign_on import discovery
from tests.support.oidc import CLIENT_ID, ScriptedProvider, configure

pytestmark = pytest.mark.django_db
START, CALLBACK = "/accounts/oidc/sso/login/", "/accounts/oidc/sso/login/callback/"


@pytest.fixture
def provider(settings: Any) -> Iterator[ScriptedProvider]:
    provider = ScriptedProvider()
    configure(settings, provider.issuer)
    settings.DEBUG = False
    User.objects.create_superuser("root")
    discovery._keys.cache_clear()
    yield provider
    provider.close()


def words(response: Any) -> str:
    return str(response.content.decode())


def asked(client: Client, start: str = START) -> dict[str, str]:
    """What the provider is asked for."""
    query = parse_qs(urlsplit(client.post(start)["Location"]).query)
    return {name: value[0] for name, value in query.items()}


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestTheWayThere:
    def test_asks_by_code_with_pkce_and_a_nonce(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client)
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert query["redirect_uri"] == f"http://testserver{CALLBACK}"
        assert set(query["scope"].split()) == {"openid", "profile", "email"}
        assert len(query["nonce"]) == len(query["state"]) * 2 == 32

    def test_asks_for_nothing_that_the_request_names(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client, f"{START}?auth_params=redirect_uri%3Dhttps://evil.example%26prompt%3Dnone&scope=all")
        assert "prompt" not in query
        assert query["redirect_uri"] == f"http://testserver{CALLBACK}"
        assert "all" not in query["scope"].split()

    def test_asks_for_groups_where_there_is_a_scope_of_them(
        self, client: Client, provider: ScriptedProvider, settings: Any
    ) -> None:
        provider.description["scopes_supported"] = ["openid", "groups"]  # type: ignore[assignment]
        assert "groups" not in asked(client)["scope"].split()
        settings.OIDC_GROUPS_CLAIM = "groups"
        assert "groups" in asked(client)["scope"].split()

    def test_goes_on_by_a_page_where_the_login_is_at_another_origin(
        self, client: Client, provider: ScriptedProvider
    ) -> None:
        provider.description["authorization_endpoint"] = "https://login.example/a?b=c"
        response = client.post(START)
        assert response.status_code == 200
        assert 'content="0; url=https://login.example/a?' in words(response)

    @pytest.mark.parametrize(
        "answer",
        [
            (500, {}),
            (404, b"not here"),
            (200, b"<html>"),
            (200, []),
            (200, {"issuer": "https://evil.example"}),
            (200, {}),
        ],
    )
    def test_says_so_if_the_provider_cannot_say_what_it_is(
        self, client: Client, provider: ScriptedProvider, answer: Any
    ) -> None:
        if answer[1] == {"issuer": "https://evil.example"}:
            answer = (200, provider.description | answer[1])
        provider.answers["/.well-known/openid-configuration"] = answer
        response = client.post(START)
        assert response.status_code == 503
        assert "Example ID does not answer just now" in words(response)

    def test_says_so_if_nobody_is_there(self, client: Client, provider: ScriptedProvider, settings: Any) -> None:
        configure(settings, "http://127.0.0.1:9")
        assert client.post(START).status_code == 503

    def test_a_link_asks_first(self, client: Client, provider: ScriptedProvider) -> None:
        """Else a page of a stranger's could log somebody in."""
        page = client.get(f"{START}?next=/c/1/")
        assert page.status_code == 200
        assert "Log in with Example ID" in words(page)

    def test_is_gone_as_often_as_one_may_log_in(
        self, client: Client, provider: ScriptedProvider, settings: Any
    ) -> None:
        settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "2/h/ip"}
        answers = [client.post(START) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [302, 302, 429]
        assert answers[-1]["Retry-After"]

    def test_is_not_gone_by_a_stranger(self, provider: ScriptedProvider) -> None:
        assert Client(enforce_csrf_checks=True).post(START).status_code == 403


class TestTheWayBack:
    def back(self, client: Client, state: str, **query: str) -> Any:
        return client.get(CALLBACK, {"code": "c", "state": state} | query)

    def test_is_right(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client)
        provider.gives(query["nonce"])
        assert self.back(client, query["state"], iss=provider.issuer)["Location"] == "/"
        assert is_logged_in(client)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"iss": "https://evil.example"}, 400),
            ({"aud": "another"}, 400),
            ({"aud": [CLIENT_ID, "another"]}, 400),
            ({"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}, 302),
            ({"nonce": "another"}, 400),
            ({"nonce": None}, 400),
            ({"exp": -90}, 400),
            ({"exp": -30}, 302),
            ({"iat": 30}, 302),
            ({"iat": 90}, 400),
            ({"sub": None}, 400),
            ({"sub": ""}, 400),
            ({"sub": "x" * 192}, 400),
            ({"sub": "nul\0"}, 400),
            ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, 400),
            ({"key": None}, 400),
            ({"token": {"access_token": "a"}}, 400),
            ({"token": {"access_token": "a", "id_token": "x.y.z"}}, 400),
            ({"token": {"access_token": "a", "id_token": 7}}, 400),
            ({"token": {"error": "invalid_grant"}}, 400),
            ({"token": ["access_token"]}, 400),
        ],
    )
    def test_with_a_token_that_is_none(
        self, client: Client, provider: ScriptedProvider, changes: dict[str, Any], status: int
    ) -> None:
        query = asked(client)
        provider.gives(query["nonce"], **changes)
        response = self.back(client, query["state"])
        assert response.status_code == status
        assert is_logged_in(client) == (status == 302)
        if status == 400:
            assert "The login at Example ID did not succeed" in words(response)

    @pytest.mark.parametrize("answer", [(500, {}), (400, {"error": "invalid_client"}), (200, b"no JSON"), (200, {})])
    def test_without_a_token(self, client: Client, provider: ScriptedProvider, answer: Any) -> None:
        query = asked(client)
        provider.answers["/token_endpoint"] = answer
        response = self.back(client, query["state"])
        assert response.status_code in (400, 503)
        assert "Example ID" in words(response)

    @pytest.mark.parametrize(
        "info", [(500, {}), (200, b"jwt"), (200, {"sub": "eve", "email": "a@b.example", "email_verified": True})]
    )
    def test_with_userinfo_that_is_none(self, client: Client, provider: ScriptedProvider, info: Any) -> None:
        provider.description["userinfo_endpoint"] = f"{provider.issuer}/me"
        provider.answers["/me"] = info
        query = asked(client)
        provider.gives(query["nonce"])
        assert self.back(client, query["state"]).status_code in (400, 503)
        assert not is_logged_in(client)

    @pytest.mark.parametrize(("email", "is_confirmed"), [("ann@example.org", True), ("eve@example.org", False)])
    def test_a_confirmation_is_of_its_own_address(
        self, client: Client, provider: ScriptedProvider, email: str, is_confirmed: bool
    ) -> None:
        provider.description["userinfo_endpoint"] = f"{provider.issuer}/me"
        provider.answers["/me"] = (200, {"sub": "ann", "email": "ann@example.org", "email_verified": True})
        query = asked(client)
        provider.gives(query["nonce"], email=email)
        self.back(client, query["state"])
        assert User.objects.get(username="ann" if is_confirmed else "eve").email == (email if is_confirmed else "")

    def test_from_another_issuer(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client)
        provider.gives(query["nonce"])
        assert self.back(client, query["state"], iss="https://evil.example").status_code == 400
        assert not is_logged_in(client)

    @pytest.mark.parametrize("state", ["", "unknown", "\0", "x" * 10_000])
    def test_with_a_state_of_nobodys(self, client: Client, provider: ScriptedProvider, state: str) -> None:
        response = self.back(client, state)
        assert response.status_code == 400
        assert "Please log in again" in words(response)

    def test_with_a_state_of_another_browser(self, client: Client, provider: ScriptedProvider) -> None:
        """As with cookies off."""
        query = asked(client)
        provider.gives(query["nonce"])
        response = self.back(Client(), query["state"])
        assert response.status_code == 400
        assert "your browser keeps no cookies" in words(response)

    def test_with_a_state_that_was_used(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client)
        provider.gives(query["nonce"])
        self.back(client, query["state"])
        assert self.back(client, query["state"])["Location"] == "/"  # the back button, once logged in
        client.logout()
        assert self.back(client, query["state"]).status_code == 400

    def test_in_two_tabs(self, client: Client, provider: ScriptedProvider) -> None:
        one, two = asked(client, f"{START}?next=/c/1/"), asked(client, f"{START}?next=/c/2/")
        provider.gives(two["nonce"])
        assert self.back(client, two["state"])["Location"] == "/c/2/"
        provider.gives(one["nonce"])
        assert self.back(client, one["state"])["Location"] in ("/c/1/", "/")
        assert is_logged_in(client)

    def test_after_it_was_cancelled(self, client: Client, provider: ScriptedProvider) -> None:
        query = asked(client)
        response = client.get(CALLBACK, {"error": "access_denied", "state": query["state"]}, follow=True)
        assert response.status_code == 200
        assert "You were not logged in" in words(response)

    @pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "<script>", "\0" * 500])
    def test_after_an_error_of_the_providers(self, client: Client, provider: ScriptedProvider, error: str) -> None:
        query = asked(client)
        response = client.get(CALLBACK, {"error": error, "state": query["state"]})
        assert response.status_code == 400
        assert "did not succeed" in words(response)
        assert "<script>" not in words(response)

    def test_while_the_provider_has_gone(self, client: Client, provider: ScriptedProvider, settings: Any) -> None:
        query = asked(client)
        provider.description["token_endpoint"] = "http://127.0.0.1:9/"
        discovery._kept.clear()
        assert self.back(client, query["state"]).status_code == 503
        assert not is_logged_in(client)
