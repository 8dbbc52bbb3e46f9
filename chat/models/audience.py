"""Who reads what a shared link shows: what it says of itself, and what CHAT_SHARING says. The stricter counts.

Where nothing is set, new links are for members, and what was made for everybody goes on being that until it ends.
"""

from django.db import models
from django.utils.translation import gettext_lazy

from chat.conf import said_by_project

OFF, MEMBERS, PUBLIC = "off", "members", "public"
POSITIONS = {PUBLIC: PUBLIC, "on": PUBLIC, "true": PUBLIC, MEMBERS: MEMBERS, OFF: OFF, "false": OFF, "": OFF}
"""What CHAT_SHARING may be, and which of the three it means: it was a switch once."""


class Audience(models.TextChoices):
    MEMBERS = MEMBERS, gettext_lazy("people who are logged in here")
    PUBLIC = PUBLIC, gettext_lazy("everybody who has the link")


def is_known() -> bool:
    """Is CHAT_SHARING what it may be?"""
    return _said() in (None, *POSITIONS)


def is_on() -> bool:
    """Are there shared links at all?"""
    return _position() != OFF


def may_be_public() -> bool:
    """Can links be made for everybody?"""
    return _position() == PUBLIC


def stays_public() -> bool:
    """Can everybody read what was made for everybody?"""
    return _said() is None or _position() == PUBLIC


def _position() -> str:
    """What cannot be is off, and chat.E003 says so."""
    said = _said()
    return MEMBERS if said is None else POSITIONS.get(said, OFF)


def _said() -> str | None:
    (said,) = said_by_project(["CHAT_SHARING"])
    return None if said is None else str(said).strip().lower()
