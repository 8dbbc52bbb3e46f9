"""Who goes first: transactions of one user come one after the other."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection


def lock_owner(owner_id: Any) -> None:
    """Let one turn of a user finish before the next begins, so that limits and repeated ids are exact.

    SQLite does so by itself: its transactions here are IMMEDIATE.
    """
    if connection.features.has_select_for_update:
        get_user_model()._base_manager.select_for_update().filter(pk=owner_id).values_list("pk").first()
