"""Taking what is old from the audit log, with a sealed mark in its place (CHAT_AUDIT_PRUNE).

The mark is added first, and with it the entry that says so: from then on the database lets go of what it covers
(chat/models/audit_triggers.py). Taking that goes a few rows at a time; if it is cut short the next prune finishes it.
"""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from chat.audit.actions import Action
from chat.audit.chain import latest_mark
from chat.audit.keys import current_key
from chat.audit.log import note
from chat.audit.verifying import links_after, verify
from chat.core.audit_chain import key_id, mark_mac, time_text
from chat.models import AuditEntry, AuditLink, AuditMark

ROWS = 500
"""That are taken in one transaction."""


class Refused(Exception):
    """The log is not as it was written: what would show that must not go."""


def prune(before: datetime) -> int:
    """Takes all from the beginning up to the first entry that is not older. Returns how many. Raises Refused."""
    if verify().faults:
        raise Refused
    begin, mac = latest_mark()
    number = begin
    for link, entry in links_after(begin):
        if entry is None or entry.at >= before:
            break
        number, mac = link.number, link.mac
    if number > begin:
        _mark(number, mac, number - begin, before)
    _take(number)
    return number - begin


def _mark(number: int, mac: str, entries: int, before: datetime) -> None:
    key, at = current_key(), timezone.now()
    seal = mark_mac(key, number, mac, entries, time_text(at))
    with transaction.atomic():
        AuditMark(number=number, mac=mac, entries=entries, at=at, key=key_id(key), seal=seal).save(force_insert=True)
        note(Action.PRUNE, None, (AuditLink._meta.label_lower, str(number)), entries=entries, before=time_text(before))


def _take(number: int) -> None:
    """All up to this link."""
    while True:
        rows = AuditLink.objects.filter(number__lte=number).order_by("number")
        some = list(rows.values_list("number", "entry")[:ROWS])
        if not some:
            return
        with transaction.atomic():
            _delete(AuditEntry._meta.db_table, "id", [entry for _number, entry in some])
            _delete(AuditLink._meta.db_table, "number", [number for number, _entry in some])


def _delete(table: str, column: str, values: list[int]) -> None:
    """Models refuse it."""
    table = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(values))
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({places})", values)  # noqa: S608 - names of ours
