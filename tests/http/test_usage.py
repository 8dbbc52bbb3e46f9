"""What is shown of tokens and costs: to each user their own, to staff who may see it that of all."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import AuditEntry, DailyUsage, ModelPrice, Quota, QuotaGrant
from chat.usage.prices import day_of, forget_prices
from chat.usage.quotas import allowances
from chat.usage.reports import months_of
from chat.usage.totals import make_totals
from tests.support.queries import counted_queries
from tests.support.staff import client_of, superuser
from tests.support.usage import spend

pytestmark = pytest.mark.django_db
PAGE = "/admin/chat/dailyusage/"


def client(user: User, *permissions: str) -> Client:
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


@pytest.fixture
def staff() -> User:
    return User.objects.create(username="staff", is_staff=True)


@pytest.fixture
def ann() -> User:
    user = User.objects.create(username="=ann")
    user.groups.add(Group.objects.create(name="physics"))
    return user


def rows_of(page: Client, **asked: str) -> list[list[str]]:
    response = page.get(PAGE, {"format": "csv", **asked})
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.reader(StringIO(response.content.decode())))[1:]


def test_staff_see_it_by_its_permission_alone(staff: User) -> None:
    assert client(staff, "view_conversation", "view_modelprice").get(PAGE).status_code == 403
    page = client(staff, "view_usage")
    assert page.get(PAGE).status_code == 200
    assert page.get(f"{PAGE}add/").status_code == 403


def test_the_page_has_cost_answers_tokens_and_a_picture(staff: User, ann: User) -> None:
    spend(ann, 1_500_000_000)
    spend(ann, 20_000, kind="title")
    spend(ann, None, days_ago=1, status="failed", is_estimated=True)
    page = client(staff, "view_usage").get(PAGE).content.decode()
    assert "1.50 USD and more, unknown</strong> · 2 answers · 1 title · 1 failed · 4,500 tokens" in page
    assert "1 without a known price · 1 with estimated tokens" in page
    assert page.count("<rect") == 2


def test_a_day_whose_cost_nobody_knows_is_an_outline_and_no_nothing(staff: User, ann: User) -> None:
    spend(ann, None)
    page = client(staff, "view_usage").get(PAGE).content.decode()
    assert 'class="is-unknown"' in page
    assert "An outline has no known price." in page
    assert page.count("<td>unknown</td>") == 1


@pytest.mark.parametrize(
    ("measure", "said"),
    [("cost", "1.50 USD"), ("tokens", "3,000"), ("answers", "2"), ("failures", "1"), ("first_token", "0.50 s")],
)
def test_all_that_is_counted_is_drawn_in_each_way(staff: User, ann: User, measure: str, said: str) -> None:
    spend(ann, 1_500_000_000)
    spend(ann, 1, status="failed", first_token_ms=750)
    page = client(staff, "view_usage")
    for by in ("day", "month", "model", "group", "user"):
        shown = page.get(PAGE, {"by": by, "measure": measure}).content.decode()
        drawn = shown[shown.index("<figure") : shown.index("</figure>")]
        assert drawn.count("<rect") == 1
        assert said in drawn


def test_what_cost_nothing_is_said_in_words_with_a_way_to_tokens(staff: User, ann: User) -> None:
    spend(ann, 0)
    page = client(staff, "view_usage")
    for by in ("day", "month", "model", "group", "user"):
        shown = page.get(PAGE, {"by": by}).content.decode()
        assert "Nothing of this cost anything." in shown
        assert f"by={by}&amp;measure=tokens" in shown
        assert "<figure" not in shown
    assert "Failed runs: there is nothing to draw." in page.get(PAGE, {"measure": "failures"}).content.decode()


def test_who_may_set_prices_is_led_there_where_one_is_missing(staff: User, ann: User) -> None:
    spend(ann, None)
    way = reverse("admin:chat_modelprice_add")
    assert way not in client(staff, "view_usage").get(PAGE).content.decode()
    assert way in client(staff, "view_usage", "add_modelprice").get(PAGE).content.decode()


def test_an_empty_list_says_what_it_is_for(staff: User) -> None:
    page = client(staff, "view_quota", "view_hold", "view_auditentry")
    quotas = reverse("admin:chat_quota_changelist")
    assert "No quota is set" in page.get(quotas).content.decode()
    assert "No quota is set" not in page.get(quotas, {"unit__exact": "money"}).content.decode()
    assert "Nothing is held" in page.get(reverse("admin:chat_hold_changelist")).content.decode()
    assert "entries of the audit log" in page.get(reverse("admin:chat_auditentry_changelist")).content.decode()


def test_names_are_words_and_no_markup(staff: User, ann: User) -> None:
    ann.username = "<script>alert(1)</script>"
    ann.save()
    spend(ann, 1, model='"><img src=x>')
    page = client(staff, "view_usage")
    for by in ("user", "model"):
        shown = page.get(PAGE, {"by": by}).content.decode()
        assert "<script>alert" not in shown
        assert "<img" not in shown


def test_a_page_takes_the_same_few_statements_however_much_was_used(staff: User, ann: User) -> None:
    """Those of the session, of the user and of their permissions come before or are of other tables."""
    page = client(staff, "view_usage")
    for days_ago in range(40):
        spend(ann, 1, days_ago)
        spend(staff, 1, days_ago, model="other")
    assert make_totals()
    first_of_month = (day_of(timezone.now()).replace(day=1) - timedelta(days=1)).replace(day=1)
    for by, wanted in STATEMENTS.items():
        with counted_queries() as queries:
            assert page.get(PAGE, {"by": by, "since": str(first_of_month)}).status_code == 200
        tables = [match[1] for query in queries if (match := re.search(r'FROM "(\w+)"', query))]
        assert [table for table in tables[tables.index(MARK) :] if table in NAMES] == wanted, by


MARK, DAYS, MONTHS, ROWS = "chat_totalsmark", "chat_daytotal", "chat_monthtotal", "chat_dailyusage"
NAMES = {MARK, DAYS, MONTHS, ROWS, "auth_user", "auth_group"}
STATEMENTS = {
    "day": [MARK, DAYS, ROWS],
    "month": [MARK, DAYS, ROWS],
    "model": [MARK, DAYS, ROWS],
    "user": [MARK, MONTHS, ROWS, "auth_user"],
    "group": [MARK, MONTHS, ROWS, "auth_group", MARK, DAYS, ROWS],
}


@pytest.mark.parametrize(("by", "first"), [("model", "default/gpt-4o-mini"), ("group", "physics"), ("user", "'=ann")])
def test_a_file_has_a_row_for_each_and_no_cell_that_is_a_formula(staff: User, ann: User, by: str, first: str) -> None:
    spend(ann, 1_500_000_000)
    (row,) = rows_of(client(staff, "view_usage"), by=by)
    assert row == [first, "1", "0", "0", "1000", "0", "500", "0", "0", "0", "1.500000000", "USD", "0.250"]


@pytest.mark.parametrize("name", ["@SUM(1)", "+1", "-1", "\t=1", "\r=1", "=1", "＝1"])
def test_whatever_a_name_begins_with_is_no_formula(staff: User, ann: User, name: str) -> None:
    User.objects.filter(pk=ann.pk).update(username=name)
    spend(ann, 1)
    (row,) = rows_of(client(staff, "view_usage"), by="user")
    assert row[0].lstrip()[:1] not in ("=", "+", "-", "@", "＝")


def test_a_range_is_both_of_its_days_and_what_is_between(staff: User, ann: User) -> None:
    for days_ago in range(4):
        spend(ann, 1, days_ago)
    today, page = day_of(timezone.now()), client(staff, "view_usage")
    asked = {"since": str(today - timedelta(days=2)), "until": str(today - timedelta(days=1)), "by": "day"}
    assert [row[0] for row in rows_of(page, **asked)] == [
        str(today - timedelta(days=2)),
        str(today - timedelta(days=1)),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"since": "soon"}, "Enter a valid date."),
        ({"since": ""}, "This field is required."),
        ({"since": "2026-02-30"}, "Enter a valid date."),
        ({"until": "10000-01-01"}, "Enter a valid date."),
        ({"since": "\0"}, "Enter a valid date."),
        ({"by": "x"}, "Select a valid choice."),
        ({"measure": "x"}, "Select a valid choice."),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "The first day is after the last one."),
    ],
)
def test_what_cannot_be_asked_is_said(staff: User, asked: dict[str, str], said: str) -> None:
    for more in ({}, {"format": "csv"}):
        response = client(staff, "view_usage").get(PAGE, asked | more)
        assert response.status_code == 400
        assert said in response.content.decode()


@pytest.mark.parametrize("by", ["day", "month", "model", "group", "user"])
def test_any_range_may_be_asked_for(staff: User, ann: User, by: str) -> None:
    spend(ann, 1)
    page = client(staff, "view_usage")
    for since, until in (("0001-01-01", "9999-12-31"), ("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31")):
        response = page.get(PAGE, {"since": since, "until": until, "by": by})
        assert response.status_code == 200
        assert ("Nothing was used" in response.content.decode()) == (since == until)


def test_who_is_gone_and_what_has_no_price_are_named_as_such(staff: User) -> None:
    spend(None, None)
    (row,) = rows_of(client(staff, "view_usage"), by="user")
    assert (row[0], row[9], row[10]) == ("none", "1", "")


def test_months_of_a_user_are_their_own(ann: User, staff: User) -> None:
    spend(ann, 4_200_000)
    spend(ann, 1, kind="title")
    spend(staff, 9_000_000_000)
    (month,) = months_of(ann.pk)
    assert (month.model, month.sums.runs, month.sums.cost) == ("gpt-4o-mini", 2, 4_200_001)


def test_staff_set_a_price_from_a_day_on_once(staff: User) -> None:
    page = client(staff, "add_modelprice", "view_modelprice")
    form = {"which": "default/gpt-4o-mini", "since": "2026-01-01", "input": "0", "cached": "", "output": "1000000000"}
    add = "/admin/chat/modelprice/add/"
    assert page.post(add, form | {"input": "-1"}).status_code == 200
    assert page.post(add, form | {"output": "1000000001"}).status_code == 200
    assert not ModelPrice.objects.exists()
    assert page.post(add, form).status_code == 302
    assert page.post(add, form).status_code == 200
    row = ModelPrice.objects.get()
    assert (row.provider, row.model, row.currency, row.cached) == ("default", "gpt-4o-mini", "USD", None)
    forget_prices()


def test_prices_take_their_permission(staff: User) -> None:
    page = client(staff, "view_usage", "view_modelprice")
    assert page.get("/admin/chat/modelprice/").status_code == 200
    assert page.get("/admin/chat/modelprice/add/").status_code == 403


def test_daily_sums_are_what_the_page_reads(ann: User) -> None:
    spend(ann, 1)
    assert DailyUsage.objects.get().group_ids == str(ann.groups.get().pk)


# Quotas

QUOTAS = "/admin/chat/quota/"
GRANTS = "/admin/chat/quotagrant/"


def test_staff_set_quotas_in_the_words_of_people(staff: User, ann: User) -> None:
    page, group = client(staff, "add_quota", "view_quota", "change_quota"), ann.groups.get()
    form = {"unit": "money", "period": "month", "amount": "12.5", "group": str(group.pk), "user": ""}
    for wrong in (
        {"amount": "-1"},
        {"amount": "10000001"},
        {"amount": "1.5", "unit": "tokens"},
        {"user": str(ann.pk)},
        {"unit": "", "amount": "1"},
        {"amount": "NaN"},
    ):
        assert page.post(f"{QUOTAS}add/", form | wrong).status_code == 200, wrong
    assert not Quota.objects.exists()
    assert page.post(f"{QUOTAS}add/", form).status_code == 302
    row = Quota.objects.get()
    assert (row.amount, row.group, row.user) == (12_500_000_000, group, None)
    again = page.post(f"{QUOTAS}add/", form)
    assert "There is such a quota for this group already." in again.content.decode()
    assert 'value="12.5"' in page.get(f"{QUOTAS}{row.pk}/change/").content.decode()
    assert "12.50 USD" in page.get(QUOTAS).content.decode()
    assert page.post(f"{QUOTAS}{row.pk}/change/", form | {"amount": ""}).status_code == 302
    assert Quota.objects.get().amount is None
    assert "no limit" in client(staff, "view_quota").get(f"{QUOTAS}{row.pk}/change/").content.decode()


def test_staff_grant_more_in_two_clicks(staff: User, ann: User) -> None:
    """From the page of usage to a form that is filled in, and its button; it is noted who did that."""
    Quota.objects.create(unit="money", period="month", amount=10 * 10**9)
    Quota.objects.create(unit="tokens", period="day", amount=10**6)
    spend(ann, 9 * 10**9)
    page = client(staff, "view_usage", "add_quotagrant", "view_quotagrant")
    (link,) = re.findall(rf'href="({GRANTS}add/\?user=[^"]*)"', page.get(PAGE, {"by": "user"}).content.decode())
    form = page.get(link).context["adminform"].form
    assert {name: form[name].value() for name in ("unit", "period")} == {"unit": "money", "period": "month"}
    filled = {name: form[name].value() or "" for name in form.fields}
    assert page.post(link, filled).status_code == 302
    grant, first = QuotaGrant.objects.get(), day_of(timezone.now()).replace(day=1)
    assert (grant.user, grant.amount, grant.first_day, grant.made_by) == (ann, 2_500_000_000, first, staff)
    assert allowances(ann.pk)[0].limit.amount == 12_500_000_000
    noted = AuditEntry.objects.get(action="grant")
    assert (noted.actor_key, noted.object_key) == (str(staff.pk), str(grant.pk))
    assert str(ann.pk) in map(str, noted.details.values())
    shown = page.get(f"{GRANTS}{grant.pk}/change/").content.decode()
    assert "2.50 USD" in shown
    assert page.post(f"{GRANTS}{grant.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("user", ["x", "-1", "9" * 40, "a%00"])
def test_a_grant_for_nobody_suggests_nothing(staff: User, user: str) -> None:
    Quota.objects.create(unit="tokens", period="day", amount=1)
    response = client(staff, "add_quotagrant").get(f"{GRANTS}add/?user={user}")
    assert response.status_code == 200


def test_quotas_and_grants_take_their_permissions(staff: User, ann: User) -> None:
    page = client(staff, "view_usage", "view_quota", "view_quotagrant")
    assert (page.get(QUOTAS).status_code, page.get(GRANTS).status_code) == (200, 200)
    assert (page.get(f"{QUOTAS}add/").status_code, page.get(f"{GRANTS}add/").status_code) == (403, 403)
    assert "Grant more" not in page.get(PAGE, {"by": "user"}).content.decode()
    row = Quota.objects.create(unit="tokens", period="day", amount=1, user=ann)
    assert page.post(f"{QUOTAS}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_group_goes_with_its_quota(ann: User) -> None:
    """The page before that names it."""
    group, page = ann.groups.get(), superuser()
    Quota.objects.create(unit="tokens", period="day", amount=1, group=group)
    assert "tokens a day" in page.get(f"/admin/auth/group/{group.pk}/delete/").content.decode()
    assert page.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Quota.objects.exists()
