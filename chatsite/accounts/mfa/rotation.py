"""Secrets of second factors follow SECRET_KEY: what a former one has encrypted is encrypted anew.

The former ones are in SECRET_KEY_FALLBACKS until all that they have signed and encrypted is renewed (docs/deploy.md).
"""

import logging
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction

from chatsite.accounts.mfa.adapter import cipher, cipher_of_all_keys

logger = logging.getLogger("chatsite")

SECRETS = ("secret", "seed")
"""What of an authenticator app, and of recovery codes, lies encrypted."""


def encrypt_anew() -> int:
    """How many factors. Whoever uses one at the same time finds it as it was, or as it is then."""
    if not settings.SECRET_KEY_FALLBACKS:
        return 0
    factors = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by().values_list("pk", "data")
    former = [pk for pk, data in factors if _of_former_key(data)]
    count = sum(_encrypt_anew(pk) for pk in former)
    if count:
        logger.info("Encrypted %s second factors anew: SECRET_KEY is another than when they were made.", count)
    return count


@transaction.atomic
def _encrypt_anew(pk: int) -> bool:
    """False if it is gone, or another process has done it: all of them start at once."""
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if not factor or not (anew := _of_former_key(factor.data)):
        return False
    factor.data |= anew
    factor.save(update_fields=["data"])
    return True


def _of_former_key(data: dict[str, Any]) -> dict[str, str]:
    """What of it another key has encrypted that is known still, encrypted by today's."""
    return {name: anew for name in SECRETS if (anew := _renewed(data.get(name)))}


def _renewed(encrypted: Any) -> str | None:
    if not encrypted:
        return None
    try:
        cipher(settings.SECRET_KEY).decrypt(encrypted)
    except InvalidToken:
        return _rotated(encrypted)
    return None


def _rotated(encrypted: str) -> str | None:
    try:
        return cipher_of_all_keys().rotate(encrypted).decode()
    except InvalidToken:  # by a key that nobody has any more
        return None
