"""Passwords that are changed while their account may be deleted."""

from typing import Any


class PasswordAlone:
    """For a form of Django's that sets a password: it writes nothing else of the account.

    Django's own saves all of it, which undoes what others have changed since it was read: an account that is being
    erased would be active again, and one that is gone would be back.
    """

    def save(self, commit: bool = True) -> Any:
        """Raises DatabaseError if the account is gone."""
        user = super().save(commit=False)  # type: ignore[misc] # the form's
        if commit:
            user.save(update_fields=["password"])
        return user
