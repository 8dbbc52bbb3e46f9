"""`manage.py check` names every setting of single sign-on that cannot work."""

from typing import Any

import pytest

from chatsite.single_sign_on.checks import check_single_sign_on

WORKS: dict[str, Any] = {
    "OIDC_ISSUER": "https://id.example.org/realms/a",
    "OIDC_CLIENT_ID": "chat",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_ONLY": False,
    "OIDC_GROUPS_CLAIM": "groups",
    "OIDC_STAFF_GROUPS": ["admins"],
    "OIDC_ALLOWED_DOMAINS": ["example.org", "bücher.example", "a.b.example"],
    "OIDC_ALLOWED_GROUPS": ["chat"],
    "OIDC_MFA": ["mfa"],
}
NOTHING: dict[str, Any] = {name: type(value)() for name, value in WORKS.items()}


def named(settings: Any, said: dict[str, Any], **changes: Any) -> list[str]:
    for name, value in (said | changes).items():
        setattr(settings, name, value)
    return [found.msg.split()[0] for found in check_single_sign_on(None)]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.org",
        "http://localhost:8080/x/",
        "http://[::1]:8080",
        "https://login.microsoftonline.com/6c9f/v2.0",
        "https://accounts.google.com",
    ],
)
def test_says_nothing_of_what_works(settings: Any, issuer: str) -> None:
    assert named(settings, WORKS, OIDC_ISSUER=issuer) == []
    assert named(settings, NOTHING) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "id.example.org"),
        ("OIDC_ISSUER", "ftp://id.example.org"),
        ("OIDC_ISSUER", "https://"),
        ("OIDC_ISSUER", "https://[::1"),
        ("OIDC_ISSUER", "https://id.example.org:99999"),
        ("OIDC_ISSUER", "https://user@id.example.org"),
        ("OIDC_ISSUER", "https://id.example.org/?a=b"),
        ("OIDC_ISSUER", "http://id.example.org"),
        ("OIDC_ISSUER", "https://id.example.org/.well-known/openid-configuration"),
        ("OIDC_ISSUER", "https://login.microsoftonline.com/common/v2.0"),
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ALLOWED_DOMAINS", ["@example.org"]),
        ("OIDC_ALLOWED_DOMAINS", ["example.org example.com"]),
        ("OIDC_ALLOWED_DOMAINS", ["https://example.org"]),
        ("OIDC_ALLOWED_DOMAINS", ["*.example.org"]),
        ("OIDC_ALLOWED_DOMAINS", ["example"]),
    ],
)
def test_names_what_does_not(settings: Any, name: str, value: Any) -> None:
    assert named(settings, WORKS, **{name: value}) == [name]


def test_names_groups_without_their_claim(settings: Any) -> None:
    found = named(settings, WORKS, OIDC_GROUPS_CLAIM="")
    assert found == ["OIDC_STAFF_GROUPS", "OIDC_ALLOWED_GROUPS"]


def test_names_what_says_nothing_without_an_issuer(settings: Any) -> None:
    assert set(named(settings, WORKS, OIDC_ISSUER="", OIDC_ONLY=True)) == set(WORKS) - {"OIDC_ISSUER"}


def test_warns_of_a_provider_where_everybody_is(settings: Any) -> None:
    everybody: dict[str, Any] = {"OIDC_ALLOWED_DOMAINS": [], "OIDC_ALLOWED_GROUPS": []}
    assert named(settings, WORKS, OIDC_ISSUER="https://accounts.google.com", **everybody) == ["Everybody"]
