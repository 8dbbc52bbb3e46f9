"""How long does the page of a year's usage take with 10,000,000 runs behind it, and what does an answer's row cost?

Makes the runs of the 365 days up to today, by SQL alone: 1,000 people in 20 groups, of each on a workday answers of
two models, and titles; then their daily sums, and with the site's own look the totals. Prints the median of each page
as staff get it (a request of a logged-in client, rendered) with its CPU, for the 365 days up to today, for this year
and for 30 days; and what the settling of an answer takes. Runs on SQLite and, where a PostgreSQL server is installed,
there too.

    python benchmarks/usage.py [--runs 10000000] [--people 1000] [--only SQLite]
"""

import argparse
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from search import cpu_milliseconds, databases, milliseconds

WAYS = ("day", "month", "model", "group", "user")
SETTLED = 2_000
WORKDAYS, WEEK = 5, 7
ENTRIES = """
    INSERT INTO chat_usageentry (id, kind, owner_id, provider, model, status, at, day, input, cached, output,
        reasoning, is_estimated, cost, currency, first_token_ms)
    SELECT {id}, CASE WHEN turn % 13 = 12 THEN 'title' ELSE 'answer' END, person, 'default',
        CASE WHEN turn % 3 = 0 THEN 'large' ELSE 'small' END, CASE WHEN n % 50 = 7 THEN 'failed' ELSE 'complete' END,
        {day}, {day}, 1500 + n % 1000, 500, 400 + n % 100, 50, {no}, 1500000 + n % 1000, 'USD', 300 + n % 400
    FROM (
        SELECT n, n % {people} + 1 AS person, n % {a_day} / {people} AS turn, n / {a_day} AS workday FROM ({numbers}) m
    ) l
"""
SUMS = """
    INSERT INTO chat_dailyusage (day, owner_id, group_ids, provider, model, kind, currency, runs, failures, input,
        cached, output, reasoning, estimates, unpriced, cost, begun, first_token_ms)
    SELECT day, owner_id, CAST(owner_id % 20 + 1 AS TEXT), provider, model, kind, currency, COUNT(*),
        SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), SUM(input), SUM(cached), SUM(output), SUM(reasoning), 0, 0,
        SUM(cost), COUNT(*), SUM(first_token_ms)
    FROM chat_usageentry GROUP BY day, owner_id, provider, model, kind, currency
"""


QUICKLY = {
    "sqlite": ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000"],
    "postgresql": ["SET session_replication_role = replica", "SET work_mem = '1GB'"],
}
"""For the connection that fills: keys of others are not looked up."""


def fill(runs: int, people: int, first: date) -> None:
    from django.contrib.auth.models import Group, User
    from django.db import connection

    User.objects.bulk_create(User(username=f"person {number}") for number in range(1, people + 1))
    Group.objects.bulk_create(Group(name=f"group {number}") for number in range(1, 21))
    workdays = 365 * WORKDAYS // WEEK
    is_postgres = connection.vendor == "postgresql"
    words = {
        "people": people,
        "a_day": -(-runs // workdays),
        "no": "FALSE" if is_postgres else "0",
        "id": "CAST(LPAD(TO_HEX(n), 32, '0') AS UUID)" if is_postgres else "PRINTF('%%032x', n)",
        "day": f"DATE '{first}' + CAST(workday * {WEEK} / {WORKDAYS} AS INTEGER)"
        if is_postgres
        else f"DATE('{first}', '+' || (workday * {WEEK} / {WORKDAYS}) || ' days')",
        "numbers": f"SELECT GENERATE_SERIES(0::bigint, {runs - 1}) AS n"
        if is_postgres
        else f"WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {runs - 1}) SELECT n FROM c",
    }
    with connection.cursor() as cursor:
        for statement in QUICKLY[connection.vendor]:
            cursor.execute(statement)
        cursor.execute(ENTRIES.format(**words).replace("%%", "%"))
        cursor.execute(SUMS)
        cursor.execute("ANALYZE")
    connection.close()


def settling(people: int) -> Callable[[], None]:
    """What ends an answer does this in its transaction."""
    from django.db import transaction
    from django.utils import timezone

    from chat.core.endings import Status
    from chat.core.tokens import Tokens
    from chat.models import Generation
    from chat.usage.settling import settle

    now = timezone.now()

    def settle_some() -> None:
        with transaction.atomic():
            for number in range(SETTLED):
                run = Generation(pk=uuid.uuid4(), owner_id=number % people + 1, model="small", created_at=now)
                settle(run, Tokens(1500, 500, 400, 50), Status.COMPLETE, now)

    return settle_some


def measure(name: str, url: str, wished: argparse.Namespace) -> None:
    """In a process of its own: settings are read once."""
    os.environ.update(DEBUG="on", SECRET_KEY="benchmark", DATABASE_URL=url, DJANGO_SETTINGS_MODULE="chatsite.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from chat.models import DailyUsage, UsageEntry
    from chat.usage.prices import day_of
    from chat.usage.totals import make_totals

    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]
    today = day_of(timezone.now())
    first = today - timedelta(days=364)
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    fill(wished.runs, wished.people, first)
    filled = time.monotonic()
    make_totals()
    made = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    runs, sums = UsageEntry.objects.count(), DailyUsage.objects.count()
    print(f"{name}: {runs:,} runs, {sums:,} daily sums in {filled - began:.0f} s; totals in {made - filled:.0f} s")
    page = client()
    month = today - timedelta(days=29)
    calendar = today.replace(month=1, day=1)
    spans = {"365 days": first, "this year": calendar, "30 days": month}
    for span, since in spans.items():
        cells = [milliseconds(lambda: shown(page, since, today, way)) for way in WAYS]  # noqa: B023
        print(f"| {name} | {span} | {' | '.join(cells)} |", flush=True)
    took = settled(wished.people)
    print(f"{name}: an answer is settled in {took:.0f} µs of CPU", flush=True)


def client() -> Any:
    from django.contrib.auth.models import User
    from django.test import Client

    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    page = Client()
    page.force_login(staff)
    return page


def shown(page: Any, since: date, until: date, way: str) -> None:
    response = page.get("/admin/chat/dailyusage/", {"since": since, "until": until, "by": way}, secure=True)
    assert response.status_code == 200, response.status_code
    assert b"<tbody>" in response.content


def settled(people: int) -> float:
    """Microseconds of CPU, of this process and of the database's."""
    settle_some = settling(people)
    settle_some()
    took = []
    for _ in range(5):
        began = cpu_milliseconds()
        settle_some()
        took.append((cpu_milliseconds() - began) / SETTLED * 1000)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--only", help="SQLite or PostgreSQL")
    wished = parser.parse_args()
    print("ms, with the CPU of it in brackets")
    print("| | | " + " | ".join(WAYS) + " |")
    with databases() as found:
        for name, url in found:
            if wished.only in (None, name):
                if (child := os.fork()) == 0:
                    measure(name, url, wished)
                    os._exit(0)
                os.waitpid(child, 0)


if __name__ == "__main__":
    main()
