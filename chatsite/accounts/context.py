"""What templates ask of accounts. The answers cost a query, which only a page that uses them pays."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from chatsite.accounts.creation import may_sign_up
from chatsite.accounts.first_account import has_accounts


def accounts(request: HttpRequest) -> dict[str, object]:
    """A context processor."""
    return {
        "signup_is_open": SimpleLazyObject(lambda: may_sign_up(request)),
        "has_accounts": SimpleLazyObject(has_accounts),
        "has_mail": settings.CHAT_HAS_MAIL,
        "has_second_factors": settings.CHAT_MFA != "off",
    }
