"""What in the site's settings cannot work, for `manage.py check`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import connections
from django.utils.module_loading import import_string

from chatsite.database_version import fault_in_version

LOCAL = ("localhost", "127.0.0.1", "[::1]", ".localhost")


@register()
def check_sign_up(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not isinstance(settings.CHAT_SIGNUP, list) or settings.CHAT_HAS_MAIL:
        return []
    sentence = "CHAT_SIGNUP names domains, whose addresses are to be confirmed, but no e-mail is sent."
    return [Error(sentence, hint="Set EMAIL_URL.", id="chatsite.E002")]


@register()
def check_confirmation(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        is_one = not settings.CHAT_CONFIRM or callable(import_string(settings.CHAT_CONFIRM))
    except ImportError:
        is_one = False
    hint = "It is the dotted path of a function. Without it users log in once more."
    return [] if is_one else [Error("CHAT_CONFIRM names no function.", hint=hint, id="chatsite.E004")]


@register()
def check_passkeys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Browsers take them over HTTPS alone, but for this machine's own name."""
    is_plain = not settings.DEBUG and not settings.SESSION_COOKIE_SECURE
    is_elsewhere = any(host not in LOCAL for host in settings.ALLOWED_HOSTS)
    if settings.CHAT_MFA == "off" or not is_plain or not is_elsewhere:
        return []
    hint = "Serve the site by HTTPS, and leave SESSION_COOKIE_SECURE on. Apps and recovery codes work all the same."
    return [Caution("Passkeys cannot be used over plain HTTP.", hint=hint, id="chatsite.W001")]


@register(Tags.database)
def check_database_version(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Also before each `migrate`, which would do nothing."""
    faults = [fault_in_version(connections[alias]) for alias in databases or ()]
    return [Error(fault, id="chatsite.E005") for fault in faults if fault]
