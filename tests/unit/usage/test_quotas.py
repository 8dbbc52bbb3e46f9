"""What is reserved of a quota before a model is asked, and what becomes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from chat.core.endings import Status
from chat.core.quotas import Period, Unit
from chat.core.reply import Part, Reply
from chat.core.tokens import Tokens
from chat.errors import Forbidden, OverQuota
from chat.generation.finishing import finish, interrupt, stop_stored
from chat.i18n import in_english
from chat.live.events import start_data
from chat.models import Conversation, DailyUsage, Generation, Quota, QuotaGrant, SearchEntry, UsageEntry
from chat.models.rights import find_rights
from chat.providers.registry import registry
from chat.retention.erasure import erase, erase_account
from chat.usage.prices import price_of
from chat.usage.quotas import (
    Reserved,
    allowances,
    book_most_of_title,
    extend,
    reserve,
    rights_under_quotas,
)
from chat.usage.settling import settle, settle_title
from chat.usage.verifying import differences
from tests.support.queries import counted_queries
from tests.unit.usage.test_settling import BEGAN, STEPS, Killed, _killed, price, running

USED = Tokens(800, 0, 200)
"""Of what `accepted` reserves 1,000 + 200 + 500 for."""


def quota(amount: int | None, unit: Unit = Unit.TOKENS, period: Period = Period.MONTH, **whose: Any) -> Quota:
    return Quota.objects.create(unit=unit, period=period, amount=amount, **whose)


def accepted(owner: User, prompt: int = 1000, output: int = 500, text: str = "", **fields: Any) -> Generation:
    generation = running(owner, text, **fields)
    assert reserve(generation, prompt, output)
    generation.save()
    return generation


def reserved() -> list[int]:
    """Tokens, of all that runs."""
    rows = Generation.objects.running().exclude(reserved_day=None)
    return list(rows.values_list("reserved_tokens", flat=True))


def used(owner: User) -> int:
    """Of the one quota that holds."""
    (only,) = allowances(owner.pk)
    return only.used


def end(generation: Generation, tokens: Tokens = USED, status: Status = Status.COMPLETE) -> None:
    finish(generation, status, Reply([Part("text", "So.")]), tokens=tokens)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is when runs have begun here."""
    monkeypatch.setattr("chat.usage.quotas.timezone.now", lambda: BEGAN)


# Reserved before, settled after


def test_the_estimate_and_a_fifth_and_the_answers_limit_are_reserved(user: User) -> None:
    price()
    quota(10_000)
    generation = running(user)
    assert reserve(generation, 1000, 500) == Reserved(Tokens(1200, 0, 500, is_estimated=True), 500)
    assert (generation.reserved_day, generation.reserved_tokens) == (BEGAN.date(), 1700)
    assert generation.reserved_cost == 1200 * 2000 + 500 * 10_000
    generation.save()
    assert used(user) == 1700


def test_an_answer_without_a_limit_gets_that_of_the_settings(user: User, settings: Any) -> None:
    quota(10_000)
    assert reserve(running(user), 10, None) == Reserved(Tokens(12, 0, 4096, is_estimated=True), 4096)
    settings.CHAT_QUOTA_OUTPUT_TOKENS = 100
    assert reserve(running(user), 10, None) == Reserved(Tokens(12, 0, 100, is_estimated=True), 100)


def test_no_more_is_reserved_than_a_model_can_write(user: User, settings: Any) -> None:
    models = [{"name": "gpt-4o-mini", "output": 300}]
    settings.CHAT_PROVIDERS = [{"name": "default", "address": "http://127.0.0.1:1/v1", "models": models}]
    quota(10_000)
    assert reserve(running(user), 10, None) == Reserved(Tokens(12, 0, 300, is_estimated=True), 300)
    assert reserve(running(user), 10, 500) == Reserved(Tokens(12, 0, 300, is_estimated=True), 300)
    assert reserve(running(user), 10, 200) == Reserved(Tokens(12, 0, 200, is_estimated=True), 200)


def test_nothing_is_reserved_for_whom_no_quota_holds(user: User) -> None:
    quota(1, user=User.objects.create(username="another"))
    quota(1, group=Group.objects.create(name="another"))
    generation = running(user)
    assert reserve(generation, 1000, 500) is None
    assert generation.reserved_day is None


