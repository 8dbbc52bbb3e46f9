"""The audit log as JSON Lines, in the order of the chain, for whoever keeps it elsewhere or computes it anew."""

import json
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, Min, OuterRef

from chat.audit.chain import last_link, latest_mark
from chat.audit.verifying import links_after
from chat.models import AuditEntry, AuditLink


def lines(since: datetime | None = None) -> Iterator[str]:
    """From the first entry of that time on all that follow, and then those that are not chained yet.

    Each with its link's number, its mac and that of the link before, and the id of the key. `entry` is what is sealed.
    """
    number, previous = _begin(since)
    waiting = _unchained(since)  # before the chain is read: what is chained meanwhile is at its end
    for link, entry in links_after(number):
        waiting.discard(link.entry)
        yield _line(entry, number=link.number, previous=previous, mac=link.mac, key=link.key)
        previous = link.mac
    for entry in AuditEntry.objects.filter(pk__in=waiting).order_by("pk"):
        yield _line(entry, number=None, previous=None, mac=None, key=None)


def _unchained(since: datetime | None) -> set[int]:
    """Those of a second, nearly always."""
    rows = AuditEntry.objects.filter(~Exists(AuditLink.objects.filter(entry=OuterRef("pk"))))
    return set(rows.filter(**({"at__gte": since} if since else {})).values_list("pk", flat=True))


def _begin(since: datetime | None) -> tuple[int, str]:
    """The link that the first line follows on."""
    mark = latest_mark()
    if since is None:
        return mark
    wanted = AuditLink.objects.filter(entry__in=AuditEntry.objects.filter(at__gte=since).values("pk"))
    first = wanted.aggregate(first=Min("number"))["first"]
    if first is None:
        return last_link()
    before = AuditLink.objects.filter(number__gte=mark[0], number__lt=first).order_by("-number")
    return before.values_list("number", "mac").first() or mark


def _line(entry: AuditEntry | None, **link: int | str | None) -> str:
    return json.dumps(link | {"entry": entry and entry.as_document()}, ensure_ascii=True, separators=(",", ":"))
