"""What the provider says of a user: of the ID token and of its userinfo one, with what can be stored of it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from chatsite.single_sign_on.errors import LoginFailed

Claims = dict[str, Any]

MOST_CHARS = 500
"""Of a text that is kept."""
MOST_SUB_CHARS = 191
"""As long as allauth's column is."""
MOST_GROUPS = 1_000
MOST_GROUP_CHARS = 150
KEPT = ("iss", "sub", "email", "preferred_username", "name")
"""Of what is said, with the account."""


def joined(id_token: Claims, userinfo: Claims) -> Claims:
    """Raises LoginFailed. What the ID token says counts; a confirmation counts for its own address alone."""
    _check_sub(id_token["sub"])
    if userinfo.get("sub", id_token["sub"]) != id_token["sub"]:
        raise LoginFailed("The userinfo is somebody else's than the ID token")
    claims = {name: _storable(value) for name, value in (userinfo | id_token).items()}
    address = claims.get("email")
    vouches = any(each.get("email") == address and _vouches(each) for each in (id_token, userinfo))
    claims["email_verified"] = isinstance(address, str) and bool(address) and vouches
    return claims


def groups(claims: Claims) -> list[str]:
    """The names in the claim OIDC_GROUPS_CLAIM; none where there is no such claim. One text is one group."""
    said = _said(claims, settings.OIDC_GROUPS_CLAIM) if settings.OIDC_GROUPS_CLAIM else []
    return list(dict.fromkeys(_names(_listed(said))))


def confirmed_domain(claims: Claims) -> str:
    """Of the address that the provider vouches for; empty without one."""
    return str(claims["email"]).rpartition("@")[2].lower() if claims.get("email_verified") else ""


def has_second_factor(claims: Claims) -> bool:
    """By the word of the provider: that it has logged somebody in, or one of OIDC_MFA in `amr` (RFC 8176) or `acr`."""
    said = [claims.get("acr"), *_listed(claims.get("amr"))]
    return not settings.OIDC_MFA or any(each in settings.OIDC_MFA for each in said if isinstance(each, str))


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def _vouches(said: Claims) -> bool:
    """Entra ID says `xms_edov` where others say `email_verified`."""
    return said.get("email_verified") in (True, "true") or said.get("xms_edov") in (True, "true", 1, "1")


def _said(claims: Claims, name: str) -> Any:
    """A claim by its name, or by its path: Keycloak's roles are `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _names(said: list[Any]) -> Iterator[str]:
    for name in said[:MOST_GROUPS]:
        if isinstance(name, str) and 0 < len(name.strip()) <= MOST_GROUP_CHARS and "\0" not in name:
            yield name.strip()


def _check_sub(sub: Any) -> None:
    if not isinstance(sub, str) or not 0 < len(sub) <= MOST_SUB_CHARS or "\0" in sub:
        raise LoginFailed("The sub is no text of 1 to 191 characters")


def _storable(value: Any) -> Any:
    return value.replace("\0", "")[:MOST_CHARS] if isinstance(value, str) else value
