"""Search: what an owner's words are found in, newest first, with its surroundings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Greatest, Lower, StrIndex, Substr

from chat.core.reply import TEXT
from chat.core.search_terms import term_spans, terms_of
from chat.models import MessagePart, SearchEntry
from chat.models.search_index import Found
from chat.models.users import UserId

PAGE = 20
AROUND = 90
"""Characters that are shown before and after the first hit."""
LOOKED = 20_000
"""Characters of a message in which a hit is looked for, word by word: further on only as the database can."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message, or a conversation by its title if `message_id` is None."""

    entry_id: int
    conversation_id: UUID
    message_id: UUID | None
    title: str
    runs: list[tuple[str, bool]]
    """The text around the first word found, in pieces: what was found is marked True."""


def search(owner_id: UserId, query: str, before: int | None = None) -> tuple[list[Hit], int | None]:
    """A page of hits, and where the next one goes on (`before`); None if this was the last."""
    entries, most = SearchEntry.objects, PAGE + 1
    found = entries.matching_newest(owner_id, query, before, most)
    if len(found) <= PAGE:
        found = entries.matching(owner_id, query, before, most)
    beginnings = _beginnings([entry.message_id for entry in found[:PAGE] if entry.message_id])
    hits = [_hit(entry, beginnings, query) for entry in found[:PAGE]]
    return hits, hits[-1].entry_id if len(found) > PAGE else None


def _hit(entry: Found, beginnings: dict[UUID, str], query: str) -> Hit:
    text = beginnings.get(entry.message_id, "") if entry.message_id else entry.title
    runs = list(surroundings(text, query))
    if entry.message_id and len(text) > LOOKED and not _has_hit(runs):
        further = list(surroundings(_further(entry.message_id, query), query))
        runs = further if _has_hit(further) else runs
    return Hit(entry.pk, entry.conversation_id, entry.message_id, entry.title, runs)


def _has_hit(runs: list[tuple[str, bool]]) -> bool:
    return any(is_found for _, is_found in runs)


def _beginnings(messages: list[UUID]) -> dict[UUID, str]:
    """Of what was said in these messages."""
    texts: dict[UUID, str] = {}
    if not messages:
        return texts
    for pk, text in MessagePart.first_texts(messages, LOOKED):
        texts[pk] = (texts.get(pk, "") + text)[: LOOKED + 1]
    return texts


def _further(message_id: UUID, query: str) -> str:
    """What is around the query's first word in a long message, where the database finds it by its letters."""
    rows = MessagePart.objects.filter(message=message_id, kind=TEXT).order_by("number")
    found = rows.annotate(at=StrIndex(Lower("text"), Value(terms_of(query)[0]))).filter(at__gt=0)
    around = Substr("text", Greatest(F("at") - 2 * AROUND, 1), 6 * AROUND)
    return found.values_list(around, flat=True).first() or ""


def surroundings(text: str, query: str) -> Iterator[tuple[str, bool]]:
    """`text` around the first word that `query` finds, in pieces; True marks what was found."""
    wanted = tuple(terms_of(query))
    found = ((start, end) for start, end, word in term_spans(text) if word.startswith(wanted))
    first = next(found, (0, 0))  # no further than is shown: a text may be long
    begin, stop = max(0, first[0] - AROUND), first[0] + 2 * AROUND
    if begin:
        begin = text.find(" ", begin, first[0]) + 1 or begin
        yield "…", False
    for start, end in chain([first] if any(first) else [], found):
        if start >= stop:
            break
        yield text[begin:start], False
        yield text[start:end], True
        begin = end
    yield text[begin : max(begin, stop)], False
    if stop < len(text):
        yield "…", False
