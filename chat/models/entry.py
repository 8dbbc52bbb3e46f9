"""An entry of the list of conversations: what it shows of one, and nothing else, for each page asks for many."""

import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import ClassVar

from django.urls import reverse
from django.utils.translation import gettext

from chat.models.sql import read_id

BESIDE_ID = ("title", "is_pinned", "activity", "updated_at", "due_at")
FIELDS = ("id", *BESIDE_ID)
"""Of a conversation, in the order of an entry's own."""


@dataclass(slots=True)
class Entry:
    key: Hashable
    """Its id as the database has it: of most of a page's entries nobody asks for more."""
    title: str
    is_pinned: bool
    _activity: int
    _updated_at: datetime
    """Where it stands, and below which heading. No template sees these: each answer changes them, and no look."""
    due_at: datetime | None = None
    """When it goes because nothing happens in it; None until its last week."""
    is_answering: bool = False
    is_waiting: bool = False
    """Does its last answer wait for a yes?"""
    is_current: bool = False
    """Is it on show?"""
    is_renamed: bool = False
    """Is its title a form?"""

    is_heading: ClassVar = False

    @property
    def pk(self) -> uuid.UUID:
        return read_id(self.key)

    def get_absolute_url(self) -> str:
        return reverse("chat:conversation", args=[self.pk])

    @property
    def name(self) -> str:
        """Its title, or what stands for one."""
        return self.title or gettext("New conversation")

    @property
    def version(self) -> Hashable:
        """Another one when anything of it has changed that a template can show."""
        marks = self.is_pinned, self.is_answering, self.is_waiting, self.is_current, self.is_renamed
        return self.key, self.title, self.due_at, *marks

    @property
    def _place(self) -> tuple[int, uuid.UUID]:
        """In the order of the list."""
        return self._activity, self.pk

    def day(self, zone: tzinfo) -> date:
        """Of its last activity."""
        return self._updated_at.astimezone(zone).date()

    def was_active(self, begin: datetime, end: datetime) -> bool:
        """Last, before `end` and not before `begin`."""
        return begin <= self._updated_at < end

    @property
    def rows(self) -> list[tuple[str, uuid.UUID]]:
        """Whose words it bears (chat/retention/fragments.py)."""
        return [("conversation", self.pk)]
