"""System checks of the database, and of what rows are for."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from chat.conf import settings as chat_settings
from chat.core.pools import fault_in_connections
from chat.models import audience

IMMEDIATE = checks.Warning(
    "SQLite begins its transactions without the lock that they need to write.",
    hint='Set "OPTIONS": {"transaction_mode": "IMMEDIATE"} for this database. '
    'Otherwise two who ask at once get "database is locked", whatever the timeout is.',
    id="chat.W003",
)
ATOMIC = checks.Error(
    "ATOMIC_REQUESTS is on, and the views of the chat are asynchronous.",
    hint="Turn it off: Django refuses to call such views in a transaction, and those of the chat open their own.",
    id="chat.E001",
)
NO_INDEX = checks.Warning(
    "The index of the search is missing from the database.",
    hint="Run: manage.py migrate chat. If it finds nothing to do, the database was copied without it, "
    "or its migration was faked.",
    id="chat.W005",
)
NO_AUDIENCE = checks.Error(
    "CHAT_SHARING is none of off, members and public.",
    hint="Until it is, no shared link shows anything.",
    id="chat.E003",
)
NO_PERMISSION = checks.Error(
    "CHAT_ALLOWED is no permission of an app that is installed, so nobody but superusers may use the chat.",
    hint='One is written as in "chat.view_conversation": the label of its app, and its codename.',
    id="chat.E020",
)
UNKNOWN_PERMISSION = checks.Warning(
    "CHAT_ALLOWED is a permission that no model of its app has, so perhaps nobody but superusers may use the chat.",
    hint="Look at its codename. If a migration makes it, all is well: silence this.",
    id="chat.W022",
)
CONNECTIONS = "chat.E023"
INDEX = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'chat_search_added' "
    "AND EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'chat_search')",
    "postgresql": "SELECT 1 FROM pg_indexes WHERE tablename = 'chat_searchentry' AND indexname = 'chat_search'",
}


@register(Tags.compatibility)
def check_transactions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    settings = connections.settings["default"]
    is_sqlite = settings["ENGINE"].endswith("sqlite3")
    mode = str(settings.get("OPTIONS", {}).get("transaction_mode") or "").upper()
    found: list[CheckMessage] = [IMMEDIATE] if is_sqlite and mode not in ("IMMEDIATE", "EXCLUSIVE") else []
    return [ATOMIC, *found] if settings.get("ATOMIC_REQUESTS") else found


@register
def check_connections(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    fault = fault_in_connections(chat_settings.CHAT_REQUEST_THREADS, chat_settings.CHAT_DB_CONNECTIONS)
    return [checks.Error(f"CHAT_DB_CONNECTIONS {fault}.", id=CONNECTIONS)] if fault else []


@register
def check_sharing(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [] if audience.is_known() else [NO_AUDIENCE]


@register
def check_allowed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    app, _, codename = chat_settings.CHAT_ALLOWED.partition(".")
    if not app and not codename:
        return []
    codenames = codenames_of(app)
    if not codename or codenames is None:
        return [NO_PERMISSION]
    return [] if codename in codenames else [UNKNOWN_PERMISSION]


def codenames_of(app: str) -> set[str] | None:
    """Of all permissions that come with the models of an app; None if it is not installed."""
    if app not in apps.app_configs:
        return None
    found = set[str]()
    for model in apps.get_app_config(app).get_models():
        found |= {get_permission_codename(action, model._meta) for action in model._meta.default_permissions}
        found |= {codename for codename, *_ in model._meta.permissions}
    return found


@register(Tags.database)
def check_search_index(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Only where its table is: before the first `migrate` nothing is missing."""
    return [NO_INDEX for alias in databases or () if _has_table(alias) and not _has_index(alias)]


def _has_table(alias: str) -> bool:
    return "chat_searchentry" in connections[alias].introspection.table_names()


def _has_index(alias: str) -> bool:
    statement = INDEX.get(connections[alias].vendor)
    if not statement:
        return True
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() is not None
