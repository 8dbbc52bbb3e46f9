"""Settings OIDC_… that cannot work."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register

from chatsite.environment import is_domain

LOOPBACK = ("localhost", "127.0.0.1", "::1")
FOR_ALL = {"login.microsoftonline.com": ("common", "organizations", "consumers")}
"""Issuers that name no tenant: each token is another's."""
OPEN = ("accounts.google.com",)
"""Where everybody may have an account."""


@register
def check_single_sign_on(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.OIDC_ISSUER:
        return list(_without_issuer())
    return [*_issuer(), *_client(), *_groups(), *_domains(), *_everybody()]


def _without_issuer() -> Iterator[CheckMessage]:
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ONLY", "OIDC_GROUPS_CLAIM", "OIDC_STAFF_GROUPS"):
        if getattr(settings, name):
            yield _error(name, "does nothing without OIDC_ISSUER.")
    for name in ("OIDC_ALLOWED_DOMAINS", "OIDC_ALLOWED_GROUPS"):
        if getattr(settings, name):
            yield _error(name, "keeps nobody out without OIDC_ISSUER: there is no single sign-on.")


def _issuer() -> Iterator[CheckMessage]:
    host, parts = _parts(settings.OIDC_ISSUER)
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        yield _error("OIDC_ISSUER", f"is no address, as https://id.example.org is one: {settings.OIDC_ISSUER!r}.")
        return
    if parts.scheme == "http" and host not in LOOPBACK:
        yield _error("OIDC_ISSUER", "is not https: whoever is on the way could log in as anybody.")
    if "/.well-known/" in parts.path:
        yield _error(
            "OIDC_ISSUER", "is the address of the provider's description: leave out what begins at /.well-known."
        )
    if set(parts.path.split("/")) & set(FOR_ALL.get(host, ())):
        yield _error("OIDC_ISSUER", "names no tenant of Entra ID: put the tenant's id in the place of this word.")


def _parts(address: str) -> tuple[str, SplitResult]:
    """Its host, empty where it is none, and all its parts."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.port != 0 else "", parts
    except ValueError:
        return "", urlsplit("")


def _client() -> Iterator[CheckMessage]:
    if not settings.OIDC_CLIENT_ID:
        yield _error("OIDC_CLIENT_ID", "is missing: the provider says what it is.")
    if not settings.OIDC_CLIENT_SECRET:
        yield checks.Warning("OIDC_CLIENT_SECRET is missing: few providers take a client without.", id="chatsite.W003")


def _groups() -> Iterator[CheckMessage]:
    for name in ("OIDC_STAFF_GROUPS", "OIDC_ALLOWED_GROUPS"):
        if getattr(settings, name) and not settings.OIDC_GROUPS_CLAIM:
            yield _error(name, "needs OIDC_GROUPS_CLAIM, which says where the provider names groups.")


def _domains() -> Iterator[CheckMessage]:
    for domain in settings.OIDC_ALLOWED_DOMAINS:
        if not is_domain(domain):
            yield _error("OIDC_ALLOWED_DOMAINS", f"is to name domains, as in example.org: {domain!r}.")


def _everybody() -> Iterator[CheckMessage]:
    is_open = _parts(settings.OIDC_ISSUER)[0] in OPEN
    if is_open and not settings.OIDC_ALLOWED_DOMAINS and not settings.OIDC_ALLOWED_GROUPS:
        yield checks.Warning("Everybody has an account at OIDC_ISSUER: set OIDC_ALLOWED_DOMAINS.", id="chatsite.W002")


def _error(name: str, why: str) -> CheckMessage:
    return checks.Error(f"{name} {why}", id="chatsite.E001")
