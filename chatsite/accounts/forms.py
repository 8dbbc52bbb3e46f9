"""What differs from allauth's forms."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext


class LogInForm(forms.LoginForm):  # type: ignore[misc] # untyped base
    """Takes the name as `username` too, as Django's own does: scripts and password managers know that."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        if data is not None and "login" not in data and "username" in data:
            data = data.copy()
            data["login"] = data["username"]
        super().__init__(data, **kwargs)
        self.fields["login"].label = gettext("Username or e-mail address")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
