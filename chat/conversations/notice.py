"""What users are to accept before they ask (CHAT_NOTICE): the operator's own words.

It goes by version, the digest of its text: who has accepted another one is asked again. Until then nothing new comes
from them, neither questions, other answers and more of one, nor files and imports. What is theirs stays theirs to
read, to take along and to erase.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.safestring import SafeString, mark_safe

from chat.audit import Action, note
from chat.conf import settings
from chat.conversations.notice_file import read_notice
from chat.core.markdown import as_html
from chat.errors import Conflict, NotAccepted
from chat.i18n import gettext_noop as _
from chat.models import NoticeAcceptance

CHANGED = _("The notice has changed since you opened it. Read it again, and accept what it says now.")


@dataclass(frozen=True, slots=True)
class Notice:
    version: str
    text: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Standing:
    """Between a user and the notice."""

    notice: Notice
    accepted_at: datetime | None
    """None: not this version."""
    accepted_before: datetime | None
    """When they last accepted another one."""


def current() -> Notice | None:
    """As it was when the process started; None where there is none. Raises ImproperlyConfigured for no such file."""
    return _read(str(settings.CHAT_NOTICE)) if settings.CHAT_NOTICE else None


def standing(owner_id: Any) -> Standing | None:
    """By one query; by none where there is no notice."""
    notice = current()
    if not notice:
        return None
    accepted = dict(NoticeAcceptance.objects.filter(owner=owner_id).values_list("version", "at"))
    accepted_at = accepted.pop(notice.version, None)
    return Standing(notice, accepted_at, max(accepted.values(), default=None))


def pending(owner_id: Any) -> Standing | None:
    """None where nothing is left to be accepted."""
    found = standing(owner_id)
    return found if found and not found.accepted_at else None


def check_accepted(owner_id: Any) -> None:
    """Raises NotAccepted. By one query at most."""
    notice = current()
    if notice and not NoticeAcceptance.objects.has(owner_id, notice.version):
        raise NotAccepted


@transaction.atomic
def accept(owner_id: Any, version: str) -> NoticeAcceptance:
    """For good; to accept it twice is to accept it once. Raises Conflict for another version than is on show."""
    notice = current()
    if not notice or version != notice.version:
        raise Conflict(CHANGED)
    accepted, is_new = NoticeAcceptance.objects.get_or_create(owner_id=owner_id, version=version)
    if is_new:
        note(Action.NOTICE, accepted.owner, accepted, version=version)
    return accepted


@cache
def _read(path: str) -> Notice:
    try:
        file = read_notice(Path(path))
    except ValueError as exc:
        raise ImproperlyConfigured(f"CHAT_NOTICE {exc}") from None
    return Notice(file.version, file.text, mark_safe(as_html(file.text)))  # noqa: S308 - the operator's, without HTML
