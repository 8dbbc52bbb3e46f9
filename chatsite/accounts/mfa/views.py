"""What differs from allauth's views of second factors."""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.account.utils import passthrough_next_redirect_url
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import TemplateView

from chatsite.accounts.mfa.requirement import is_demanded_of

SHOWN_CODES = "recovery_codes_shown"
"""In a session: which recovery codes it has been shown, and so may download."""


class BackToIndex:
    """For what is no more there, or there already: done in another tab, or by a POST that came twice."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc,no-any-return]
        except (Http404, IntegrityError):
            return redirect("mfa_index")


class Removal(BackToIndex):
    """One at a time: of two that go in two tabs at once, the second may be the last one."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=str(self.request.user.pk))
            if get_adapter().can_delete_authenticator(self.factor()):
                return super().form_valid(form)  # type: ignore[misc,no-any-return]
        why = get_adapter().error_messages["cannot_delete_authenticator"]
        get_account_adapter().add_message(self.request, messages.ERROR, message=why)
        return redirect("mfa_index")

    def factor(self) -> Authenticator:
        raise NotImplementedError


class Index(base.IndexView):  # type: ignore[misc] # untyped base
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"is_demanded": is_demanded_of(self.request.user)}


class ActivateTOTP(BackToIndex, totp.ActivateTOTPView):  # type: ignore[misc] # untyped base
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who has it already is not led on to the page that takes it away."""
        response = super().dispatch(request, *args, **kwargs)
        leads_off = response.get("Location") == reverse("mfa_deactivate_totp")
        return redirect("mfa_index") if leads_off else response


class DeactivateTOTP(Removal, totp.DeactivateTOTPView):  # type: ignore[misc] # untyped base
    def factor(self) -> Authenticator:
        return self.authenticator


class AddPasskey(BackToIndex, webauthn.AddWebAuthnView):  # type: ignore[misc] # untyped base
    pass


class EditPasskey(BackToIndex, webauthn.EditWebAuthnView):  # type: ignore[misc] # untyped base
    pass


class RemovePasskey(Removal, webauthn.RemoveWebAuthnView):  # type: ignore[misc] # untyped base
    def factor(self) -> Authenticator:
        passkey: Authenticator = self.get_object()
        return passkey


class LogInByPasskey(webauthn.LoginWebAuthnView):  # type: ignore[misc] # untyped base
    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the login, which still leads where it did."""
        super().form_invalid(form)
        return redirect(passthrough_next_redirect_url(self.request, reverse("account_login"), REDIRECT_FIELD_NAME))


class PasskeyAgain(webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc] # untyped base
    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the question: the login, where allauth goes, leads who is logged in away from it."""
        super().form_invalid(form)
        return redirect(self.passthrough_next_url(self.request.path))


class RecoveryCodes(BackToIndex, recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc] # untyped base
    """Shows them once. The session that has seen them may download them while its login is fresh."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if context["can_view_codes"]:
            self.request.session[SHOWN_CODES] = _recovery_codes_of(self.request).pk
        return context


class RecoveryCodesFile(BackToIndex, recovery_codes.DownloadRecoveryCodesView):  # type: ignore[misc] # untyped base
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise_if_reauthentication_required(request, app="allauth.mfa")
        codes = _recovery_codes_of(request)
        if not codes or codes.pk != request.session.get(SHOWN_CODES):
            return redirect("mfa_index")
        self.unused_codes = codes.wrap().get_unused_codes()
        return TemplateView.dispatch(self, request, *args, **kwargs)


def _recovery_codes_of(request: HttpRequest) -> Any:
    return Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
