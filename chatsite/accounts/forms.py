"""What differs from allauth's forms."""

from typing import Any

from allauth.account import forms
from allauth.core import context
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext

from chat.views.confirmation import keep_session
from chatsite.accounts.first_account import has_accounts
from chatsite.accounts.invitations.acceptance import is_invited


class SignUpForm(forms.SignupForm):  # type: ignore[misc] # untyped base
    def clean_email(self) -> str:
        """Of one of the domains that CHAT_SIGNUP names, if it names some; an invitation admits any."""
        email: str = super().clean_email()
        domains = settings.CHAT_SIGNUP if isinstance(settings.CHAT_SIGNUP, list) else []
        if not domains or is_invited(context.request) or not has_accounts():
            return email
        if email.rpartition("@")[2].lower() not in domains:
            raise ValidationError(
                gettext("Accounts here are for addresses of %(domains)s.") % {"domains": ", ".join(domains)}
            )
        return email

    def try_save(self, request: HttpRequest) -> Any:
        """Takes as long where the address has an account already, to which a mail says so."""
        made, response = super().try_save(request)
        if made is None:
            make_password(self.cleaned_data["password1"])
        return made, response


class ChangePasswordForm(forms.ChangePasswordForm):  # type: ignore[misc] # untyped base
    def clean_oldpassword(self) -> Any:
        """Hashed anew on the way, it is the same password: the session goes on where the new one is refused."""
        password = super().clean_oldpassword()
        keep_session(context.request, self.user)
        return password


class LogInForm(forms.LoginForm):  # type: ignore[misc] # untyped base
    """Takes the name as `username` too, as Django's own does: scripts and password managers know that."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        if data is not None and "login" not in data and "username" in data:
            data = data.copy()
            data["login"] = data["username"]
        super().__init__(data, **kwargs)
        self.fields["login"].label = gettext("Username or e-mail address")
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class LogInAgainForm(forms.ReauthenticateForm):  # type: ignore[misc] # untyped base
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autofocus"] = True
