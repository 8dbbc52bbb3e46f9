"""What changes for accounts where there is a provider. Without one, nothing does."""

from typing import Any

from allauth.account.internal.stagekit import clear_login
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from chatsite.accounts import adapter
from chatsite.single_sign_on import fresh_login, provider_sessions
from chatsite.single_sign_on.adapter import STATE
from chatsite.single_sign_on.configuration import is_on, is_only_way
from chatsite.single_sign_on.errors import LoginFailed, NotAdmitted
from chatsite.single_sign_on.logout import AFTER_LOGOUT
from chatsite.single_sign_on.pages import failure_page

EMERGENCY = "emergency"
"""In the query of the login page: the administrator's way in while the provider is away."""
NONE = "impossible"
"""The page that says that there is no way to log in once more."""
ONLY_WAY = _("Accounts of this site log in at %(name)s alone.")


class AccountAdapter(adapter.AccountAdapter):
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user = super().authenticate(request, **credentials)
        if user and is_only_way() and not request.user.is_authenticated and not _is_emergency(request, user):
            return None
        return user

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Passkeys and new accounts come by here too."""
        by_provider = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if is_only_way() and not by_provider and not user.is_superuser:
            clear_login(request)
            return failure_page(request, NotAdmitted("Not by the provider", ONLY_WAY))
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        request.session.pop(AFTER_LOGOUT, None)
        login: Any = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        session = login and login.state.pop(STATE, None)
        if session and not provider_sessions.began(request, user, login.account.uid, **session):
            super().logout(request)
            return failure_page(request, LoginFailed("The provider has ended its session meanwhile"))
        return super().post_login(request, user, **kwargs)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Asked for before the session ends."""
        if is_on() and provider_sessions.is_providers(request):
            return reverse("oidc_logout")
        return super().get_logout_redirect_url(request)  # type: ignore[no-any-return]

    def logout(self, request: HttpRequest) -> None:
        id_token = provider_sessions.id_token_of(request)
        super().logout(request)
        if id_token and is_on():
            request.session[AFTER_LOGOUT] = id_token

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The last of them, and in the place of the page that says there is none."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not user.is_authenticated or not fresh_login.is_possible(user):
            return methods
        description = gettext("Log in once more at %(name)s") % {"name": settings.OIDC_NAME}
        ours = {"id": fresh_login.PROCESS, "description": description, "url": reverse("oidc_fresh_login")}
        return [*(method for method in methods if method["id"] != NONE), ours]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth itself believes only in methods of its own."""
        if not super().is_reauthentication_required(app=app, **kwargs):
            return False
        return not fresh_login.was_done(self.request, self.request.user)


def _is_emergency(request: HttpRequest, user: User) -> bool:
    return user.is_superuser and EMERGENCY in request.GET
