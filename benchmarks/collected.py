"""The site as it is deployed, its static files collected and hashed, beside a Django that can fill its database."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from local_site import ROOT
from servers import Site, Upstream


class CollectedSite(Site):
    """`fill` makes the rows that it begins with, each time it is started.

    This process is the site too: it makes the rows and counts queries. So there can be one of these in a process.
    """

    def __init__(self, upstream: Upstream, core: int, fill: Callable[[], Any]) -> None:
        super().__init__(upstream, core)
        self._fill = fill
        self.filled: Any = None
        """What `fill` has returned."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "DJANGO_SETTINGS_MODULE": "tests.support.settings",
            "CHATSITE_TEST_FOLDER": str(self.folder),
            "SECRET_KEY": "benchmark-" * 6,
            "ALLOWED_HOSTS": "127.0.0.1,testserver",  # of Django's test client
        }

    def prepare(self) -> None:
        os.environ.update(self.environment())
        sys.path.insert(0, str(ROOT))
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        # Queries are counted on connections as they are opened (tests/support/queries.py).
        connections["default"].settings_dict["CONN_MAX_AGE"] = 0
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.filled = self._fill()
        connections.close_all()
        self._empty_log_of_database()
        shutil.copy(self.folder / "db.sqlite3", self.folder / "prepared.sqlite3")
        self._prepared = {"sessions": [], "conversations": {}}

    def _empty_log_of_database(self) -> None:
        """So that all is in the file that is copied."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("ANALYZE")
        connection.close()
