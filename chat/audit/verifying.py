"""Whether the audit log is as it was written: the chain is computed anew, from the latest mark on.

What it finds is named by numbers of links and ids of entries. It cannot know what was taken before it was chained,
within a second, nor what was taken from the end: for that it is told a head that was kept elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from chat.audit.chain import last_link, latest_mark
from chat.audit.keys import known_keys
from chat.core.audit_chain import FIRST, link_mac, mark_mac, time_text
from chat.models import AuditEntry, AuditLink, AuditMark, UnchainedEntry

BATCH = 2000
"""Links that are in memory together."""


@dataclass
class Report:
    chained: int = 0
    head: str = ""
    faults: list[str] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    """Entries that are not chained yet."""
    pruned: int = 0
    """Links up to this number were taken by prunes."""


class Malformed(ValueError):
    """That is no head."""


def verify(heads: list[str] | None = None) -> Report:
    """Compares with `heads`, as they were logged. Raises Malformed. Changes nothing, and holds nobody up."""
    parsed = [parse_head(head) for head in heads or []]
    report = _verify(parsed)
    if report.faults and latest_mark()[0] != report.pruned:  # a prune began meanwhile
        report = _verify(parsed)
    return report


def parse_head(head: str) -> tuple[int, str]:
    number, _colon, mac = head.strip().partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and len(mac) == len(FIRST)):
        raise Malformed(f"This is no head, which is a number, a colon and {len(FIRST)} digits: {head!r}")
    return int(number), mac.lower()


def links_after(number: int, until: int | None = None) -> Iterator[tuple[AuditLink, AuditEntry | None]]:
    """In their order, each with its entry, if that is there."""
    while True:
        rows = AuditLink.objects.filter(number__gt=number).order_by("number")
        some = list(rows.filter(number__lte=until)[:BATCH] if until is not None else rows[:BATCH])
        if not some:
            return
        entries = AuditEntry.objects.in_bulk([link.entry for link in some])
        for link in some:
            yield link, entries.get(link.entry)
        number = some[-1].number


def _verify(heads: list[tuple[int, str]]) -> Report:
    number, mac = last_link()
    report = Report(head=f"{number}:{mac}")
    keys = known_keys()
    marks = list(AuditMark.objects.order_by("number"))
    for mark in marks:
        report.faults += _faults_of_mark(mark, keys)
    report.pruned, previous = (marks[-1].number, marks[-1].mac) if marks else (0, FIRST)
    _verify_links(report, keys, previous, number)
    for said in heads:
        report.faults += _faults_of_head(said, report.pruned, number)
    report.faults += _taken_unchained()
    report.waiting, left_out = _unchained()
    report.faults += [
        f"Entry {pk} is not chained, and waits for no link: it was put there by hand." for pk in left_out
    ]
    return report


def _verify_links(report: Report, keys: dict[str, str], mac: str, until: int) -> None:
    number: int = report.pruned
    previous: str | None = mac
    computed = ""
    """What the link before should have said: if the next one follows on that, the link was changed and no entry."""
    for link, entry in links_after(number, until):
        if link.number != number + 1:
            report.faults.append(f"{_range(number + 1, link.number - 1)} missing, with what they sealed.")
            previous = None
        number = link.number
        report.chained += 1
        fits, computed = _fits(link, entry, keys, previous, computed)
        if fits:
            report.faults.append(fits)
        previous = link.mac
    if number < until:
        report.faults.append(f"{_range(number + 1, until)} missing, with what they sealed.")


def _fits(
    link: AuditLink, entry: AuditEntry | None, keys: dict[str, str], previous: str | None, computed: str
) -> tuple[str, str]:
    """What is wrong with it, if anything, and what it should say."""
    if entry is None:
        return f"Entry {link.entry} (link {link.number}) is missing.", ""
    if (key := keys.get(link.key)) is None:
        return f"Link {link.number} was made with a key that is not known here ({link.key}).", ""
    if previous is None:
        return f"Link {link.number} follows on one that is missing: entry {link.entry} cannot be checked.", ""
    said = entry.canonical()
    right = link_mac(key, previous, link.number, said)
    if right == link.mac or (computed and link_mac(key, computed, link.number, said) == link.mac):
        return "", ""
    return f"Entry {link.entry} (link {link.number}) was changed, or its link.", right


def _faults_of_mark(mark: AuditMark, keys: dict[str, str]) -> list[str]:
    if (key := keys.get(mark.key)) is None:
        return [
            f"The mark of a prune up to link {mark.number} was made with a key that is not known here ({mark.key})."
        ]
    seal = mark_mac(key, mark.number, mark.mac, mark.entries, time_text(mark.at))
    return [] if seal == mark.seal else [f"The mark of a prune up to link {mark.number} was made by hand, or changed."]


def _faults_of_head(said: tuple[int, str], pruned: int, last: int) -> list[str]:
    number, mac = said
    if number < pruned or number == 0:
        return []
    if number > last:
        return [f"{_range(last + 1, number)} missing at the end: the head said {number}."]
    rows = AuditMark.objects if number == pruned else AuditLink.objects
    found = rows.filter(number=number).values_list("mac", flat=True).first()
    return [] if found is None or found == mac else [f"Link {number} is another one than the head said."]


def _taken_unchained() -> list[str]:
    there = AuditEntry.objects.filter(pk=OuterRef("entry"))
    gone = UnchainedEntry.objects.filter(~Exists(there)).order_by("entry").values_list("entry", flat=True)
    return [f"Entry {pk}, which was not chained yet, is missing." for pk in gone]


def _unchained() -> tuple[list[int], list[int]]:
    """Those that wait for their links, and those that do not."""
    links = AuditLink.objects.filter(entry=OuterRef("pk"))
    waits = UnchainedEntry.objects.filter(entry=OuterRef("pk"))
    unchained = AuditEntry.objects.filter(~Exists(links)).annotate(waits=Exists(waits)).order_by("pk")
    # In one statement: between two of them whoever chains them may have done so.
    rows = list(unchained.values_list("pk", "waits"))
    return [pk for pk, is_waiting in rows if is_waiting], [pk for pk, is_waiting in rows if not is_waiting]


def _range(first: int, last: int) -> str:
    return f"Link {first} is" if first == last else f"Links {first} to {last} are"
