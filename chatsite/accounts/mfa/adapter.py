"""What allauth asks of the site about second factors (https://docs.allauth.org/en/latest/mfa/adapter.html)."""

import logging
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import qrcode
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy
from qrcode.image.svg import SvgPathFillImage

from chatsite.accounts.mfa.requirement import factors_of, is_demanded_of

logger = logging.getLogger("chatsite")


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc] # untyped base
    """Secrets lie in the database encrypted, by a key that is derived from SECRET_KEY (and follow it: rotation.py)."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": gettext_lazy(
            "This site asks you for a second factor, and this one is your last. Make another before you remove it."
        )
    }

    @property
    def _cipher(self) -> MultiFernet:
        return cipher_of_all_keys()

    def encrypt(self, text: str) -> str:
        return self._cipher.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Of what cannot be read it makes a secret that nobody knows: an empty one would let everybody in."""
        try:
            return self._cipher.decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.warning("A second factor cannot be read, for SECRET_KEY is another than when it was made.")
            return str(generate_totp_secret())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one where one is demanded."""
        others = factors_of(authenticator.user_id).exclude(pk=authenticator.pk)
        return not is_demanded_of(authenticator.user) or others.exists()

    def get_totp_issuer(self) -> str:
        """By this an app names the code. The host tells two sites apart."""
        return f"Chatsite {context.request.get_host().partition(':')[0]}"

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number} if number > 1 else gettext("Passkey")

    def build_totp_svg(self, url: str) -> SafeString:
        """An element of the page. Black on white in the dark too, for a camera."""
        drawn: str = qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode")
        return mark_safe(drawn)  # noqa: S308 # squares alone


def cipher_of_all_keys() -> MultiFernet:
    """Encrypts by SECRET_KEY, and reads what it or one of SECRET_KEY_FALLBACKS has encrypted."""
    return MultiFernet([cipher(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@cache
def cipher(secret: str) -> Fernet:
    key = salted_hmac("chatsite.accounts.mfa", "secrets", secret=secret, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
