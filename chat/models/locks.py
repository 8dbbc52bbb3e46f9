"""Who goes first: transactions of one user come one after the other."""

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from chat.errors import NotLoggedIn
from chat.models.account_erasure import AccountErasure
from chat.models.sql import is_stored, prepared, scalar

NOT_ERASED = " AND NOT EXISTS (SELECT 1 FROM chat_accounterasure WHERE user_id = %s)"


def lock_owner(owner_id: Any) -> None:
    """Let one turn of a user finish before the next begins, so that limits and repeated ids are exact.

    Raises NotLoggedIn for a user who is being erased, or is gone.
    """
    if not (_lock(owner_id) if connection.features.has_select_for_update else _stays(owner_id)):
        raise NotLoggedIn


def _lock(owner_id: Any) -> bool:
    """And then look, by a statement of its own: one that waits for a lock sees other rows as they were before."""
    locked = scalar(_found(get_user_model()) + " FOR UPDATE", prepared(AccountErasure, "user_id", owner_id))
    return locked is not None and not is_stored(AccountErasure, owner_id, "user_id")


def _stays(owner_id: Any) -> bool:
    """SQLite locks by itself: its transactions here are IMMEDIATE."""
    owner = prepared(AccountErasure, "user_id", owner_id)
    return scalar(_found(get_user_model()) + NOT_ERASED, owner, owner) is not None


@cache
def _found(users: Any) -> str:
    table, key = map(connection.ops.quote_name, (users._meta.db_table, users._meta.pk.column))
    return f"SELECT 1 FROM {table} WHERE {key} = %s"  # noqa: S608 - names of the project's
