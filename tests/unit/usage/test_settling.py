"""Each run is written down once, with its cost; sums equal rows, whatever comes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat.core.endings import Status
from chat.core.reply import Part, Reply
from chat.core.tokens import Tokens, estimated
from chat.generation.finishing import finish, interrupt, stop_stored
from chat.models import Conversation, DailyUsage, Generation, Message, MessagePart, ModelPrice, SearchEntry, UsageEntry
from chat.models.generation import LEASE
from chat.models.usage import MOST_SUM
from chat.retention.erasure import erase, erase_account
from chat.usage.prices import forget_prices
from chat.usage.settling import book_title, settle, settle_title
from chat.usage.verifying import differences
from tests.support.queries import counted_queries

TOKENS = Tokens(1000, 400, 200, 50)
BEGAN = datetime(2026, 3, 5, 12, tzinfo=UTC)


def running(owner: User, text: str = "", **fields: Any) -> Generation:
    conversation = Conversation.objects.create(owner=owner)
    asked = Message.objects.create(conversation=conversation, role="user", number=1)
    MessagePart.objects.create(message=asked, number=0, text="why " * 75)
    answer = Message.objects.create(conversation=conversation, parent=asked, role="assistant", number=2)
    if text:
        MessagePart.objects.create(message=answer, number=0, text=text)
    fields = {"model": "gpt-4o-mini", "created_at": BEGAN, **fields}
    return Generation.objects.create(message=answer, owner=owner, lease_until=timezone.now() + LEASE, **fields)


def price(**fields: Any) -> None:
    given = {"provider": "default", "model": "gpt-4o-mini", "since": date(2026, 1, 1), "currency": "USD"}
    ModelPrice.objects.create(**given | {"input": 2, "cached": 1, "output": 10} | fields)
    forget_prices()


def test_an_end_settles_the_run_with_its_tokens_its_cost_and_the_wait(user: User) -> None:
    price()
    generation, first = running(user), BEGAN + timedelta(milliseconds=1500)
    finish(generation, Status.COMPLETE, Reply([Part("text", "So.")]), tokens=TOKENS, first_piece_at=first)
    entry = UsageEntry.objects.get()
    assert (entry.pk, entry.kind, entry.owner_id, entry.status) == (generation.pk, "answer", user.pk, "complete")
    assert (entry.input, entry.cached, entry.output, entry.reasoning) == (1000, 400, 200, 50)
    # 600 at 2, 400 at 1 and 200 at 10 for a million, in billionths.
    assert (entry.cost, entry.currency, entry.first_token_ms) == (3_600_000, "USD", 1500)
    assert not entry.is_estimated
    assert differences() == []


def test_it_costs_an_insert_and_an_upsert(user: User) -> None:
    settle(running(user, created_at=timezone.now()), TOKENS, Status.COMPLETE)
    generation = running(user, created_at=timezone.now())
    with counted_queries() as queries:
        settle(generation, TOKENS, Status.COMPLETE)
    assert [query.split()[2] for query in queries] == ["chat_usageentry", "chat_dailyusage"]


def test_a_run_is_settled_once(user: User) -> None:
    generation = running(user)
    settle(generation, TOKENS, Status.COMPLETE)
    settle(generation, TOKENS, Status.INTERRUPTED)
    assert DailyUsage.objects.get().runs == UsageEntry.objects.count() == 1


def test_a_run_that_had_ended_settles_nothing(user: User) -> None:
    generation = running(user)
    assert stop_stored(generation.pk)
    before = DailyUsage.objects.values().get()
    assert not finish(generation, Status.COMPLETE, Reply(), tokens=TOKENS)
    assert DailyUsage.objects.values().get() == before


class Killed(BaseException):
    """As a process that is killed: nothing is stored that was not committed."""


def _killed(*_args: object) -> None:
    raise Killed


STEPS = [(UsageEntry, "store"), (DailyUsage, "add"), (type(SearchEntry.objects), "index_messages")]


@pytest.mark.parametrize(("owner", "step"), STEPS)
def test_a_kill_while_it_settles_leaves_sums_that_verify(
    user: User, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str
) -> None:
    """Before the row, between it and its sum, and after both; then a sweep settles the run."""
    generation = running(user, "So it is. " * 30)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, _killed)
        with pytest.raises(Killed):
            finish(generation, Status.COMPLETE, Reply(), tokens=TOKENS)
    assert not UsageEntry.objects.exists()
    assert differences() == []
    assert interrupt([generation.pk]) == 1
    assert DailyUsage.objects.get().runs == UsageEntry.objects.count() == 1
    assert differences() == []


@pytest.mark.parametrize("end", [lambda pk: interrupt([pk]), stop_stored])
def test_a_run_whose_process_is_gone_is_estimated_by_what_is_stored(user: User, end: Callable[[Any], object]) -> None:
    end(running(user, "So it is. " * 30).pk)
    entry = UsageEntry.objects.get()
    assert entry.is_estimated
    assert (entry.input, entry.output) == (100, 100)  # 300 characters each
    assert DailyUsage.objects.get().estimates == 1


def test_each_round_of_tools_of_a_run_that_died_sends_all_again(user: User) -> None:
    generation = running(user)
    parts = [("tool_call", "c" * 30), ("tool_result", "r" * 300), ("text", "t" * 60)]
    MessagePart.store([(generation.message_id, enumerate(Part(*each) for each in parts))])
    interrupt([generation.pk])
    entry = UsageEntry.objects.get()
    assert (entry.input, entry.output) == ((300 + 300 + 30 + 300) // 3, (30 + 60) // 3)


def test_what_is_erased_while_it_is_written_was_spent(user: User) -> None:
    running(user, "So it is. " * 30)
    erase(Conversation.objects.filter(owner=user))
    entry = UsageEntry.objects.get()
    assert (entry.status, entry.output, entry.is_estimated) == ("stopped", 100, True)
    assert differences() == []


@pytest.mark.parametrize("deleted", [lambda user: erase_account(user.pk), lambda user: user.delete()])
def test_who_is_erased_leaves_what_they_spent_without_a_name(user: User, deleted: Callable[[User], object]) -> None:
    group = Group.objects.create(name="physics")
    user.groups.add(group)
    settle(running(user), TOKENS, Status.COMPLETE)
    Generation.objects.all().delete()
    running(user, "So it is. " * 30)
    deleted(user)
    assert UsageEntry.objects.count() == 2
    assert set(UsageEntry.objects.values_list("owner", flat=True)) == {None}
    assert set(DailyUsage.objects.values_list("owner", "group_ids")) == {(None, str(group.pk))}
    assert differences() == []


def test_a_title_whose_owner_has_gone_is_nobodys(user: User) -> None:
    for owner_id, has_failed in ((user.pk, True), (-1, False)):
        of = owner_id, "default", "gpt-4o-mini", BEGAN, TOKENS
        settle_title(book_title(*of), *of, has_failed=has_failed)
    entries = UsageEntry.objects.order_by("status").values_list("owner", "kind", "status")
    assert list(entries) == [(None, "title", "complete"), (user.pk, "title", "failed")]
    assert differences() == []


def test_a_title_whose_process_is_killed_stays_as_an_estimate(user: User) -> None:
    price(input=3, cached=None, output=0)
    of = user.pk, "default", "gpt-4o-mini", BEGAN
    booked = book_title(*of, estimated(900, 0))
    entry = UsageEntry.objects.get()
    assert (entry.kind, entry.status, entry.input, entry.cost, entry.is_estimated) == (
        "title",
        "interrupted",
        300,
        900_000,
        True,
    )
    assert not DailyUsage.objects.get().failures, "nobody knows yet how it ends"
    assert differences() == []
    settle_title(booked, *of, TOKENS, has_failed=False)
    entry = UsageEntry.objects.get()
    assert (entry.status, entry.input, entry.cost, entry.is_estimated) == ("complete", 1000, 3_000_000, False)
    sums = DailyUsage.objects.get()
    assert (sums.runs, sums.failures, sums.estimates, sums.input, sums.cost) == (1, 0, 0, 1000, 3_000_000)
    assert differences() == []


def test_who_is_erased_while_a_title_is_made_leaves_what_it_used(user: User) -> None:
    of = user.pk, "default", "gpt-4o-mini", BEGAN
    booked = book_title(*of, estimated(900, 0))
    user.delete()
    settle_title(booked, *of, TOKENS, has_failed=False)
    assert set(UsageEntry.objects.values_list("owner", "input")) == {(None, 1000)}
    assert differences() == []


def test_sums_are_by_the_groups_of_that_moment(user: User) -> None:
    one, two = (Group.objects.create(name=name) for name in ("one", "two"))
    user.groups.add(two)
    settle(running(user), TOKENS, Status.COMPLETE)
    user.groups.add(one)
    settle(running(user), TOKENS, Status.FAILED)
    settle(running(user), TOKENS, Status.COMPLETE)
    ids = one.pk, two.pk
    one.delete()
    rows = DailyUsage.objects.order_by("runs").values_list("group_ids", "runs", "failures", "input")
    assert list(rows) == [(f"{ids[1]}", 1, 0, 1000), (f"{ids[0]},{ids[1]}", 2, 1, 2000)]
    assert differences() == []


def test_the_day_and_the_price_are_those_of_the_beginning_in_the_sites_zone(user: User, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    price(since=date(2026, 3, 1), input=5, cached=None, output=0)
    for hour in (22, 23):  # 23:30 on the last of February, and 00:30 on the first of March
        settle(running(user, created_at=datetime(2026, 2, 28, hour, 30, tzinfo=UTC)), TOKENS, Status.COMPLETE)
    rows = UsageEntry.objects.order_by("at").values_list("day", "cost")
    assert list(rows) == [(date(2026, 2, 28), None), (date(2026, 3, 1), 5_000_000)]


def test_a_day_of_more_or_fewer_hours_is_a_day(user: User, settings: Any) -> None:
    """In March a day of Berlin has 23 hours, in October one has 25."""
    settings.TIME_ZONE = "Europe/Berlin"
    times = {(3, 28, 22, 59): 28, (3, 28, 23, 0): 29, (3, 29, 21, 59): 29, (3, 29, 22, 0): 30}
    times |= {(10, 24, 21, 59): 24, (10, 24, 22, 0): 25, (10, 25, 22, 59): 25, (10, 25, 23, 0): 26}
    for moment in times:
        settle(running(user, created_at=datetime(2026, *moment, tzinfo=UTC)), TOKENS, Status.COMPLETE)
    days = UsageEntry.objects.order_by("at").values_list("day", flat=True)
    assert [day.day for day in days] == list(times.values())
    assert differences() == []


def test_of_groups_that_have_no_room_none_is_another(user: User) -> None:
    """The ids of 200 are more than the column takes: the first of them count, each whole."""
    groups = [Group.objects.create(name=str(number)) for number in range(200)]
    user.groups.set(groups)
    settle(running(user), TOKENS, Status.COMPLETE)
    ids = DailyUsage.objects.get().group_ids
    assert 490 < len(ids) <= 500
    assert ids.split(",") == [str(group.pk) for group in groups][: ids.count(",") + 1]


def test_a_first_piece_before_the_beginning_is_no_wait(user: User) -> None:
    """The clock was set back."""
    settle(running(user), TOKENS, Status.COMPLETE, BEGAN - timedelta(hours=1))
    assert UsageEntry.objects.get().first_token_ms is None
    assert DailyUsage.objects.get().begun == 0


def test_what_has_no_price_is_unknown_and_not_nothing(user: User) -> None:
    settle(running(user, model="mystery"), TOKENS, Status.COMPLETE)
    assert UsageEntry.objects.get().cost is None
    assert (DailyUsage.objects.get().unpriced, DailyUsage.objects.get().cost) == (1, 0)


def test_a_day_that_costs_more_than_a_column_holds_stops_there(user: User) -> None:
    price(input=1_000_000_000)
    settle(running(user), Tokens(100_000_000), Status.COMPLETE)
    assert UsageEntry.objects.get().cost == 10**16
    DailyUsage.objects.update(cost=MOST_SUM - 1)
    settle(running(user), Tokens(100_000_000), Status.COMPLETE)
    assert DailyUsage.objects.get().cost == MOST_SUM


def test_a_sum_that_is_not_its_rows_is_found(user: User) -> None:
    settle(running(user), TOKENS, Status.COMPLETE)
    call_command("usage", "--verify", stdout=(said := StringIO()))
    assert said.getvalue() == "The sums equal their rows: 1 runs.\n"
    DailyUsage.objects.update(output=199)
    (found,) = differences()
    assert (found.day, found.name, found.rows, found.sums) == (date(2026, 3, 5), "output", 200, 199)
    with pytest.raises(CommandError):
        call_command("usage", "--verify", stderr=StringIO())


def test_a_sum_without_rows_and_rows_without_a_sum_are_found(user: User) -> None:
    settle(running(user), TOKENS, Status.COMPLETE)
    DailyUsage.objects.update(day=date(2026, 3, 6))
    assert {each.day for each in differences()} == {date(2026, 3, 5), date(2026, 3, 6)}
