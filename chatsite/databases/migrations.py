"""How `manage.py migrate` goes about with a PostgreSQL that people use meanwhile.

A change of a table waits until nobody reads it any more, a backup say, and whoever asks for it next waits behind that.
So it waits for less time than they do, and else has changed nothing: run it again.
"""

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.dispatch import receiver

LOCK_SECONDS = 5
"""Half of what a request waits for a lock (CHAT_LOCK_SECONDS)."""


@receiver(pre_migrate)
def wait_briefly(using: str, **kwargs: Any) -> None:
    """https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT"""
    _set(using, f"lock_timeout = '{LOCK_SECONDS}s'")


@receiver(post_migrate)
def wait_as_before(using: str, **kwargs: Any) -> None:
    _set(using, "lock_timeout TO DEFAULT")


def _set(using: str, what: str) -> None:
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute(f"SET {what}")
