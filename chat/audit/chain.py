"""The chain's writer: a second after an entry was added it is sealed, by one process at a time.

Theory. Whoever adds an entry waits for its insert alone. The process is woken when that is committed, and within a
second it closes the chain over all that waits, its own and others'. What nobody closed (a command of manage.py, a
process that was killed between the two) is found by the next look of any process, every few seconds: one query of a
table that is empty nearly always, and no write.

One writer: it holds a lock of the database for its transaction, a lease that ends with the process that holds it. On
PostgreSQL that is an advisory lock on the table of links; SQLite has one writer anyway. Should both fail, the number
of a link is its key: of two transactions that follow on the same link one is undone, so the chain has no fork.
"""

import logging
import threading
import time

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from chat.audit.keys import current_key
from chat.audit.waking import wake, woken
from chat.core.audit_chain import FIRST, key_id, link_mac
from chat.failures import log_waiting
from chat.models import AuditEntry, AuditLink, AuditMark, UnchainedEntry
from chat.models.sql import insert, scalar
from chat.models.threads import writers

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""How often it is looked for what others left."""
CLOSE_SECONDS = 1.0
"""How long it waits for more, once it is woken."""
HEAD_SECONDS = 3600.0
ROWS = 500
"""That are chained in one transaction: others that write wait for it in SQLite."""
LOCK = 0x61756469


def start_chaining() -> None:
    """Look now, whenever this process has added something, and every few seconds; a thread says when."""
    threading.Thread(target=_chain_for_ever, name="chat-audit", daemon=True).start()


def close() -> int:
    """Seal all that waits. Returns how many entries that were."""
    count = 0
    while some := _close_some():
        count += some
    return count


def last_link() -> tuple[int, str]:
    """The number and the mac that the next link follows on."""
    mark = latest_mark()
    after = AuditLink.objects.filter(number__gt=mark[0]).order_by("-number")
    return after.values_list("number", "mac").first() or mark


def latest_mark() -> tuple[int, str]:
    """The number and the mac of the last link that a prune took; of the beginning if there was none."""
    return AuditMark.objects.order_by("-number").values_list("number", "mac").first() or (0, FIRST)


def head() -> str:
    """`number:mac` of the last link; who keeps it elsewhere can tell later whether any up to it is missing."""
    number, mac = last_link()
    return f"{number}:{mac}"


def _chain_for_ever() -> None:
    logged = -HEAD_SECONDS
    while True:
        try:
            writers.wait(close)
            if time.monotonic() - logged >= HEAD_SECONDS:
                logger.info("The head of the audit log: %s", writers.wait(head))
                logged = time.monotonic()
        except Exception as exc:
            log_waiting(logger, exc, "entries of the audit log are not chained")
        woken.wait(LOOK_SECONDS)
        woken.clear()
        time.sleep(CLOSE_SECONDS)


def _close_some() -> int:
    if not _waiting().exists():
        return 0
    with transaction.atomic():
        if not _is_our_turn():
            wake()  # whoever's turn it is may have looked before our entry was there
            return 0
        waiting = list(_waiting().order_by("entry").values_list("entry", flat=True)[:ROWS])
        chained = set(AuditLink.objects.filter(entry__in=waiting).values_list("entry", flat=True))
        entries = AuditEntry.objects.filter(pk__in=set(waiting) - chained).order_by("pk")
        links = _links(list(entries), *last_link())
        insert(links)
        UnchainedEntry.objects.filter(entry__in=[*chained, *(link.entry for link in links)]).delete()
    return len(links)


def _waiting() -> "QuerySet[UnchainedEntry]":
    """What waits and is not there stays: somebody has taken it, and that is said when the chain is verified."""
    return UnchainedEntry.objects.filter(Exists(AuditEntry.objects.filter(pk=OuterRef("entry"))))


def _links(entries: list[AuditEntry], number: int, mac: str) -> list[AuditLink]:
    key = current_key()
    links = []
    for entry in entries:
        number, mac = number + 1, link_mac(key, mac, number + 1, entry.canonical())
        links.append(AuditLink(number=number, entry=entry.pk, key=key_id(key), mac=mac))
    return links


def _is_our_turn() -> bool:
    """Until the transaction ends."""
    if connection.vendor != "postgresql":
        return True
    table = connection.ops.quote_name(AuditLink._meta.db_table)
    taken = scalar("SELECT pg_try_advisory_xact_lock((%s::bigint << 32) | %s::regclass::oid::bigint)", LOCK, table)
    return bool(taken)
