"""How long PostgreSQL may take for a statement that somebody waits for, and how long that may wait for a lock.

Said once for each connection, by SET: poolers such as PgBouncer refuse what is said while it is made (`options`). Only
in threads that requests wait for (chat/core/pools.py). What takes long by its nature has its own, and commands of
manage.py run in none: migrations, backups and a vacuum are never cut short.
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from chat.conf import settings
from chat.models.threads import has_time_outs

MOST_MS = 2**31 - 1


@receiver(connection_created)
def limit_statements(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """https://www.postgresql.org/docs/current/runtime-config-client.html"""
    if connection.vendor != "postgresql" or connection.alias != DEFAULT_DB_ALIAS or not has_time_outs():
        return
    for name, seconds in (
        ("statement_timeout", settings.CHAT_STATEMENT_SECONDS),
        ("lock_timeout", settings.CHAT_LOCK_SECONDS),
    ):
        if seconds:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, %s, false)", [name, str(_milliseconds(seconds))])


def _milliseconds(seconds: float) -> int:
    return max(1, min(round(seconds * 1000), MOST_MS))
