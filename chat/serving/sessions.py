"""SESSION_ENGINE: Django's sessions in the database, each read with a plain statement.

Each request begins with it, and through the ORM it takes five times as long, nearly all of it for building the same
statement again. What a session holds, and what makes it valid, stays Django's own business: one that
`django.contrib.sessions.backends.db` has written is valid here, and the other way round.
"""

from copy import deepcopy
from threading import Lock
from typing import Any

from cachetools import TTLCache, cached
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.utils import timezone

from chat.models.sql import scalar

MOST_READ = 2_000
SECONDS = 15
"""Sessions whose values a process remembers, as they were stored, and how long: a page is followed by other requests.
No longer than words that were erased may be there (chat/retention/fragments.py): a session bears its user's name."""


class SessionStore(db.SessionStore):
    """Django's sessions in the database. Of this name, for it is part of what a session is signed with."""

    def _validate_session_key(self, key: str | None) -> bool:
        """No other key was ever given out. A browser can send any, such as one with NUL, which PostgreSQL fails at."""
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc] # the stubs lack it
        return bool(is_long_enough) and str(key).isascii() and str(key).isalnum()

    def load(self) -> dict[str, Any]:
        now = Session._meta.get_field("expire_date").get_db_prep_value(timezone.now(), connection)
        valid = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"
        data = scalar(valid, self.session_key, now)
        if data is None:
            self._session_key = None
            return {}
        return self.decode(data)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What was read before need not be proved again: its signature covers all of it, and says nothing of time."""
        try:
            read = _read(
                session_data, self.key_salt, self.serializer, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS
            )
        except Exception:
            return super().decode(session_data)  # which says in the log what is wrong with it
        return deepcopy(read)


@cached(TTLCache(MOST_READ, SECONDS), lock=Lock())
def _read(data: Any, salt: str, serializer: Any, *keys: str) -> dict[str, Any]:
    found: dict[str, Any] = signing.loads(data, salt=salt, serializer=serializer)
    return found
