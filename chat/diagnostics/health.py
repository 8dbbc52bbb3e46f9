"""How this process is, for whoever sends requests to it or watches it: no login, no secret, and nothing before it.

`live/`: 200 as long as the process answers at all. `ready/`: 200 if it should be sent requests; else 503, and why:
`draining` (it is about to end), `database` (which does not answer within 2 s), `migrations` (the database is not as
this version needs it). Redis is not needed to be ready. Both are below CHAT_HEALTH_PATH, and answered before the host
and HTTPS are looked at.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse

from chat.conf import settings
from chat.generation.background import spawn
from chat.generation.shutdown import shutdown
from chat.models.threads import in_database

SECONDS = 2.0
"""How long the database may take."""
FRESH_SECONDS = 1.0
"""How long what was found is told again: whoever asks often asks the database no more often than that."""

Answer = Callable[[str], Awaitable[HttpResponse]]


def health_answer(path: str) -> Answer | None:
    """What answers a request of some method at this path; None if it is not about health."""
    if not (base := settings.CHAT_HEALTH_PATH) or not path.startswith(base):
        return None
    return {"live/": _live, "ready/": _ready.answer}.get(path.removeprefix(base))


async def _live(method: str) -> HttpResponse:
    return _response(method, {"status": "live"})


class Readiness:
    def __init__(self) -> None:
        self._is_migrated = False
        self._look: asyncio.Task[str] | None = None
        self._looked_at = -FRESH_SECONDS

    async def answer(self, method: str) -> HttpResponse:
        if fault := "draining" if shutdown.is_near else await self._fault():
            return _response(method, {"status": "not ready", "why": fault}, status=503)
        return _response(method, {"status": "ready"})

    async def _fault(self) -> str:
        """Of many who ask at once one looks, and one that hangs is not joined by others."""
        if not self._look or (self._look.done() and time.monotonic() > self._looked_at + FRESH_SECONDS):
            self._look = spawn(in_database(self._fault_of_database))
            self._looked_at = time.monotonic()
        await asyncio.wait({self._look}, timeout=SECONDS)
        return self._look.result() if self._look.done() else "database"

    def _fault_of_database(self) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self._is_migrated = self._is_migrated or not pending_migrations()
        except (DatabaseError, InterfaceError):
            return "database"
        return "" if self._is_migrated else "migrations"


_ready = Readiness()


def pending_migrations() -> list[str]:
    """Those that `migrate` would apply, in its order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _response(method: str, data: dict[str, str], status: int = 200) -> HttpResponse:
    if method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    return JsonResponse(data, status=status, headers={"Cache-Control": "no-store"})
