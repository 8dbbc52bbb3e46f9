"""What the chat has written down about a person, and what of it is told in no section."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chat import audit
from chat.i18n import gettext_noop as _
from chat.import_export.subject.content import CONVERSATION, TIME
from chat.import_export.subject.sections import Row, Section, in_steps, leave_out, register
from chat.models import DailyUsage, NoticeAcceptance, Reading, UsageEntry
from chat.usage.prices import BILLIONTHS

RUNS_STEP = 1_000
"""They are small, and no index has those of a user in order: each step sorts them."""


def _usage(user: Any) -> Iterator[Row]:
    for row in in_steps(DailyUsage.objects.filter(owner=user.pk), "day"):
        sums = {name: getattr(row, name) for name in DailyUsage.SUMS if name != "cost"}
        known = row.cost if row.unpriced < row.runs else None
        yield {"day": row.day, **_asked(row), "groups": row.group_ids, **sums, **_cost(known, row.currency)}


def _runs(user: Any) -> Iterator[Row]:
    for row in in_steps(UsageEntry.objects.filter(owner=user.pk), step=RUNS_STEP):
        tokens = {name: getattr(row, name) for name in ("input", "cached", "output", "reasoning")}
        yield {
            "at": row.at,
            **_asked(row),
            "status": row.status,
            **tokens,
            "estimated": row.is_estimated,
            **_cost(row.cost, row.currency),
            "first_token_ms": row.first_token_ms,
            "id": row.pk,
        }


def _asked(row: DailyUsage | UsageEntry) -> Row:
    return {"kind": row.kind, "provider": row.provider, "model": row.model}


def _cost(billionths: int | None, currency: str) -> Row:
    """Whole, as a text: a number of JSON may lose digits."""
    cost = None if billionths is None else f"{Decimal(billionths) / BILLIONTHS:.9f}"
    return {"cost": cost, "currency": currency if cost else ""}


def _accepted(user: Any) -> Iterator[Row]:
    for row in in_steps(NoticeAcceptance.objects.filter(owner=user.pk)):
        yield {"version": row.version, "at": row.at}


def _readings(user: Any) -> Iterator[Row]:
    """As the site tells owners of them (CHAT_READING_NOTICE): `chat.audit.told` alone knows what that is."""
    for row in in_steps(audit.told(user.pk)):
        yield {
            "at": row.reading.created_at,
            "who": "" if row.reading.user_name == audit.erased_name(row.reading.user_key) else row.reading.user_name,
            "what": row.reading.action,
            "reason": row.reason,
            "conversation": row.conversation_key,
        }


def _read(user: Any) -> Iterator[Row]:
    """By this user, as one of the staff. What they have read is named by its id: its title is somebody else's."""
    mine = Reading.objects.filter(user_key=str(user.pk)).select_related("searched", "context")
    for row in in_steps(mine):
        yield {
            "at": row.created_at,
            "what": row.action,
            "kind": row.object_kind,
            "id": row.object_key,
            "reason": row.context.reason if hasattr(row, "context") else "",
            "words": row.searched.words if hasattr(row, "searched") else "",
        }


TOKENS = {
    "input": _("Tokens read"),
    "cached": _("Of these from a cache"),
    "output": _("Tokens written"),
    "reasoning": _("Of these reasoning"),
}
ASKED = {"kind": _("Kind"), "provider": _("Provider"), "model": _("Model")}
COST = {"cost": _("Cost"), "currency": _("Currency")}

register(
    Section(
        "usage",
        _("Usage by day"),
        _usage,
        {
            "day": _("Day"),
            **ASKED,
            "runs": _("Answers"),
            "failures": _("Of these failed"),
            **TOKENS,
            "estimates": _("Of which tokens are estimated"),
            **COST,
            "unpriced": _("Without a known price"),
            "groups": _("Ids of your groups"),
        },
        _("Where no cost stands, nobody knew the price."),
        ("chat.DailyUsage",),
    ),
    Section(
        "runs",
        _("Usage by answer"),
        _runs,
        {
            "at": TIME,
            **ASKED,
            "status": _("Outcome"),
            **TOKENS,
            "estimated": _("Estimated"),
            **COST,
            "first_token_ms": _("Milliseconds to the first word"),
            "id": _("Id"),
        },
        _("Where no cost stands, nobody knew the price."),
        ("chat.UsageEntry",),
    ),
    Section(
        "notices",
        _("Notices that you have accepted"),
        _accepted,
        {"at": TIME, "version": _("Version")},
        tables=("chat.NoticeAcceptance",),
    ),
    Section(
        "readings",
        _("Who has read what is yours"),
        _readings,
        {"at": TIME, "who": _("Who"), "what": _("What"), "reason": _("Reason"), "conversation": CONVERSATION},
        _("As far as this site tells you of readings by its staff: its page “Privacy” says whether and when."),
    ),
    Section(
        "read",
        _("What you have read as one of the staff"),
        _read,
        {
            "at": TIME,
            "what": _("What"),
            "kind": _("Kind"),
            "id": _("Id"),
            "reason": _("Reason"),
            "words": _("Words of a search"),
        },
    ),
)
leave_out(
    {
        "admin.LogEntry": "what one of the staff has changed, by ids and names of others' things",
        "chat.AccountErasure": "for the minutes of an erasure",
        "chat.SearchEntry": "the words of the conversations",
        "chat.ThrottleEntry": "counts of the last minute",
    }
)
