"""SESSION_ENGINE: Django's sessions in the database, each read with a plain statement.

Each request begins with it, and through the ORM it takes five times as long, nearly all of it for building the same
statement again. What a session holds, and what makes it valid, stays Django's own business: one that
`django.contrib.sessions.backends.db` has written is valid here, and the other way round.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from chat.models.sql import scalar


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
