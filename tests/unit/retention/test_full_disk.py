"""What deletes is tried once more where SQLite's log has no room, after that was emptied."""

import sqlite3
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from chat.retention.vacuum import despite_full_disk


def full(code: int = sqlite3.SQLITE_FULL) -> OperationalError:
    driver: Any = sqlite3.OperationalError("database or disk is full")
    driver.sqlite_errorcode = code
    exc = OperationalError("database or disk is full")
    exc.__cause__ = driver
    return exc


def failing(*errors: DatabaseError) -> Any:
    faults = list(errors)

    @despite_full_disk
    def delete(rows: int) -> str:
        if faults:
            raise faults.pop(0)
        return f"{rows} deleted"

    return delete


@pytest.mark.django_db(transaction=True)
def test_a_full_log_is_emptied_and_it_is_tried_once_more() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert failing(full())(3) == "3 deleted"
    assert [query["sql"] for query in asked] == ["PRAGMA wal_checkpoint(RESTART)"]
    with pytest.raises(OperationalError):
        failing(full(), full())(3)


@pytest.mark.django_db(transaction=True)
def test_other_faults_and_transactions_of_others_are_theirs() -> None:
    with CaptureQueriesContext(connection) as asked:
        for error in (full(sqlite3.SQLITE_BUSY), DatabaseError("ours")):
            with pytest.raises(DatabaseError):
                failing(error)(3)
        with pytest.raises(OperationalError), transaction.atomic():
            failing(full())(3)
    assert not any("checkpoint" in query["sql"] for query in asked)
