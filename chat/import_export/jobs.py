"""Imports beside the requests: users take turns, and what is stored goes on when its request has been answered."""

import asyncio
from functools import partial
from typing import IO
from uuid import UUID

from chat.attachments import sandbox
from chat.attachments.confinement import copy_of
from chat.attachments.inspection import Inspected, Limits
from chat.core.rights import ALL, Right, Rights
from chat.generation.background import spawn
from chat.i18n import gettext_noop as _
from chat.import_export.importing import Inspect, Preview, begin_import, import_file, preview
from chat.models import Import
from chat.models.imports import RENEW_SECONDS
from chat.models.threads import long_work, write_in_database
from chat.models.turns import FairThreads
from chat.models.users import UserId

AT_ONCE = 2
"""Files that this process reads at the same time, each in a process of its own."""
WAITING = 3
"""Files of one user that may wait; each lies on the disk meanwhile."""
PATIENCE = 8.0
"""Seconds for which a request waits for what it has begun: most imports are done by then."""

_readers = FairThreads(
    long_work, AT_ONCE, WAITING, _("Many of your files are being read already. Try again in a moment.")
)


async def look(owner_id: UserId, file: IO[bytes], name: str, rights: Rights = ALL) -> Preview:
    """What is in a file. Raises BadInput, TooLong, TooMany or Unavailable."""
    inspect = partial(_inspect, rights)
    return await _readers.call(owner_id, preview, owner_id, file, name, inspect)


async def start(
    owner_id: UserId, file: IO[bytes], name: str, looked: Preview, rights: Rights = ALL, pk: UUID | None = None
) -> "tuple[Import, asyncio.Task[int]]":
    """Begin to store what was found in a file, as the import `pk`. Raises Conflict while one is under way.

    The task goes on whatever becomes of its caller; it may raise as `look` does, and Conflict.
    """
    own = copy_of(file)
    try:
        begun = await write_in_database(begin_import, owner_id, looked.messages, pk)
    except BaseException:
        own.close()
        raise
    return begun, spawn(_import(begun, own, name, partial(_inspect, rights), looked.refused))


def _inspect(rights: Rights, file: IO[bytes], limits: Limits) -> Inspected:
    """Who may attach no files brings none along either. Raises Forbidden, too."""
    rights.check(Right.ATTACH)
    return sandbox.inspect_blocking(file, limits)


async def _import(begun: Import, file: IO[bytes], name: str, inspect: Inspect, without: set[int]) -> int:
    renewing = asyncio.create_task(_renew(begun))
    try:
        with file:
            storing = partial(import_file, begun, file, name, inspect, without=without)
            return await _readers.call(begun.owner_id, storing)
    finally:
        renewing.cancel()


async def _renew(begun: Import) -> None:
    """It may wait long for its turn, or for its database."""
    while await write_in_database(Import.objects.filter(pk=begun.pk).renew):  # noqa: ASYNC110 - the database says when it is over
        await asyncio.sleep(RENEW_SECONDS)
