"""Forms of second factors: what a browser or a person sends is bounded before anything looks at it."""

import struct
from collections.abc import Callable
from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext, gettext_lazy

MOST_CODE_CHARS = 32
MOST_NAME_CHARS = 100
MOST_CREDENTIAL_CHARS = 20_000
"""Of what a browser says of a passkey, with the maker's certificates: usually below 3,000."""

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, NotImplementedError, struct.error)
"""What the libraries raise that parse a passkey's answer (base64, JSON, CBOR, keys) where it is none."""


class CredentialField(forms.JSONField):
    """What `PublicKeyCredential.toJSON()` gives: an object, without NUL, which PostgreSQL's JSON cannot hold."""

    def to_python(self, value: Any) -> Any:
        too_much = isinstance(value, str) and (len(value) > MOST_CREDENTIAL_CHARS or "\\u0000" in value)
        try:
            credential = None if too_much else super().to_python(value)
        except RecursionError:
            credential = None
        if not isinstance(credential, dict) or not isinstance(credential.get("response"), dict):
            raise not_accepted()
        return credential

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Never shown again: each is good once."""
        return InvalidJSONInput()


class CodeForm(base.AuthenticateForm):  # type: ignore[misc] # untyped base
    """The second factor of a login, typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self)


class CodeAgainForm(base.ReauthenticateForm):  # type: ignore[misc] # untyped base
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bound(self)


class ActivateTOTPForm(totp.ActivateTOTPForm):  # type: ignore[misc] # untyped base
    """Shows the same secret until it is confirmed: a second tab, or Back, does not make the first one's void."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        begun = context.request.session.get(SECRET_SESSION_KEY)
        super().__init__(*args, **kwargs)
        if begun:
            self.secret = context.request.session[SECRET_SESSION_KEY] = begun
        _bound(self)


def _bound(form: Any) -> None:
    """A code: short, and asked for with the keys that it takes."""
    code = forms.CharField(
        label=form.fields["code"].label,
        max_length=MOST_CODE_CHARS,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )
    form.fields["code"] = code


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc] # untyped base
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=MOST_NAME_CHARS)
    credential = CredentialField(widget=forms.HiddenInput)
    passwordless = forms.BooleanField(
        label=gettext_lazy("Log in with it alone, without a password"),
        help_text=gettext_lazy("It then asks for your finger, your face or a PIN. Not every security key does."),
        required=False,
        initial=True,
    )
    field_order = ("name", "passwordless", "credential")

    def clean(self) -> Any:
        return _refused_if_broken(super().clean)


class EditPasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc] # untyped base
    name = forms.CharField(label=gettext_lazy("Name"), max_length=MOST_NAME_CHARS)


class PasskeyForm(webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc] # untyped base
    """The second factor of a login, by a passkey."""

    credential = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        return _refused_if_broken(super().clean_credential)


class PasskeyAgainForm(webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc] # untyped base
    credential = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        return _refused_if_broken(super().clean_credential)


class PasskeyAloneForm(webauthn.LoginWebAuthnForm):  # type: ignore[misc] # untyped base
    credential = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> Any:
        return _refused_if_broken(super().clean_credential)


def _refused_if_broken(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except UNREADABLE as exc:
        raise not_accepted() from exc
    except ValidationError as exc:
        raise not_accepted() if exc.code == "incorrect_code" else exc from exc


def not_accepted() -> ValidationError:
    return ValidationError(gettext("This passkey was not accepted. Please try again."), code="not_accepted")
