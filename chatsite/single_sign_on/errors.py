"""What can go wrong with a login at the provider, as one tree. Each says a sentence to the user.

LoginFailed         400  what the provider answered does not fit what was asked
├── NotAdmitted     403  who is not for this site
└── ProviderAway    503  it does not answer, or with nothing that can be read
"""

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.utils.translation import gettext_noop as _


class LoginFailed(OAuth2Error):  # type: ignore[misc] # untyped base; allauth catches it
    """`reason` is for the log: no name, no token."""

    status = 400
    sentence = _("The login at %(name)s did not succeed. Please try again.")

    def __init__(self, reason: str, sentence: str = "") -> None:
        super().__init__(reason)
        if sentence:
            self.sentence = sentence


class NotAdmitted(LoginFailed):
    status = 403
    sentence = _("You are logged in at %(name)s, but your account there is not one for this site.")


class ProviderAway(LoginFailed):
    status = 503
    sentence = _("%(name)s does not answer just now. Please try again in a moment.")
