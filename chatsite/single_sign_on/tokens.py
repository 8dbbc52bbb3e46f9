"""ID tokens and logout tokens of the provider, verified: signature, issuer, audience, times.

OpenID Connect Core 1.0, 3.1.3.7 (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation), and
Back-Channel Logout 1.0, 2.6 (https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation).
"""

import time
from typing import Any

import jwt
from django.conf import settings

from chatsite.single_sign_on.discovery import configuration, signing_key

LEEWAY_SECONDS = 60
"""By which a clock may be off."""
ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)] + ["EdDSA"]
"""Those whose keys the provider alone has."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
MOST_CHARS = 50_000
MOST_SECONDS = 24 * 3600
"""For which a logout token is valid, and so is remembered."""


class BadToken(Exception):
    """Says why, in words for who runs the provider."""


def verified_id_token(token: str) -> dict[str, Any]:
    """Its claims. Raises BadToken, ProviderAway."""
    claims = _verified(token, ["iss", "sub", "aud", "exp", "iat"])
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.OIDC_CLIENT_ID:
        raise BadToken("The token was given to somebody else.")
    return claims


def verified_logout_token(token: str) -> dict[str, Any]:
    """Its claims; whether it has been used before is not asked here. Raises BadToken, ProviderAway."""
    claims = _verified(token, ["iss", "aud", "iat", "exp", "jti", "events"])
    if not isinstance(claims["events"], dict) or not isinstance(claims["events"].get(LOGOUT_EVENT), dict):
        raise BadToken("The token is about no logout: its events lack that of a back-channel logout.")
    if "nonce" in claims:
        raise BadToken("A logout token has no nonce.")
    named = [claims[name] for name in ("sub", "sid") if claims.get(name) is not None]
    if not named or not all(isinstance(name, str) and name and "\0" not in name for name in named):
        raise BadToken("The token says neither whose logout (sub) nor of which session (sid).")
    if claims["exp"] > time.time() + MOST_SECONDS:
        raise BadToken("The token is valid for too long.")
    return claims


def _verified(token: str, required: list[str]) -> dict[str, Any]:
    try:
        if len(token) > MOST_CHARS:
            raise jwt.DecodeError("It is too long")
        return jwt.decode(
            token,
            signing_key(token),
            algorithms=ALGORITHMS,
            issuer=configuration()["issuer"],
            audience=settings.OIDC_CLIENT_ID,
            leeway=LEEWAY_SECONDS,
            options={"require": required},
        )
    except jwt.PyJWTError as error:
        raise BadToken(f"The token cannot be verified: {error}.") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:  # signed, and yet no token
        raise BadToken("The token cannot be read.") from error
