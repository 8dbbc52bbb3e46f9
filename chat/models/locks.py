"""Who goes first: transactions of one user come one after the other."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from chat.errors import NotLoggedIn
from chat.models.account_erasure import AccountErasure
from chat.models.sql import is_stored


def lock_owner(owner_id: Any) -> None:
    """Let one turn of a user finish before the next begins, so that limits and repeated ids are exact.

    Raises NotLoggedIn for a user who is being erased, or is gone.
    """
    # A statement of its own: one that waits for a lock sees other rows as they were before.
    if not _lock(owner_id) or is_stored(AccountErasure, owner_id, "user_id"):
        raise NotLoggedIn


def _lock(owner_id: Any) -> bool:
    """SQLite does so by itself: its transactions here are IMMEDIATE."""
    users = get_user_model()
    if not connection.features.has_select_for_update:
        return is_stored(users, owner_id, str(users._meta.pk.column))
    found = users._base_manager.select_for_update().filter(pk=owner_id).values_list("pk").first()
    return found is not None
