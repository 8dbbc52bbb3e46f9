"""What a test has written, taken from the database that it shares with sites and with the tests after it."""

from collections.abc import Iterator
from functools import cache

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, models, transaction

from chat.models import (
    Certificate,
    DailyUsage,
    DayTotal,
    MonthTotal,
    Prompt,
    Reading,
    ReadingContext,
    SearchedWords,
    UsageEntry,
)

ROOTS: tuple[type[models.Model], ...] = (
    User,
    *(Prompt, Session),  # also those that nobody owns
    *(Reading, ReadingContext, SearchedWords),
    *(Certificate, UsageEntry, DailyUsage, DayTotal, MonthTotal),  # which outlive their users
)


def forget_rows() -> None:
    """All of these and what belongs to them, in no more than a statement for each table.

    To erase each person as the site does, with a certificate for each conversation, took half of what a test took.
    A site may still write: of two that wait for each other PostgreSQL ends one, and that may be this.
    """
    try:
        _forget()
    except OperationalError:
        _forget()


@transaction.atomic
def _forget() -> None:
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@cache
def tables() -> list[str]:
    """In any order: that each key refers to something is asked at the end of the transaction."""
    found: set[type[models.Model]] = set()
    left = list(ROOTS)
    while left:
        if (model := left.pop()) not in found:
            found.add(model)
            left += _deleted_with(model)
    return sorted(model._meta.db_table for model in found)


def _deleted_with(model: type[models.Model]) -> Iterator[type[models.Model]]:
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ForeignObjectRel) and relation.on_delete is models.CASCADE:
            yield relation.related_model
