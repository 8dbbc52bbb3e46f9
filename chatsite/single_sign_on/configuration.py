"""The settings OIDC_…, as allauth's, and what else follows from them. Without OIDC_ISSUER there is no provider."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

PROVIDER_ID = "sso"
"""Stands in the addresses below /accounts/oidc/, and in the accounts that are joined."""
WELL_KNOWN = "/.well-known/openid-configuration"


def as_providers(issuer: str, client_id: str, client_secret: str, name: str) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS."""
    app = {
        "provider_id": PROVIDER_ID,
        "name": name,
        "client_id": client_id,
        "secret": client_secret,
        "settings": {"server_url": issuer.rstrip("/") + WELL_KNOWN},
    }
    return {
        "openid_connect": {
            "provider_class": "chatsite.single_sign_on.provider.Provider",
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [app] if issuer else [],
        }
    }


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def is_only_way() -> bool:
    """Are there no passwords, but for an administrator's in an emergency?"""
    return is_on() and bool(settings.OIDC_ONLY)


def provider_origin() -> str:
    """Where a form may lead: what a page with the provider's button names in its policy."""
    return origin(settings.OIDC_ISSUER)


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
