"""What in the site's settings and its database cannot work, for `manage.py check`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.module_loading import import_string

from chat.diagnostics.health import pending_migrations

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


@register(deploy=True)
def check_migrations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Of `check --deploy` and of the start: other commands do without, which to look would make slower."""
    hint = "Run, as the user of the site: manage.py migrate"
    if _is_absent():
        return [Caution("There is no database yet.", hint=hint, id="chatsite.W004")]
    try:
        pending = pending_migrations()
    except DatabaseError as error:
        sentence = f"The database cannot be read: {str(error).strip()}."
        return [Caution(sentence, hint="Look at DATABASE_URL, and whether it is there.", id="chatsite.W005")]
    if not pending:
        return []
    sentence = f"The database lacks {len(pending)} migrations, up to {pending[-1]}."
    return [Caution(sentence, hint=hint, id="chatsite.W004")]


def _is_absent() -> bool:
    """A file of SQLite that is not there yet: to connect would make it, and it would belong to whoever looks."""
    is_file = connection.vendor == "sqlite" and not connection.is_in_memory_db()
    return is_file and not Path(connection.settings_dict["NAME"]).exists()
