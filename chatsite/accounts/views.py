"""What differs from allauth's views."""

from typing import Any

from allauth.account import views
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from chat.views import errors
from chatsite.accounts.creation import SignUpClosed
from chatsite.accounts.invitations.acceptance import find_kept, forget, is_invited
from chatsite.accounts.invitations.views import invitation_over


class PasswordReset(views.PasswordResetView):  # type: ignore[misc] # untyped base
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without a mail server its page says whom to ask."""
        if not settings.CHAT_HAS_MAIL:
            return render(request, "account/password_reset_by_administrator.html")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class SignUp(views.SignupView):  # type: ignore[misc] # untyped base
    """Makes an account and logs it in. 403 where sign-up is closed."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "invitation": is_invited(self.request)}

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()
        invitation = find_kept(self.request) if is_invited(self.request) else None
        return {**initial, "email": invitation.email} if invitation and invitation.email else initial

    def closed(self) -> HttpResponse:
        """One's invitation may be over. Without it one may sign up all the same, where others may."""
        if is_invited(self.request):
            forget(self.request)
            return invitation_over(self.request)
        return render(self.request, self.template_name_signup_closed, status=403)

    def form_valid(self, form: Any) -> HttpResponse:
        """What was right when the form was checked, and is no more when the account is stored."""
        try:
            return super().form_valid(form)  # type: ignore[no-any-return]
        except SignUpClosed:
            return self.closed()
        except IntegrityError:
            form.add_error("username", User().unique_error_message(User, ["username"]))
        except ValidationError as error:
            form.add_error("username", error)
        return self.form_invalid(form)  # type: ignore[no-any-return]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW. Who logs in twice, in two tabs, is logged in: the first makes the other's token worthless."""
    if request.path == reverse("account_login") and request.user.is_authenticated:
        return redirect(get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL)
    return errors.csrf_failure(request, reason)
