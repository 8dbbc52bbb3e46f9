"""What allauth asks of the site (https://docs.allauth.org/en/latest/account/adapter.html).

What allauth's own writes to an account it writes as a whole, which undoes what others have changed since it was read:
an account that is being erased would be active again, and one that is gone would be back. Here it writes what has
changed, and who is gone is logged out.
"""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from chat.serving.addresses import UNKNOWN, client_address
from chat.views.confirmation import keep_session
from chatsite.accounts.creation import create_account, may_sign_up
from chatsite.accounts.invitations.acceptance import is_proved
from chatsite.accounts.throttling import WAIT_SECONDS, attempts_key, remember_device, seconds_to_wait, too_many
from chatsite.sessions.ending import end_others_of, end_surplus_of

logger = logging.getLogger("chatsite")

UNSPECIFIED = "0.0.0.0"  # noqa: S104 - an address as well, for a table's column; nothing listens there
LIMITS = ("too_many_login_attempts", "rate_limited")
"""What allauth calls it."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # untyped base
    _tried = ""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return may_sign_up(request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """By `CHAT_TRUSTED_PROXIES`."""
        address = client_address(request)
        return UNSPECIFIED if address == UNKNOWN else address

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Raises SignUpClosed, ValidationError, IntegrityError."""
        user = super().save_user(request, user, form, commit=False)  # it hashes, which takes long
        if commit:
            create_account(user, request)
        return user

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Of an address that its owner has had no mail at, but for an invitation."""
        return is_proved(request, email) or bool(super().is_email_verified(request, email))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Of who is inactive it says what it says of a wrong password; allauth has a page that says so.

        What is typed is looked for as an address, too, where it is given as a name. Given as both, the password of an
        address that somebody has would be checked once more, and how long that takes would tell.
        """
        if credentials.get("email") == credentials.get("username"):
            credentials.pop("email", None)
        user: User | None = super().authenticate(request, **credentials)
        return user if user and user.is_active else None

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Of a limit allauth makes a fault of the form in some places, and in others a 429, as here all are."""
        if code in LIMITS:
            wait = seconds_to_wait(self.request, "login_failed", self._tried) if self._tried else WAIT_SECONDS
            raise ImmediateHttpResponse(too_many(self.request, wait))
        fault: ValidationError = super().validation_error(code, *args)
        return fault

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts an attempt. Raises ImmediateHttpResponse."""
        self._tried = attempts_key(request, credentials)
        super().pre_authenticate(request, **credentials)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Without the name of the host, of which there may be several."""
        return self._tried or attempts_key(request, credentials)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        end_surplus_of(user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_device(request, response, user)
        return response

    def get_login_stages(self) -> list[str]:
        """Without second factors none is asked for, not even of who has one. One of the steps is ours."""
        ours = {"allauth.account.stages.EmailVerificationStage": "chatsite.accounts.stages.ConfirmedAddressStage"}
        stages: list[str] = [ours.get(stage, stage) for stage in super().get_login_stages()]
        return [stage for stage in stages if settings.CHAT_MFA != "off" or not stage.startswith("allauth.mfa.")]

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has none is led to a page that says whom to ask."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        nowhere = {"id": "impossible", "description": "", "url": reverse("account_reauthenticate_impossible")}
        return ways or ([nowhere] if user.is_authenticated else [])

    def login(self, request: HttpRequest, user: User) -> None:
        """Who is deleted meanwhile is no user: Django notes the time of a login in their row."""
        try:
            super().login(request, user)
        except DatabaseError as error:
            self._leave_if_gone(request, user, error)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """What asked for it goes on without a mail server, and the page says so."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            logger.warning("An e-mail could not be sent (%s). See EMAIL_URL.", type(error).__name__)
            sentence = gettext("The e-mail could not be sent now. Try again later, or ask the administrator.")
            self.add_message(self.request, messages.ERROR, message=sentence)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Hashed anew on the way, by a better hasher, it is the same password: the session goes on."""
        is_right: bool = super().reauthenticate(user, password)
        if is_right:
            user.refresh_from_db(fields=["password"])
            keep_session(self.request, user)
        return is_right

    def set_password(self, user: User, password: str) -> None:
        user.set_password(password)
        try:
            user.save(update_fields=["password"])
        except DatabaseError as error:
            self._leave_if_gone(self.request, user, error)
        end_others_of(user, self.request.session.session_key)

    def _leave_if_gone(self, request: HttpRequest, user: User, error: DatabaseError) -> None:
        if User.objects.filter(pk=user.pk).exists():
            raise error
        request.session.flush()
        raise ImmediateHttpResponse(redirect("account_login")) from error