def test_what_has_no_room_is_refused_in_words_and_stores_nothing(user: User) -> None:
    quota(2000)
    accepted(user)
    with pytest.raises(OverQuota) as refused:
        accepted(user)
    error = refused.value
    assert (error.status, error.code) == (429, "quota")
    assert error.said(in_english) == (
        "Your quota for this month has room for 300 tokens more, and this may take 1,700 tokens. "
        "It renews on April 1, 2026; if you need more before that, ask the administrator."
    )
    assert error.retry_after == (datetime(2026, 4, 1, tzinfo=UTC) - BEGAN).total_seconds()
    assert reserved() == [1700]


@pytest.mark.parametrize("unit", [Unit.MONEY, Unit.TOKENS, Unit.MESSAGES])
def test_a_quota_has_room_for_exactly_what_it_is(user: User, unit: Unit) -> None:
    price()
    amount = {Unit.MONEY: 1200 * 2000 + 500 * 10_000, Unit.TOKENS: 1700, Unit.MESSAGES: 1}[unit]
    row = quota(amount - 1, unit)
    with pytest.raises(OverQuota):
        accepted(user)
    Quota.objects.filter(pk=row.pk).update(amount=amount)
    accepted(user)
    assert used(user) == amount
    with pytest.raises(OverQuota):
        accepted(user)


def test_the_end_turns_what_is_reserved_into_what_is_spent(user: User) -> None:
    quota(2000)
    generation = accepted(user)
    end(generation)
    assert not reserved()
    assert used(user) == 1000
    assert differences() == []


@pytest.mark.parametrize(
    "end",
    [
        lambda generation: interrupt([generation.pk]),
        lambda generation: stop_stored(generation.pk),
        lambda generation: erase(Conversation.objects.filter(pk=generation.message.conversation_id)),
    ],
)
def test_whoever_ends_a_run_settles_its_reservation(user: User, end: Callable[[Generation], object]) -> None:
    quota(2000)
    end(accepted(user, text="So it is. " * 30))
    assert not reserved()
    assert used(user) == 200  # 300 characters each
    assert differences() == []


def test_an_erased_account_leaves_no_reservation(user: User) -> None:
    quota(2000, user=user)
    QuotaGrant.objects.create(user=user, unit="tokens", period="month", first_day=BEGAN.date(), amount=1)
    accepted(user)
    erase_account(user.pk)
    assert not any(rows.objects.exists() for rows in (Generation, Quota, QuotaGrant, User))
    assert differences() == []


@pytest.mark.parametrize(("owner", "step"), STEPS)
def test_a_kill_while_it_settles_leaves_both_or_neither(
    user: User, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str
) -> None:
    quota(2000)
    generation = accepted(user, text="So it is. " * 30)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, _killed)
        with pytest.raises(Killed):
            end(generation)
    assert (used(user), UsageEntry.objects.count()) == (1700, 0)
    assert interrupt([generation.pk]) == 1
    assert (used(user), reserved(), DailyUsage.objects.get().runs) == (200, [], 1)
    assert differences() == []
    assert type(SearchEntry.objects)  # the steps are those of test_settling


