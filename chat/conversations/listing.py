"""The list of a user's conversations: the pinned ones first, then by the day of their last activity, in pages.

A page goes on from a place in the order, not from a number: what is asked meanwhile moves nothing out of sight.
"""

import hashlib
import uuid
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Self, TypeVar

from django.utils import timezone

from chat.core.numbers import whole
from chat.errors import NO_CONVERSATION, BadInput, NotFound
from chat.i18n import gettext_noop as _
from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet
from chat.models.entries import answering, find_entry, first_entries, waiting
from chat.models.entry import FIELDS, Entry
from chat.models.sql import prepared
from chat.models.users import UserId

Listed = TypeVar("Listed", Entry, Conversation)

PAGE = 50
"""How many conversations a page of the list has, beside the pinned ones."""
MOST_PINNED = 100
"""That stand first. Older ones that are pinned, as by an import, stand where all others do."""
DAY = timedelta(days=1)
WEEK = 7 * DAY
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Of a conversation in the order of the list."""

    activity: int
    id: uuid.UUID

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `<activity>-<uuid>`. Raises BadInput."""
        activity, _dash, pk = text.partition("-")
        with suppress(ValueError):
            if (number := whole(activity, 18)) is not None:
                return cls(number, uuid.UUID(pk))
        raise BadInput(_("This is not a page of the list. Reload the page."))

    def __str__(self) -> str:
        return f"{self.activity}-{self.id}"


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations below one heading. `name` is `pinned`, `today`, `yesterday`, `weekday` or `month`."""

    name: str
    day: date | None = None
    conversations: list[Entry] = field(default_factory=list)

    is_heading = True

    @property
    def version(self) -> Hashable:
        """Of the heading alone."""
        return self.name, self.day

    @property
    def rows(self) -> list[tuple[str, Hashable]]:
        """Whose words are in the heading: nobody's."""
        return []

    @property
    def key(self) -> str:
        """The same on every page that has a part of it."""
        return f"{self.day:%Y-%m}" if self.day and self.name == "month" else str(self.day or self.name)


@dataclass(frozen=True)
class Listing:
    """A page of the list; `more` is where the next begins."""

    groups: list[Group]
    more: Cursor | None
    marked: list[Entry] = field(default_factory=list)
    """Those that show something besides their rows."""

    def mark(self, current: uuid.UUID | None = None, renamed: uuid.UUID | None = None) -> Self:
        """What an entry shows besides its row: that it is on show, that its title is a form."""
        current_key, renamed_key = (pk and prepared(Conversation, "id", pk) for pk in (current, renamed))
        self.marked.extend(each for each in self.entries if each.key in (current_key, renamed_key))
        for each in self.marked:
            each.is_current = each.key == current_key
            each.is_renamed = each.key == renamed_key
        return self

    @property
    def entries(self) -> list[Entry]:
        return [each for group in self.groups for each in group.conversations]

    @property
    def items(self) -> Iterator[Group | Entry]:
        """Headings, each before what stands below it."""
        for group in self.groups:
            yield group
            yield from group.conversations

    @property
    def version(self) -> Hashable:
        """Another one when anything has changed that a template can show."""
        return self.fingerprint, *(each.version for each in self.marked)

    @property
    def rows(self) -> list[tuple[str, uuid.UUID]]:
        """Whose words it bears (chat/retention/fragments.py)."""
        return [row for each in self.entries for row in each.rows]

    @cached_property
    def fingerprint(self) -> str:
        """The same as long as the page shows the same, in one language."""
        shown = [
            (str(each.key), each.title, each.is_pinned, each.is_answering, each.is_waiting, each.due_at)
            for each in self.entries
        ]
        headings = [(group.name, group.day, len(group.conversations)) for group in self.groups]
        return hashlib.sha256(repr((shown, headings, self.more)).encode()).hexdigest()


def listing(owner_id: UserId, after: Cursor | None = None, zone: tzinfo | None = None) -> Listing:
    """A page of the owner's list: the first, with the pinned ones, or that after a place, by days in `zone`."""
    place = (after.activity, after.id) if after else None
    found = first_entries(owner_id, MOST_PINNED + 1, PAGE + 1, place)
    first = [each for each in found if each.is_pinned][:MOST_PINNED]
    others = [each for each in found if not each.is_pinned]
    if len(first) + len(others) < len(found):  # there are more, and they stand where all others do
        below = Conversation.objects.listed(owner_id).exclude(pk__in=[each.pk for each in first])
        running, undecided = answering(owner_id), waiting(owner_id)
        rows = _page(below, after).values_list(*FIELDS)
        others = [
            Entry(pk, title, is_pinned, activity, at, due_at, pk in running, pk in undecided)
            for pk, title, is_pinned, activity, at, due_at in rows
        ]
    conversations, more = _cut(others)
    groups = by_day(conversations, timezone.localdate(timezone=zone), zone)
    if first and not after:
        groups.insert(0, Group("pinned", None, first))
    return Listing(groups, more)


def entry(owner_id: UserId, conversation_id: uuid.UUID, zone: tzinfo | None = None) -> Listing:
    """Of the owner's list that conversation alone, below its heading. Raises NotFound for what is not listed."""
    if not (found := find_entry(owner_id, conversation_id)):
        raise NotFound(NO_CONVERSATION)
    groups = (
        [Group("pinned", None, [found])]
        if found.is_pinned
        else by_day([found], timezone.localdate(timezone=zone), zone)
    )
    return Listing(groups, None)


def archived(owner_id: UserId, after: Cursor | None = None) -> tuple[list[Conversation], Cursor | None]:
    """A page of the owner's archive, newest activity first, and where the next begins."""
    return _cut(list(_page(Conversation.objects.listed(owner_id, archived=True), after)))


def by_day(conversations: Iterable[Entry], today: date, zone: tzinfo | None = None) -> list[Group]:
    """In the order that they have: each day of this week, then each month."""
    zone = zone or timezone.get_current_timezone()
    groups: list[Group] = []
    begin = end = NEVER
    for each in conversations:
        if not each.was_active(begin, end):  # few are of another day than the one before
            day = each.day(zone)
            begin, end = _midnight(day, zone), _midnight(day + DAY, zone)
            name, first = _heading(day, today)
            if not groups or (groups[-1].name, groups[-1].day) != (name, first):
                groups.append(Group(name, first))
        groups[-1].conversations.append(each)
    return groups


def _midnight(day: date, zone: tzinfo) -> datetime:
    """When it begins, in UTC: times of two zones take three times as long to compare."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _heading(day: date, today: date) -> tuple[str, date]:
    if day >= today:
        return "today", today
    if day == today - DAY:
        return "yesterday", day
    return ("weekday", day) if today - day < WEEK else ("month", day.replace(day=1))


def _page(conversations: ConversationQuerySet, after: Cursor | None) -> ConversationQuerySet:
    """And one more, if there is one."""
    if after:
        conversations = conversations.below(after.activity, after.id)
    return conversations.recent()[: PAGE + 1]


def _cut(found: list[Listed]) -> tuple[list[Listed], Cursor | None]:
    if len(found) <= PAGE:
        return found, None
    return found[:PAGE], Cursor(*found[PAGE - 1]._place)
