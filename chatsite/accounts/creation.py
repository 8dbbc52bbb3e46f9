"""Who may make an account, and how it is stored."""

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest

from chatsite.accounts.first_account import has_accounts, may_make_first_account
from chatsite.accounts.invitations.acceptance import accept, accounts_are_the_providers, find_kept, is_invited
from chatsite.accounts.usernames import validate_distinct


class SignUpClosed(Exception):
    """There is no account for this visitor here."""


def may_sign_up(request: HttpRequest) -> bool:
    """Is there an account for this visitor? The first one takes the token, or DEBUG.

    Any other takes CHAT_SIGNUP or an invitation. One that is over is said to be: what it gives would be missed. Where
    all log in at a provider there is none.
    """
    if not has_accounts():
        return may_make_first_account(request)
    if accounts_are_the_providers():
        return False
    return find_kept(request) is not None if is_invited(request) else bool(settings.CHAT_SIGNUP)


@transaction.atomic
def create_account(user: User, request: HttpRequest) -> None:
    """Store a new account; the first one as administrator. Raises SignUpClosed, ValidationError, IntegrityError."""
    take_turns()
    if not may_sign_up(request):
        raise SignUpClosed
    validate_distinct(user.username)
    user.is_staff = user.is_superuser = not has_accounts()
    user.save(force_insert=True)
    if is_invited(request) and not user.is_superuser and not accept(request, user):
        raise SignUpClosed


@transaction.atomic
def create_member(user: User) -> None:
    """Store a new account that somebody else vouches for, and so never the first. Raises as above."""
    take_turns()
    if not has_accounts():
        raise SignUpClosed
    validate_distinct(user.username)
    user.save(force_insert=True)


def take_turns() -> None:
    """Let one sign-up finish before the next begins: two at the same time must not both be the first.

    PostgreSQL needs a row to lock. SQLite's transactions are IMMEDIATE, which does it.
    """
    users = ContentType.objects.filter(app_label=User._meta.app_label, model=User._meta.model_name)
    users.select_for_update(no_key=True).values_list("pk").first()