def test_a_kill_while_it_reserves_leaves_what_was_there(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its row was written, in the transaction that accepts a question, and in the one that reserves more."""
    quota(5000)

    @transaction.atomic
    def accept() -> None:
        accepted(user)
        _killed()

    with pytest.raises(Killed):
        accept()
    assert not reserved()
    generation = accepted(user)
    change = Generation.reserve

    def killed(generation: Generation, cost: int, tokens: int) -> None:
        change(generation, cost, tokens)
        assert reserved() == [tokens]
        _killed()

    monkeypatch.setattr(Generation, "reserve", killed)
    with pytest.raises(Killed):
        extend(generation, Tokens(2000, 0, 500))
    assert used(user) == 1700


def test_usage_that_is_settled_twice_counts_once(user: User) -> None:
    quota(2000)
    generation = accepted(user)
    end(generation)
    settle(generation, USED, Status.INTERRUPTED)
    assert used(user) == 1000


def test_an_answer_that_failed_is_no_message(user: User) -> None:
    quota(2, Unit.MESSAGES)
    end(accepted(user), status=Status.FAILED)
    end(accepted(user), status=Status.STOPPED)
    assert used(user) == 1


def test_who_asks_is_told_where_little_was_left_before(user: User) -> None:
    quota(3400)
    told = []
    for _ in range(2):
        generation = accepted(user)
        told.append(start_data(generation).get("quota"))
        end(generation, Tokens(1360 if not told[1:] else 0))
        Quota.objects.update(amount=1700 + 1360)
    assert told == [None, None]
    Quota.objects.update(amount=1700)
    generation = accepted(user, prompt=0, output=340)
    line = "You have used 80 % of your quota for this month. Until April 1, 2026 there is room for 340 tokens."
    assert start_data(generation)["quota"] == line


# What a run reserves on its way


def test_a_run_reserves_more_in_place_of_what_it_had(user: User) -> None:
    quota(2000)
    generation = accepted(user)
    assert extend(generation, Tokens(1500, 0, 500))
    assert used(user) == 2000
    assert not extend(generation, Tokens(1501, 0, 500))
    assert used(user) == 2000


def test_who_has_ended_reserves_nothing_more(user: User) -> None:
    quota(5000)
    generation = accepted(user)
    end(generation)
    assert extend(generation, Tokens(1500, 0, 500))
    assert used(user) == 1000


def test_a_run_goes_on_where_its_quota_is_gone_and_not_where_its_owner_is(user: User) -> None:
    row = quota(2000)
    generation = accepted(user)
    row.delete()
    assert extend(generation, Tokens(10**8))
    quota(10**9)
    User.objects.filter(pk=user.pk).delete()
    assert not extend(generation, Tokens(1))


TITLE = ("default", "gpt-4o-mini", BEGAN)


def test_a_title_counts_as_the_most_that_it_may_cost_until_it_is_settled(user: User) -> None:
    quota(5000)
    pk = book_most_of_title(user.pk, *TITLE, 100)
    assert used(user) == 120 + 4096
    with pytest.raises(OverQuota):
        book_most_of_title(user.pk, *TITLE, 100)
    settle_title(pk, user.pk, *TITLE, Tokens(90, 0, 10), has_failed=False)
    assert (used(user), UsageEntry.objects.get().pk) == (100, pk)


def test_a_title_is_no_message(user: User) -> None:
    quota(1, Unit.MESSAGES)
    accepted(user)
    book_most_of_title(user.pk, *TITLE, 100)
    assert used(user) == 1


def test_a_row_that_is_gone_has_reserved_nothing(user: User) -> None:
    quota(10_000)
    accepted(user)
    assert used(user) == 1700
    Generation.objects.all().delete()
    assert used(user) == 0


# Which hold


def test_groups_are_those_of_the_moment(user: User) -> None:
    quota(1000)
    group = Group.objects.create(name="physics")
    quota(5000, group=group)
    with pytest.raises(OverQuota):
        accepted(user)
    user.groups.add(group)
    accepted(user)
    user.groups.remove(group)
    (only,) = allowances(user.pk)
    assert (only.limit.amount, only.left, only.percent) == (1000, 0, 100)


def test_where_a_group_is_deleted_everybodys_holds_again(user: User) -> None:
    quota(1000)
    group = Group.objects.create(name="physics")
    quota(5000, group=group)
    user.groups.add(group)
    generation = accepted(user)
    group.delete()
    assert allowances(user.pk)[0].limit.amount == 1000
    assert not extend(generation, Tokens(1700, 0, 100))
    end(generation)
    assert used(user) == 1000


def test_a_quota_below_what_is_spent_refuses_until_it_renews(user: User) -> None:
    row = quota(10_000, period=Period.DAY)
    end(accepted(user))
    Quota.objects.filter(pk=row.pk).update(amount=100)
    with pytest.raises(OverQuota, match="has room for"):
        accepted(user, prompt=0, output=1)
    accepted(user, prompt=0, output=100, created_at=BEGAN + timedelta(days=1))


def test_a_grant_counts_for_its_period_alone(user: User) -> None:
    quota(1000)
    QuotaGrant.objects.create(
        user=user, unit="tokens", period="month", first_day=BEGAN.date().replace(day=1), amount=700
    )
    for at in (BEGAN - timedelta(days=20), BEGAN + timedelta(days=40)):
        with pytest.raises(OverQuota):
            accepted(user, created_at=at)
    accepted(user)


def test_a_run_is_of_the_day_on_which_it_began_in_the_sites_zone(user: User, settings: Any) -> None:
    """The night in which clocks go forward has 23 hours, that in which they go back 25."""
    settings.TIME_ZONE = "Europe/Berlin"
    quota(1700, period=Period.DAY)
    accepted(user, created_at=datetime(2026, 3, 28, 22, 59, tzinfo=UTC))  # 23:59
    accepted(user, created_at=datetime(2026, 3, 28, 23, 0, tzinfo=UTC))  # 0:00
    with pytest.raises(OverQuota):
        accepted(user, created_at=datetime(2026, 3, 29, 21, 59, tzinfo=UTC))  # 23:59, in summer
    accepted(user, created_at=datetime(2026, 3, 29, 22, 0, tzinfo=UTC))  # 0:00
    accepted(user, created_at=datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
    with pytest.raises(OverQuota):
        accepted(user, created_at=datetime(2026, 10, 25, 22, 59, tzinfo=UTC))


def test_a_clock_that_was_a_month_ahead_takes_nothing_from_this_month(user: User) -> None:
    quota(1700)
    end(accepted(user, created_at=BEGAN + timedelta(days=31)))
    accepted(user)
    with pytest.raises(OverQuota):
        accepted(user, created_at=BEGAN + timedelta(days=31))


def test_what_is_refused_says_the_quota_that_renews_last(user: User) -> None:
    for period in Period:
        quota(1000, period=period)
    with pytest.raises(OverQuota, match="for this month"):
        accepted(user)


# Prices


def test_a_model_without_a_price_is_refused_under_a_quota_in_money_alone(user: User) -> None:
    quota(10**16, Unit.MONEY, user=user)
    with pytest.raises(Forbidden, match="mystery costs is not known"):
        accepted(user, model="mystery")
    assert not reserved()
    Quota.objects.update(unit=Unit.TOKENS)
    accepted(user, model="mystery")


def test_a_model_without_a_price_is_not_offered_under_a_quota_in_money(user: User, settings: Any) -> None:
    settings.CHAT_MODELS = ["gpt-4o-mini", "mystery"]
    price()
    row = quota(1, Unit.MONEY, user=user)
    offered = registry().offered_to(rights_under_quotas(user))
    assert [model.key for model in offered] == ["gpt-4o-mini"]
    with pytest.raises(Forbidden, match="What mystery costs is not known here"):
        registry().check_offered("mystery", rights_under_quotas(user))
    row.delete()
    again = registry().offered_to(rights_under_quotas(User.objects.get(pk=user.pk)))
    assert [model.key for model in again] == ["gpt-4o-mini", "mystery"]


def test_a_superuser_has_quotas_too(user: User) -> None:
    user.is_superuser = True
    assert not find_rights(user).under_quotas
    quota(1, group=Group.objects.create(name="another"))
    assert find_rights(user).under_quotas


def test_what_costs_nothing_always_has_room(user: User) -> None:
    price(input=0, cached=0, output=0)
    quota(0, Unit.MONEY)
    end(accepted(user, prompt=10**6, output=10**6))
    accepted(user)


def test_a_price_of_a_billion_is_refused_or_counted_and_overflows_nothing(user: User) -> None:
    price(input=10**9, output=10**9)
    quota(10**15, Unit.MONEY)
    with pytest.raises(OverQuota):
        accepted(user)
    Quota.objects.update(amount=10**16)
    generation = accepted(user, prompt=1, output=1)
    end(generation, Tokens(10**8, 0, 10**8))
    assert used(user) == 10**16
    for _ in range(40):  # as if they had begun at once
        running(user, reserved_day=BEGAN.date(), reserved_cost=10**16, reserved_tokens=1)
    assert used(user) == 41 * 10**16


def test_what_was_spent_in_another_currency_counts_as_nothing(user: User, settings: Any) -> None:
    price()
    quota(10**16, Unit.MONEY)
    end(accepted(user))
    assert used(user) == 800 * 2000 + 200 * 10_000
    settings.CHAT_CURRENCY = "EUR"
    assert used(user) == 0


# Queries


def test_without_any_quota_nothing_is_asked(user: User) -> None:
    with counted_queries() as queries:
        rights_under_quotas(user)
    assert len(queries) == 1  # for which kinds of rules there are, which goes with the user elsewhere
    assert not find_rights(user).under_quotas


def test_quotas_cost_a_question_one_query_and_its_end_none(user: User) -> None:
    for period in Period:
        quota(10_000, period=period)
    generation = running(user)
    price()
    price_of(generation.provider, generation.model, BEGAN)  # prices are read every few seconds
    with counted_queries() as queries:
        reserve(generation, 10, 10)
    assert [query.split()[0] for query in queries] == ["SELECT"]
    with counted_queries() as queries:
        settle(generation, USED, Status.COMPLETE)
    assert len(queries) == 2  # as without: the run, and its day


def test_where_no_quota_holds_for_a_user_a_question_costs_one_query(user: User) -> None:
    quota(1, user=User.objects.create(username="another"))
    generation = running(user)
    price_of(generation.provider, generation.model, BEGAN)
    with counted_queries() as queries:
        reserve(generation, 10, 10)
    assert len(queries) == 1
