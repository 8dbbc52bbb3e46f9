"""What users are told: who can read what they write, who has, and how long it stays."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from chat.audit import asking, erased_name, notice_days, told
from chat.conf import settings
from chat.core.numbers import whole
from chat.models import Conversation, ReadingContext
from chat.retention.days import days_for
from chat.retention.erasure import RESTORABLE
from chat.views.branches import asked_id
from chat.views.endpoints import endpoint
from chat.views.pages import render_page

READINGS = 50
"""On a page."""
DIGITS = 18
"""Of a number that every database takes."""


@dataclass(frozen=True, slots=True)
class Told:
    """A reading, as the owner of what was read sees it."""

    at: datetime
    who: str
    """Empty where the account is erased."""
    what: str
    reason: str
    conversation_id: str
    conversation: Conversation | None
    """None where it is deleted: then nothing is said of it but that it was."""


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/privacy/ — in words, and readings of what is one's own, newest first; with `?of=<uuid>` of one.

    With `?before=` those before that one.
    """
    of = asked_id(request, "of")
    found = told(user.pk, of)
    if before := whole(request.GET.get("before", ""), DIGITS):
        found = found.filter(pk__lt=before)
    rows = list(found[: READINGS + 1])
    context = {
        "is_read_by_staff": apps.is_installed("django.contrib.admin"),
        "asking": str(asking()),
        "notice_days": notice_days(),
        "words_days": settings.CHAT_AUDIT_WORDS_DAYS,
        "kept_days": days_for(user),
        "restorable_minutes": int(RESTORABLE.total_seconds() / 60),
        "of": of,
        "readings": _told(user, rows[:READINGS]),
        "more": rows[READINGS - 1].pk if len(rows) > READINGS else None,
    }
    return render_page(request, "chat/privacy/privacy.html", context)


def _told(user: AbstractBaseUser, rows: list[ReadingContext]) -> list[Told]:
    ids = {uuid.UUID(row.conversation_key) for row in rows}
    there = Conversation.objects.owned_by(user).present().in_bulk(ids) if ids else {}
    return [_said(row, there.get(uuid.UUID(row.conversation_key))) for row in rows]


def _said(row: ReadingContext, conversation: Conversation | None) -> Told:
    reading = row.reading
    who = "" if reading.user_name == erased_name(reading.user_key) else reading.user_name
    what = said_action(reading.action)
    return Told(reading.created_at, who, what, row.reason, row.conversation_key, conversation)


def said_action(action: str) -> str:
    """In the reader's language, without ids. Those of a project's own are said as they are."""
    known: dict[str, str] = {
        r"Read the transcript\.": _("Read the conversation"),
        r"Read who has read it\.": _("Looked at who has read it"),
        r"Read attachment \S+\.": _("Read an attached file"),
        r"Read the thumbnail of attachment \S+\.": _("Saw a small picture of an attached file"),
        r"Revoked the shared link \S+\.": _("Ended a shared link"),
        r"Read this feedback\.": _("Read what you think of an answer"),
        r"Read this call of a tool\.": _("Saw which tool was called"),
    }
    return next((said for pattern, said in known.items() if re.fullmatch(pattern, action)), action)
