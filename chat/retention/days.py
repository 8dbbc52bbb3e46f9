"""For how many days after the last activity in it a conversation is kept, by whose it is.

1. What groups of a user say counts before CHAT_RETENTION_DAYS, longer or shorter. Those without a row say nothing.
2. Of several groups the longest counts; 0 days, for ever, is longer than any other.
3. For all others it is CHAT_RETENTION_DAYS; 0, the default: for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from chat.conf import settings
from chat.core.limits import MOST_RETENTION_DAYS
from chat.models import GroupRetention
from chat.models.rights import RETENTION, rules_of
from chat.models.users import has_djangos_groups


@dataclass(frozen=True, slots=True)
class Rule:
    """So many days hold for these conversations."""

    days: int
    owned: Q
    groups: tuple[Any, ...]
    """Their ids; none where it is for those whom no group's counts for."""


def rules() -> list[Rule]:
    """Each conversation is of at most one; what is of none is kept for ever. The shortest first, all others last."""
    rows = list(GroupRetention.objects.order_by("group").values_list("group", "days")) if has_djangos_groups() else []
    found = [_rule(days, rows) for days in sorted({days for _pk, days in rows if days})]
    return [*found, *_rule_of_others([pk for pk, _days in rows])]


def days_for(user: Any) -> int | None:
    """None: for ever. Without a query where no group has a rule."""
    days = _days_of_groups(user) if _may_have_rule(user) else []
    if 0 in days:
        return None
    return max(days, default=None) or days_of_others()


def days_of_others() -> int | None:
    return min(settings.CHAT_RETENTION_DAYS, MOST_RETENTION_DAYS) or None


def _rule(days: int, rows: list[tuple[Any, int]]) -> Rule:
    groups = tuple(pk for pk, each in rows if each == days)
    longer = [pk for pk, each in rows if each > days or not each]
    owned = Q(owner__in=_members(groups))
    return Rule(days, owned & ~Q(owner__in=_members(longer)) if longer else owned, groups)


def _rule_of_others(groups: list[Any]) -> list[Rule]:
    days = days_of_others()
    return [Rule(days, ~Q(owner__in=_members(groups)) if groups else Q(), ())] if days else []


def _members(groups: Iterable[Any]) -> Any:
    return get_user_model()._base_manager.filter(groups__in=list(groups)).values("pk")


def _may_have_rule(user: Any) -> bool:
    return has_djangos_groups() and bool(rules_of(user) & RETENTION)


def _days_of_groups(user: Any) -> list[int]:
    mine = GroupRetention.objects.filter(group__in=user.groups.order_by().values("pk"))
    return list(mine.values_list("days", flat=True))
