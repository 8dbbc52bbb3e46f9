"""What goes because nothing has happened in it for so many days: when, whose, and that its owner is told before."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.management import call_command
from django.utils import timezone

from chat.models import Conversation, GroupRetention, Hold
from chat.retention import due, holds
from chat.retention.days import days_for
from tests.http.test_erasure import everything_of, rows
from tests.support.conversations import stored_conversation
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TEN_YEARS = 3650


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


def idle(owner: User, days: float, **fields: Any) -> Conversation:
    """One in which nothing has happened for so long."""
    conversation, _ = stored_conversation(owner.pk, ["A question", "An answer"])
    changes = {"updated_at": timezone.now() - days * DAY, "created_at": timezone.now() - days * DAY} | fields
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    conversation.refresh_from_db()
    return conversation


def in_group(name: str, days: int | None, *users: User) -> Group:
    group, _ = Group.objects.get_or_create(name=name)
    if days is not None:
        GroupRetention.objects.update_or_create(group=group, defaults={"days": days})
    for user in users:
        user.groups.add(group)
    return group


def marked() -> set[Any]:
    return set(Conversation.objects.filter(due_at__isnull=False).values_list("pk", flat=True))


def look(now: datetime) -> None:
    due.take_marks_back(now)
    due.mark(now)


def after_a_week() -> None:
    """As if the marks were a week old."""
    for each in Conversation.objects.filter(due_at__isnull=False):
        Conversation.objects.filter(pk=each.pk).update(due_at=each.due_at - due.NOTICE)


# When


def test_by_default_everything_stays(owner: User) -> None:
    idle(owner, 10 * TEN_YEARS)
    assert (due.mark(), due.erase_due(), days_for(owner)) == (0, 0, None)


@pytest.mark.parametrize("days", [1, 7, 30, TEN_YEARS])
def test_it_is_marked_in_its_last_week_and_erased_when_it_is_due(settings: Any, owner: User, days: int) -> None:
    settings.CHAT_RETENTION_DAYS = days
    notice = min(days, 7)
    before = rows()
    last_week, _sooner = idle(owner, days - notice + 0.01), idle(owner, days - notice - 0.01)
    fresh = everything_of(owner)
    now = timezone.now()
    assert due.mark(now) == (1 if days > 7 else len(marked()))
    assert last_week.pk in marked()
    last_week.refresh_from_db()
    assert last_week.due_at == now + notice * DAY, "so it had all its days"
    assert due.erase_due() == 0
    for pk in (_sooner.pk, fresh.pk):
        Conversation.objects.filter(pk=pk).delete()
    after_a_week()
    Conversation.objects.update(updated_at=now - days * DAY)
    assert due.erase_due() == 1
    assert rows() == before


def test_what_is_long_past_goes_a_week_after_it_was_marked_too(settings: Any, owner: User) -> None:
    """As where the setting is new: nobody could have been told before."""
    settings.CHAT_RETENTION_DAYS = 30
    old, now = idle(owner, TEN_YEARS), timezone.now()
    due.mark(now)
    old.refresh_from_db()
    assert old.due_at == now + due.NOTICE
    assert due.mark(now + DAY) == 0, "and is not put off"


def test_what_is_gone_on_with_stays(settings: Any, owner: User) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    conversation = idle(owner, 40)
    due.mark()
    after_a_week()
    conversation.refresh_from_db()
    assert conversation.current
    conversation.touch(conversation.current)
    assert not marked()
    assert due.erase_due() == 0


def test_what_is_kept_a_few_days_longer_since_it_was_marked_has_these_days(settings: Any, owner: User) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    conversation = idle(owner, 31)
    due.mark()
    after_a_week()
    settings.CHAT_RETENTION_DAYS = 33
    assert (due.erase_due(), marked()) == (0, set())
    assert due.mark() == 1
    conversation.refresh_from_db()
    assert conversation.due_at > conversation.updated_at + 33 * DAY


def test_what_goes_by_itself_is_not_marked(settings: Any, owner: User) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    idle(owner, 40, is_temporary=True)
    idle(owner, 40, deleted_at=timezone.now())
    idle(owner, 40, is_pinned=True, is_archived=True)
    assert due.mark() == 1, "pinned and archived ones go like others"


def test_in_one_look_so_many_at_most(settings: Any, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    monkeypatch.setattr(due, "ROWS", 2)
    monkeypatch.setattr("chat.retention.erasure.CONVERSATIONS", 2)
    for _ in range(5):
        idle(owner, 40)
    assert due.mark() == 5
    after_a_week()
    assert [due.erase_due(most=3), due.erase_due(), due.erase_due()] == [3, 2, 0]


def test_a_hold_takes_the_mark_and_gives_a_week_when_it_is_lifted(settings: Any, owner: User) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    conversation = idle(owner, 40)
    due.mark()
    after_a_week()
    hold = holds.place(owner, "Case 12", owner_id=owner.pk)
    assert not marked()
    assert (due.mark(), due.erase_due()) == (0, 0)
    Conversation.objects.update(due_at=timezone.now())  # as by a look that had just begun
    assert due.erase_due() == 0
    assert due.take_marks_back() == 1
    holds.lift(hold.pk, owner)
    assert (due.mark(), due.erase_due()) == (1, 0)
    conversation.refresh_from_db()
    assert conversation.due_at > timezone.now() + 6 * DAY
    assert not Hold.objects.in_force().exists()


# Clocks


def test_a_clock_that_jumps_erases_nothing(settings: Any, owner: User) -> None:
    """Ten years ahead and back, and a year behind and back."""
    settings.CHAT_RETENTION_DAYS = 30
    idle(owner, 1)
    old, now = idle(owner, 40), timezone.now()
    look(now)
    assert marked() == {old.pk}
    look(now + TEN_YEARS * DAY)
    assert len(marked()) == 2
    look(now)
    assert marked() == {old.pk}
    look(now - 365 * DAY)
    assert not marked()
    look(now)
    old.refresh_from_db()
    assert old.due_at == now + due.NOTICE
    assert due.erase_due() == 0


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_day_has_24_hours_whatever_the_clocks_do(settings: Any, owner: User, zone: str) -> None:
    settings.CHAT_RETENTION_DAYS, settings.TIME_ZONE = 30, zone
    begun = datetime.fromisoformat("2027-03-28T00:30:00+00:00")  # an hour before Berlin's, weeks after New York's
    conversation = idle(owner, 1)
    Conversation.objects.update(updated_at=begun)
    assert due.mark(begun + 23 * DAY - timedelta(seconds=1)) == 0
    assert due.mark(begun + 23 * DAY) == 1
    conversation.refresh_from_db()
    assert conversation.due_at == begun + 30 * DAY


# Whose


def test_the_longest_of_a_users_groups_counts_before_the_setting(settings: Any, django_user_model: type[User]) -> None:
    settings.CHAT_RETENTION_DAYS = 100
    names = ("none", "short", "both", "ever", "plain")
    users = {name: User.objects.create_user(name) for name in names}
    in_group("ten", 10, users["short"], users["both"], users["ever"])
    in_group("twohundred", 200, users["both"])
    in_group("ever", 0, users["ever"])
    in_group("plain", None, users["plain"])
    assert {name: days_for(user) for name, user in users.items()} == {
        "none": 100,
        "short": 10,
        "both": 200,
        "ever": None,
        "plain": 100,
    }
    for user in users.values():
        for days in (1, 50, 150, 250):
            idle(user, days)
    due.mark()
    gone = {
        (each.owner.username, (timezone.now() - each.updated_at).days)
        for each in Conversation.objects.filter(pk__in=marked())
    }
    assert gone == {
        *{("none", days) for days in (150, 250)},
        *{("plain", days) for days in (150, 250)},
        *{("short", days) for days in (50, 150, 250)},
        ("both", 250),
    }


def test_where_a_group_goes_its_members_have_a_week(settings: Any, owner: User) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    group = in_group("keepers", 0, owner)
    idle(owner, 400)
    assert due.mark() == 0
    group.delete()
    assert not GroupRetention.objects.exists()
    assert (due.mark(), due.erase_due()) == (1, 0)
    in_group("others", 0, owner)
    after_a_week()
    assert due.erase_due() == 0, "what is kept longer by now loses its mark, at the last moment, too"
    assert not marked()


def test_who_has_no_groups_has_the_setting(settings: Any) -> None:
    settings.CHAT_RETENTION_DAYS = 100_000
    assert days_for(AnonymousUser()) == 36_500


# Staff


def test_who_may_set_the_days_of_a_group(owner: User) -> None:
    group = in_group("helpers", None)
    setting, page = staff("add_groupretention", "change_groupretention", "view_group"), "/admin/chat/groupretention/"
    sent = {"group": str(group.pk), "days": "36501"}
    assert staff("view_groupretention").post(f"{page}add/", sent).status_code == 403
    assert "less than or equal to 36500" in setting.post(f"{page}add/", sent).text
    assert setting.post(f"{page}add/", sent | {"days": "0"}).status_code == 302
    assert "for ever" in setting.get(page).text
    assert setting.post(f"{page}{GroupRetention.objects.get().pk}/change/", {"days": "90"}).status_code == 302
    assert GroupRetention.objects.get().days == 90


def test_the_command_says_in_numbers_what_would_go(settings: Any, owner: User) -> None:
    said = io.StringIO()
    call_command("retention", "--dry-run", stdout=said)
    assert said.getvalue().startswith("Conversations are kept for ever")
    settings.CHAT_RETENTION_DAYS = 100
    member = User.objects.create_user("member")
    in_group("helpers", 20, member)
    for days in (25.0, 400.0, 95.0, 99.0):
        idle(member, days)
    for days in (50, 99.5, 100.5, 120, 4000):
        idle(owner, days)
    held = idle(owner, 800)
    holds.place(owner, "Case 12", owner_id=owner.pk, conversation_id=held.pk)
    due.mark()
    Conversation.objects.filter(owner=member, updated_at__lte=timezone.now() - 99 * DAY).update(due_at=timezone.now())
    idle(owner, 200)
    said = io.StringIO()
    call_command("retention", "--dry-run", stdout=said)
    assert said.getvalue().splitlines() == [
        "Members of helpers, 20 days: in 4 conversations nothing has happened for longer.",
        "  2 go now, 2 within a week, 0 a week after they are marked, 0 are held.",
        "  1 for 0 to 30 days",
        "  2 for 90 to 365 days",
        "  1 for 365 to 730 days",
        "All others, 100 days: in 5 conversations nothing has happened for longer.",
        "  0 go now, 3 within a week, 1 a week after they are marked, 1 are held.",
        "  3 for 90 to 365 days",
        "  1 for 730 to 1825 days",
        "  1 for more than 3650 days",
    ]
    count = Conversation.objects.count()
    said = io.StringIO()
    call_command("retention", stdout=said)
    assert "Erased 2 conversations. Marked 1, whose owners are told from now on; took 0 marks back." in said.getvalue()
    assert Conversation.objects.count() == count - 2
