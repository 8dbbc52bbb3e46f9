"""allauth's provider of OpenID Connect, stricter.

The request says nothing of what the provider is asked for; a login bears a nonce; the ID token is verified, with some
leeway for clocks; and what is said of a user is taken from both it and the userinfo.
"""

from typing import Any

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

from chatsite.single_sign_on import claims as said
from chatsite.single_sign_on.claims import Claims
from chatsite.single_sign_on.discovery import configuration, fetch
from chatsite.single_sign_on.errors import LoginFailed, ProviderAway
from chatsite.single_sign_on.tokens import BadToken, verified_id_token


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc] # untyped base
    """How the provider is asked. Each method raises LoginFailed."""

    @property
    def openid_config(self) -> dict[str, Any]:
        return configuration()

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            given = super().get_access_token_data(*args, **kwargs)
        except requests.RequestException as error:
            raise ProviderAway(f"{type(error).__name__} at the token endpoint") from error
        except (OAuth2Error, KeyError, ValueError, TypeError) as error:
            raise LoginFailed("The token endpoint gave no token") from error
        if not isinstance(given, dict):
            raise LoginFailed("The token endpoint gave no object")
        return given

    def parse_token(self, data: Any) -> SocialToken:
        """Nothing of it is kept: it is for this login alone."""
        return SocialToken(token=str(data["access_token"]))

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> Any:
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise LoginFailed("There is no ID token")
        try:
            verified = verified_id_token(id_token)
        except BadToken as error:
            raise LoginFailed(str(error)) from error
        claims = said.joined(verified, self._userinfo(token.token))
        login = self.get_provider().sociallogin_from_response(request, claims)
        login.claims, login.id_token = claims, id_token
        return login

    def _userinfo(self, token: str) -> Claims:
        address = self.openid_config.get("userinfo_endpoint")
        return fetch(address, Authorization=f"Bearer {token}") if address else {}


class Provider(OpenIDConnectProvider):  # type: ignore[misc] # untyped base
    oauth2_adapter_class = Adapter

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        nonce = get_random_string(32)
        asked = (kwargs.pop("auth_params", None) or {}) | {"nonce": nonce}
        return super().redirect(  # type: ignore[no-any-return]
            request, process, next_url, data, auth_params=asked, nonce=nonce, **kwargs
        )

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return {}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Some give groups only to who asks for them by a scope of that name."""
        offered = self.get_oauth2_adapter(request).openid_config.get("scopes_supported") or []
        groups = ["groups"] if settings.OIDC_GROUPS_CLAIM and "groups" in offered else []
        return [*self.get_default_scope(), *groups]

    # What a user is made of

    def extract_uid(self, data: Claims) -> str:
        """Raises LoginFailed where it is somebody of another issuer, who has the same `sub`."""
        known = SocialAccount.objects.filter(provider=self.sub_id, uid=data["sub"]).first()
        if known and known.extra_data.get("iss", data["iss"]) != data["iss"]:
            raise LoginFailed("OIDC_ISSUER has changed, and its accounts have the same sub as those of the old one")
        return str(data["sub"])

    def extract_extra_data(self, data: Claims) -> Claims:
        return {name: data[name] for name in said.KEPT if isinstance(data.get(name), str)}

    def extract_common_fields(self, data: Claims) -> dict[str, str]:
        names = {"username": "preferred_username", "name": "name", "last_name": "family_name"}
        names |= {"first_name": "given_name"} | ({"email": "email"} if data["email_verified"] else {})
        return {field: data[name] for field, name in names.items() if isinstance(data.get(name), str)}

    def extract_email_addresses(self, data: Claims) -> list[EmailAddress]:
        """One that the provider does not vouch for is worth nothing here."""
        return [EmailAddress(email=data["email"], verified=True, primary=True)] if data["email_verified"] else []


provider_classes = [Provider]
