"""What the provider says of itself, and its keys.

Kept for a few minutes in the memory of the process. Whoever asks may have to wait for the provider, so only what lies
below /accounts/oidc/ does: it has threads of its own.
"""

import time
from functools import lru_cache
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings

from chatsite.single_sign_on.configuration import WELL_KNOWN
from chatsite.single_sign_on.errors import ProviderAway

KEPT_SECONDS = 300
UNKNOWN_KEY_SECONDS = 10
"""A key that is not known is asked for at most this often, whatever strangers send."""
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")

_kept: dict[str, tuple[float, dict[str, Any]]] = {}


def configuration() -> dict[str, Any]:
    """The provider's own description of itself. Raises ProviderAway."""
    url = settings.OIDC_ISSUER.rstrip("/") + WELL_KNOWN
    read_at, said = _kept.get(url, (-KEPT_SECONDS, {}))
    if not said or time.monotonic() - read_at > KEPT_SECONDS:
        said = _checked(fetch(url))
        _kept[url] = (time.monotonic(), said)
    return said


def signing_key(token: str) -> Any:
    """The key that a token names; where it names none, the only one. Raises ProviderAway, jwt.PyJWTError."""
    keys, kid = _keys(configuration()["jwks_uri"]), jwt.get_unverified_header(token).get("kid")
    if kid is not None:
        return keys.get_signing_key(kid).key
    known = keys.get_jwk_set().keys
    if len(known) != 1:
        raise jwt.PyJWKClientError("The token names none of the keys")
    return known[0].key


def fetch(url: str, **headers: str) -> dict[str, Any]:
    """What it says, in JSON. Raises ProviderAway."""
    try:
        with get_adapter().get_requests_session() as session:
            response = session.get(url, headers=headers)
            response.raise_for_status()
            said = response.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderAway(f"{type(error).__name__} at {url}") from error
    if not isinstance(said, dict):
        raise ProviderAway(f"No object at {url}")
    return said


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    """It speaks for the issuer that the settings name, and says where to go on."""
    if missing := [name for name in NEEDED if not isinstance(said.get(name), str)]:
        raise ProviderAway(f"The description of the provider lacks {', '.join(missing)}")
    if said["issuer"].rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        raise ProviderAway(f"OIDC_ISSUER is {settings.OIDC_ISSUER}, but its issuer calls itself {said['issuer']}")
    return said


class _Keys(jwt.PyJWKClient):
    """As PyJWT's, but asked for as all else of the provider is, with its time-outs."""

    def fetch_data(self) -> Any:
        return fetch(self.uri)


@lru_cache(maxsize=4)
def _keys(url: str) -> _Keys:
    return _Keys(url, lifespan=KEPT_SECONDS, cooldown_duration=UNKNOWN_KEY_SECONDS)
