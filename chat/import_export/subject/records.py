"""What the chat has written down about a person, and what of it is told in no section."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chat import audit
from chat.core.quotas import Unit
from chat.i18n import gettext_noop as _
from chat.import_export.subject.content import CONVERSATION, TIME
from chat.import_export.subject.sections import Row, Section, in_steps, leave_out, register
from chat.models import AuditEntry, DailyUsage, Hold, NoticeAcceptance, Quota, QuotaGrant, Reading, UsageEntry
from chat.models.usage import SUMS
from chat.usage.prices import BILLIONTHS

RUNS_STEP = 1_000
"""They are small, and no index has those of a user in order: each step sorts them."""


def _usage(user: Any) -> Iterator[Row]:
    for row in in_steps(DailyUsage.objects.filter(owner=user.pk), "day"):
        sums = {name: getattr(row, name) for name in SUMS if name != "cost"}
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
    cost = None if billionths is None else _money(billionths)
    return {"cost": cost, "currency": currency if cost else ""}


def _money(billionths: int) -> str:
    """Whole, as a text: a number of JSON may lose digits."""
    return f"{Decimal(billionths) / BILLIONTHS:.9f}"


def _quotas(user: Any) -> Iterator[Row]:
    for row in in_steps(Quota.objects.filter(user=user.pk)):
        yield {"unit": row.unit, "period": row.period, "amount": _amount(row)}


def _grants(user: Any) -> Iterator[Row]:
    for row in in_steps(QuotaGrant.objects.filter(user=user.pk)):
        known = {"unit": row.unit, "period": row.period, "first_day": row.first_day, "amount": _amount(row)}
        yield {"at": row.made_at, **known, "reason": row.reason}


def _amount(row: Quota | QuotaGrant) -> str | None:
    if row.amount is None:
        return None
    return _money(row.amount) if row.unit == Unit.MONEY else str(row.amount)


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


def _acts(user: Any) -> Iterator[Row]:
    """What they did alone: what others did to what is theirs may be a hold, of which nobody is told."""
    for row in in_steps(AuditEntry.objects.filter(actor_key=str(user.pk)), "at"):
        details = json.dumps(row.details, ensure_ascii=False)
        yield {"at": row.at, "action": row.action, "kind": row.object_kind, "id": row.object_key, "details": details}


def _kept(user: Any) -> Iterator[Row]:
    """Not why, nor since when, nor by whom."""
    for row in in_steps(Hold.objects.in_force().filter(owner_key=str(user.pk))):
        yield {"conversation": row.conversation_key}


TOKENS = {
    "input": _("Tokens read"),
    "cached": _("Of these from a cache"),
    "output": _("Tokens written"),
    "reasoning": _("Of these reasoning"),
}
QUOTA = {"unit": _("Of what"), "period": _("In each"), "amount": _("Amount")}
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
        "quotas",
        _("Quotas of your own"),
        _quotas,
        QUOTA,
        _("Others, of your groups or of everybody, may hold besides. Without an amount it is as much as you like."),
        ("chat.Quota",),
    ),
    Section(
        "grants",
        _("What you were granted besides"),
        _grants,
        {"at": TIME, **QUOTA, "first_day": _("From"), "reason": _("Reason")},
        tables=("chat.QuotaGrant",),
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
    Section(
        "acts",
        _("What you did, as the audit log has it"),
        _acts,
        {"at": TIME, "action": _("What"), "kind": _("Kind"), "id": _("Id"), "details": _("Details")},
    ),
    Section(
        "kept",
        _("What cannot be deleted at present"),
        _kept,
        {"conversation": CONVERSATION},
        _("Where no conversation is named it is everything. Whoever looks after this site can tell you more."),
        ("chat.Hold",),
    ),
)
leave_out(
    {
        "admin.LogEntry": "what one of the staff has changed, by ids and names of others' things",
        "chat.AccountErasure": "for the minutes of an erasure",
        "chat.MonthTotal": "sums of the usage by day",
        "chat.SearchEntry": "the words of the conversations",
        "chat.ThrottleEntry": "counts of the last minute",
    }
)
