"""The keys that seal the audit log. They lie outside the database: who can write there alone cannot seal."""

from django.conf import settings as project
from django.utils.crypto import salted_hmac

from chat.conf import settings
from chat.core.audit_chain import key_id

SALT = "chat.audit"


def current_key() -> str:
    """CHAT_AUDIT_KEY, or one made of SECRET_KEY."""
    return settings.CHAT_AUDIT_KEY or derived(project.SECRET_KEY)


def known_keys() -> dict[str, str]:
    """By their ids, all that may have sealed what is there: former ones, too."""
    made = [derived(secret) for secret in (project.SECRET_KEY, *project.SECRET_KEY_FALLBACKS)]
    return {key_id(key): key for key in [current_key(), *settings.CHAT_AUDIT_KEY_FALLBACKS, *made]}


def derived(secret: str) -> str:
    return salted_hmac(SALT, "key", secret=secret, algorithm="sha256").hexdigest()
