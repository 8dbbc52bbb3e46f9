"""The fragments of this process (chat/core/fragments.py), and what is dropped of them: whatever is erased.

Whoever erases is often another process. So each looks, every few seconds while it holds words of rows, which of these
are there still. A look that fails drops them all: nobody would know how long they had been gone.
"""

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.conf import settings as project
from django.db import models

from chat.conf import settings
from chat.core.batches import batches
from chat.core.fragments import FragmentStore, Row
from chat.failures import log_waiting
from chat.models import Attachment, Conversation, Feedback, Message, Preferences
from chat.models.threads import readers

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""With the look itself less than the 15 s that docs/guarantees.md promises."""
ROWS = 500
"""That a query names."""

_store: FragmentStore | None = None
_looks_in: set[int] = set()
"""Processes: in one that was forked nobody looks yet."""


def fragments() -> FragmentStore | None:
    """Those of this process; None where none are kept."""
    global _store
    if project.DEBUG or not (most := settings.CHAT_FRAGMENT_BYTES):
        return None
    if _store is None:
        _store = FragmentStore(most)
    return _store


def may_hold_words() -> bool:
    """Only where somebody looks what is erased."""
    return os.getpid() in _looks_in


def start_forgetting() -> None:
    """Look now and every few seconds, where other reads are short as well: no long erasure may hold it up."""
    _looks_in.add(os.getpid())
    threading.Thread(target=_forget_for_ever, name="chat-fragments", daemon=True).start()


def forget_erased() -> None:
    """Drop what is of rows that are gone, or hidden until they are restored."""
    if _store is None or not (rows := _store.rows()):
        return
    try:
        _store.drop(_gone(rows))
    except Exception as exc:
        _keep_none(exc)


def _forget_for_ever() -> None:
    """Also where a connection cannot even be looked at: whoever stopped looking would keep what is erased."""
    while True:
        try:
            readers.wait(forget_erased)
        except Exception as exc:
            _keep_none(exc)
        time.sleep(LOOK_SECONDS)


def _keep_none(exc: Exception) -> None:
    if _store is not None:
        _store.drop(_store.rows())
    log_waiting(logger, exc, "nobody can look for what is erased, so no words of rows are kept")


def _gone(rows: list[Row]) -> set[Row]:
    ids = defaultdict(list)
    for table, pk in rows:
        ids[table].append(pk)
    present = _present_rows()
    return {(table, pk) for table in ids for pk in _missing(present[table], ids[table])}


def _present_rows() -> "dict[str, models.QuerySet[Any]]":
    """By what `rows` of models calls them."""
    return {
        "conversation": Conversation.objects.all(),
        "message": Message.objects.all(),
        "attachment": Attachment.objects.all(),
        "feedback": Feedback.objects.all(),
        "preferences": Preferences.objects.all(),
    }


def _missing(rows: "models.QuerySet[Any]", ids: list[Any]) -> Iterable[Any]:
    """They are counted first: nearly always all are there."""
    for some in batches(ids, ROWS):
        found = rows.filter(pk__in=some)
        if found.count() < len(some):
            yield from set(some) - set(found.values_list("pk", flat=True))


def forget_all() -> None:
    """As where settings change, which texts depend on: in tests. A fork has nobody yet who looks."""
    global _store
    _store = None


os.register_at_fork(after_in_child=forget_all)
