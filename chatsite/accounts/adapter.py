"""What allauth asks of the site (https://docs.allauth.org/en/latest/account/adapter.html).

What allauth's own writes to an account it writes as a whole, which undoes what others have changed since it was read:
an account that is being erased would be active again, and one that is gone would be back. Here it writes what has
changed, and who is gone is logged out.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest
from django.shortcuts import redirect

from chatsite.accounts.creation import create_account, may_sign_up


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # untyped base
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return may_sign_up(request)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Raises SignUpClosed, ValidationError, IntegrityError."""
        user = super().save_user(request, user, form, commit=False)  # it hashes, which takes long
        if commit:
            create_account(user, request)
        return user

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Of who is inactive it says what it says of a wrong password; allauth has a page that says so."""
        user: User | None = super().authenticate(request, **credentials)
        return user if user and user.is_active else None

    def login(self, request: HttpRequest, user: User) -> None:
        """Who is deleted meanwhile is no user: Django notes the time of a login in their row."""
        try:
            super().login(request, user)
        except DatabaseError as error:
            self._leave_if_gone(request, user, error)

    def set_password(self, user: User, password: str) -> None:
        user.set_password(password)
        try:
            user.save(update_fields=["password"])
        except DatabaseError as error:
            self._leave_if_gone(self.request, user, error)

    def _leave_if_gone(self, request: HttpRequest, user: User, error: DatabaseError) -> None:
        if User.objects.filter(pk=user.pk).exists():
            raise error
        request.session.flush()
        raise ImmediateHttpResponse(redirect("account_login")) from error
