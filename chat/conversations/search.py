"""Search: what an owner's words are found in, newest first, with its surroundings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from chat.core.search_terms import term_spans, terms_of
from chat.models import Message, SearchEntry
from chat.models.search_index import SearchEntryQuerySet
from chat.models.users import UserId

PAGE = 20
AROUND = 90
"""Characters that are shown before and after the first hit."""


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
    found = _first(SearchEntry.objects.matching_newest(owner_id, query, before))
    if len(found) <= PAGE:
        found = _first(SearchEntry.objects.matching(owner_id, query, before))
    hits = [_hit(entry, query) for entry in found[:PAGE]]
    return hits, hits[-1].entry_id if len(found) > PAGE else None


def _first(entries: SearchEntryQuerySet) -> list[SearchEntry]:
    """A page of them, newest first, and one more if there is one."""
    rows = entries.order_by("-pk").select_related("conversation", "message").prefetch_related("message__parts")
    return list(rows[: PAGE + 1])


def _hit(entry: SearchEntry, query: str) -> Hit:
    message: Message | None = entry.message
    text = message.text if message else entry.conversation.title
    runs = list(surroundings(text, query))
    return Hit(entry.pk, entry.conversation_id, entry.message_id, entry.conversation.title, runs)


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
