"""Who may come in by single sign-on, and as whom (https://docs.allauth.org/en/latest/socialaccount/adapter.html)."""

import logging
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_noop as _

from chatsite.accounts.creation import SignUpClosed, create_member
from chatsite.accounts.first_account import has_accounts
from chatsite.accounts.usernames import MOST_CHARS, distinct_name
from chatsite.single_sign_on import claims as said
from chatsite.single_sign_on import fresh_login, provider_sessions, rights
from chatsite.single_sign_on.claims import Claims
from chatsite.single_sign_on.errors import LoginFailed, NotAdmitted
from chatsite.single_sign_on.pages import failure_page

logger = logging.getLogger(__name__)

STATE = "provider_session"
"""Of a login that is not yet through: what is to be known of its session."""

NO_ADDRESS = _("%(name)s vouches for no e-mail address of yours, and this site takes only those of certain domains.")
NO_ADMINISTRATOR = _(
    "There is no account on this site yet. Its administrator makes the first one, by the link in the server’s log."
)
OUT_OF_DATE = _(
    "This login was used already, took too long, or your browser keeps no cookies for this site. Please log in again."
)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # untyped base
    def list_apps(self, request: HttpRequest, provider: str = "", client_id: str = "") -> list[SocialApp]:
        """Those of the settings alone: whoever could write one into the database could log in as anybody."""
        apps = [SocialApp(provider="openid_connect", **app) for app in _configured()]
        of = [app for app in apps if not provider or provider in (app.provider, app.provider_id)]
        return [app for app in of if not client_id or app.client_id == client_id]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Raises LoginFailed, ImmediateHttpResponse."""
        claims, process = sociallogin.claims, sociallogin.state.get("process")
        if claims.get("nonce") != sociallogin.state.get("nonce"):
            raise LoginFailed("The ID token answers another login")
        if process == fresh_login.PROCESS:
            fresh_login.finish(request, sociallogin)
        _admit(claims)
        sociallogin.state[STATE] = {
            "sid": claims.get("sid"),
            "id_token": sociallogin.id_token,
            "began_at": provider_sessions.issued_at(claims),
            "has_second_factor": said.has_second_factor(claims),
        }
        if sociallogin.is_existing and sociallogin.user.is_active and process != AuthProcess.CONNECT:
            rights.follow(sociallogin.user, claims)

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """The account here of a confirmed address that the provider vouches for; not of one that somebody claims."""
        for address in sociallogin.email_addresses:
            mine = EmailAddress.objects.filter(email=address.email.lower(), verified=True).select_related("user")
            if address.verified and (found := mine.first()):
                return found.user, address.email
        return None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Raises NotAdmitted. Who may come in may have an account; that of the first administrator is no such one."""
        if not has_accounts():
            raise NotAdmitted("There is no account yet", NO_ADMINISTRATOR)
        # An address that somebody here has without having confirmed it keeps nobody out: allauth does not see it.
        sociallogin.vouched, sociallogin.email_addresses = sociallogin.email_addresses, []
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Raises LoginFailed where a second login of the same user was faster."""
        user, claims = sociallogin.user, sociallogin.claims
        user.set_unusable_password()
        sociallogin.email_addresses = sociallogin.vouched
        try:
            with transaction.atomic():
                user.username = distinct_name(_username(claims))
                create_member(user)
                sociallogin.save(request)
                rights.follow(user, claims)
        except (IntegrityError, ValidationError, SignUpClosed) as error:
            raise LoginFailed("The account was made meanwhile") from error
        return user  # type: ignore[no-any-return]

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Raises ImmediateHttpResponse: a page that says it, but where the user has cancelled it."""
        if error == AuthError.CANCELLED:
            return
        has_state = bool(extra_context and extra_context.get("state"))
        if not exception and not has_state and request.user.is_authenticated:  # back to where a login has been
            raise ImmediateHttpResponse(redirect(settings.LOGIN_REDIRECT_URL))
        failed = exception if isinstance(exception, LoginFailed) else _failure(request, exception, has_state)
        logger.warning("A login by single sign-on failed: %s", failed)
        raise ImmediateHttpResponse(failure_page(request, failed)) from exception


def _configured() -> list[dict[str, Any]]:
    return settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]  # type: ignore[no-any-return]


def _admit(claims: Claims) -> None:
    """Raises NotAdmitted."""
    domain = said.confirmed_domain(claims)
    if settings.OIDC_ALLOWED_DOMAINS and not domain:
        raise NotAdmitted("There is no confirmed address", NO_ADDRESS)
    if settings.OIDC_ALLOWED_DOMAINS and domain not in map(str.lower, settings.OIDC_ALLOWED_DOMAINS):
        raise NotAdmitted("The address is of none of OIDC_ALLOWED_DOMAINS")
    if settings.OIDC_ALLOWED_GROUPS and not set(said.groups(claims)) & set(settings.OIDC_ALLOWED_GROUPS):
        raise NotAdmitted("In none of OIDC_ALLOWED_GROUPS")


def _username(claims: Claims) -> str:
    """A valid one, in any script: what they are called there, else what their address begins with, else their name."""
    said_names = [claims.get(name) for name in ("preferred_username", "email", "name")]
    names = [name.partition("@")[0].strip() for name in said_names if isinstance(name, str)]
    validate: Any = User.username_validator
    valid = (name for name in names if len(name) <= MOST_CHARS and validate.regex.search(name))
    return next(valid, "") or get_account_adapter().generate_unique_username([*names, "user"])


def _failure(request: HttpRequest, exception: Exception | None, has_state: bool) -> LoginFailed:
    if exception:
        return LoginFailed(type(exception).__name__)
    if not has_state:
        return LoginFailed("There is no such state", OUT_OF_DATE)
    return LoginFailed(f"The provider answered with {request.GET.get('error', 'no code')[:100]!r}")
