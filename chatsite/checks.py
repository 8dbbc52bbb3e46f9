"""What in the site's settings and its database cannot work, for `manage.py check`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.utils.module_loading import import_string

from chat.diagnostics.health import pending_migrations
from chatsite.database_version import fault_in_version
from chatsite.environment.names import twice, unread
from chatsite.settings import env

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


@register()
def check_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A misspelt name is as good as none."""
    found = [*unread(os.environ, env.entries, env.known), *twice(env.entries)]
    return [Caution(sentence, hint="docs/settings.md has them all.", id="chatsite.W020") for sentence in found]


@register()
def check_logins(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """As chat.W020, for the limits that the site has besides."""
    wrong, most = settings.CHAT_WRONG_LOGINS_PER_MINUTE, settings.CHAT_LOGINS_PER_MINUTE
    if not 0 < most < wrong or wrong == env.readings["CHAT_WRONG_LOGINS_PER_MINUTE"].default:
        return []
    sentence = f"CHAT_WRONG_LOGINS_PER_MINUTE is {wrong}, which is never reached: CHAT_LOGINS_PER_MINUTE is {most}."
    return [Caution(sentence, id="chatsite.W022")]


@register()
def check_database_file(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SQLite makes the file, and no folder."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3") or _may_be_made(Path(database["NAME"])):
        return []
    sentence = f"DATABASE_URL names a file that cannot be made, or a folder: {database['NAME']}."
    hint = "Make the folder that it is to be in, for the account that the site runs as."
    return [Error(sentence, hint=hint, id="chatsite.E020")]


@register()
def check_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.ALLOWED_HOSTS or settings.DEBUG:
        return []
    hint = "Set it to the names under which the site is reached, as in ALLOWED_HOSTS=chat.example.org."
    return [Caution("ALLOWED_HOSTS names no host, so each request is refused.", hint=hint, id="chatsite.W021")]


def _may_be_made(file: Path) -> bool:
    try:
        return file.parent.is_dir() and not file.is_dir()
    except PermissionError:
        return True  # for another account than this


@register(deploy=True)
def check_migrations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Of `check --deploy` and of the start: other commands do without, which to look would make slower."""
    hint = "Run, as the user of the site: manage.py migrate"
    if _is_absent():
        return [Caution("There is no database yet.", hint=hint, id="chatsite.W006")]
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
    is_file = connection.vendor == "sqlite" and not connection.is_in_memory_db()  # type: ignore[attr-defined]
    return is_file and not Path(connection.settings_dict["NAME"]).exists()
