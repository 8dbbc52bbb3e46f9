"""The steps between a right password and a session (https://docs.allauth.org/en/latest/account/advanced.html)."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class ConfirmedAddressStage(EmailVerificationStage):  # type: ignore[misc] # untyped base
    """Who has signed up with an address confirms it first. Accounts that staff have made have none that must be."""

    def handle(self) -> Any:
        return super().handle() if _owes_confirmation(self.login.user) else (None, True)


def _owes_confirmation(user: Any) -> bool:
    """Of nobody too: what is shown must not tell whether there is an account."""
    if user is None:
        return True
    if user.is_superuser:  # who has made the first account may not have set up a mail server yet
        return False
    verified = EmailAddress.objects.filter(user=user).values_list("verified", flat=True)
    return bool(verified) and not any(verified)
