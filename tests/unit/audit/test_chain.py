"""The audit log: only ever added to, and whatever was changed or taken is found. On SQLite and on PostgreSQL."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from chat.audit import Action, chain, note
from chat.audit.chain import close, head
from chat.audit.exporting import lines
from chat.audit.pruning import prune
from chat.audit.verifying import verify
from chat.core.audit_chain import FIRST
from chat.models import AuditEntry, AuditLink, AuditMark, UnchainedEntry
from chat.models.audit_triggers import are_there, create_triggers, drop_triggers
from tests.support.site import ROOT, environment

DOCUMENT = (ROOT / "docs/audit.md").read_text()


def fill(count: int = 6) -> list[int]:
    """Chained entries; their ids."""
    for number in range(count):
        note("setting", 17, ("chat.mcpserver", str(number)), what="changed", fields=["groups", "Ö", "\U0001f600"])
    assert close() == count
    return list(AuditEntry.objects.values_list("pk", flat=True))


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def command(*arguments: str) -> str:
    said = StringIO()
    call_command("audit", *arguments, stdout=said, stderr=said)
    return said.getvalue()


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


TABLES = ("chat_auditentry", "chat_auditlink", "chat_auditmark")
COLUMNS = {"chat_auditentry": "actor_key", "chat_auditlink": "mac", "chat_auditmark": "mac"}


def changes_of(table: str) -> list[str]:
    """SQL that changes its rows, or takes some."""
    every = [f"UPDATE {table} SET {COLUMNS[table]} = 'x'", f"DELETE FROM {table}"]
    if connection.vendor == "postgresql":
        return [*every, f"TRUNCATE {table}"]
    return [*every, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"]


def test_the_database_refuses_to_change_it_or_to_take_from_it(database: dict[str, object]) -> None:
    fill(2)
    # A mark before all of it: with one that covers them, they may go.
    AuditMark(number=-1, mac=FIRST, entries=0, key="", seal="").save()
    assert not are_there(connection)
    create_triggers(connection)
    create_triggers(connection)
    assert are_there(connection)
    before = list(AuditEntry.objects.values_list()), list(AuditLink.objects.values_list())
    for table in TABLES:
        for change in changes_of(table):
            with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
                sql(change)
    assert (list(AuditEntry.objects.values_list()), list(AuditLink.objects.values_list())) == before
    note("login", 1)
    assert close() == 1
    drop_triggers(connection)
    for table in TABLES:
        for change in changes_of(table):
            with undone():
                sql(change)


BODY = "BEGIN RETURN NEW; END"
TOOTHLESS = {
    "sqlite": (
        "DROP TRIGGER chat_auditlink_no_update",
        "CREATE TRIGGER chat_auditlink_no_update BEFORE UPDATE ON chat_auditlink BEGIN SELECT 1; END",
    ),
    "postgresql": (
        f"CREATE OR REPLACE FUNCTION chat_auditentry_guard() RETURNS trigger LANGUAGE plpgsql AS '{BODY}'",
    ),
}


def test_guard_replaces_what_another_version_made(database: dict[str, object]) -> None:
    fill(1)
    create_triggers(connection)
    for statement in TOOTHLESS[connection.vendor]:
        sql(statement)
    assert are_there(connection)
    change = "UPDATE chat_auditlink SET mac = 'x'"
    with undone():
        sql(change)
    command("guard")
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        sql(change)


def test_the_application_refuses_it_too(database: dict[str, object]) -> None:
    fill(1)
    for model in (AuditEntry, AuditLink):
        row = model.objects.get()
        for act in (row.save, row.delete, model.objects.all().delete, model.objects.all().update):
            with pytest.raises(TypeError, match="only added to"):
                act()
        with pytest.raises(TypeError, match="only added to"):
            model.objects.bulk_update([row], ["key" if model is AuditLink else "action"])
    assert verify().faults == []


def test_whatever_was_changed_or_taken_is_named(database: dict[str, object]) -> None:
    ids = fill()
    kept = head()
    third, last = ids[2], ids[-1]
    note("login", 1)
    new = AuditEntry.objects.latest("pk").pk
    mac = "f" * 64
    found: list[tuple[str, list[str]]] = [
        (f"UPDATE chat_auditentry SET actor_key = '18' WHERE id = {third}", [f"Entry {third} (link 3) was changed"]),
        (f"UPDATE chat_auditentry SET details = '{{}}' WHERE id = {third}", [f"Entry {third} (link 3) was changed"]),
        (f"UPDATE chat_auditlink SET mac = '{mac}' WHERE number = 3", [f"Entry {third} (link 3) was changed, or its"]),
        (
            "UPDATE chat_auditlink SET key = 'other' WHERE number = 3",
            ["Link 3 was made with a key that is not known"],
        ),
        (f"DELETE FROM chat_auditentry WHERE id = {third}", [f"Entry {third} (link 3) is missing"]),
        ("DELETE FROM chat_auditlink WHERE number IN (2, 3)", ["Links 2 to 3 are missing", "Link 4 follows on one"]),
        ("DELETE FROM chat_auditlink WHERE number = 1", ["Link 1 is missing", "Link 2 follows on one"]),
        ("DELETE FROM chat_auditlink WHERE number = 6", [f"Entry {last} is not chained, and waits for no link"]),
        (f"DELETE FROM chat_auditentry WHERE id = {new}", [f"Entry {new}, which was not chained yet, is missing"]),
        ("DELETE FROM chat_unchainedentry", [f"Entry {new} is not chained, and waits for no link"]),
    ]
    for change, sentences in found:
        with undone():
            sql(change)
            faults = verify().faults
            for sentence in sentences:
                assert any(fault.startswith(sentence) for fault in faults), (change, faults)
            if "auditlink WHERE" not in change:
                assert len(faults) == 1, (change, faults)
            with pytest.raises(CommandError, match="not as it was written"):
                command("verify")
    report = verify([kept])
    assert (report.faults, report.chained, report.waiting) == ([], 6, [new])
    assert f"Not chained yet: 1 ({new})." in command("verify", "--head", kept)


def test_what_is_missing_at_the_end_is_told_by_a_head(database: dict[str, object]) -> None:
    ids = fill()
    early = head()
    fill(2)
    kept = head()
    with undone():
        sql("DELETE FROM chat_auditlink WHERE number > 5")
        sql(f"DELETE FROM chat_auditentry WHERE id > {ids[4]}")
        assert verify().faults == [], "Nothing else could tell"
        assert verify([kept]).faults == ["Links 6 to 8 are missing at the end: the head said 8."]
        fill(3)
        assert verify([kept]).faults == ["Link 8 is another one than the head said."]
    assert verify([early, kept]).faults == []
    for odd in ("", "8", "8:abc", f"x:{FIRST}", f"{'9' * 30}:{FIRST}"):
        with pytest.raises(CommandError, match="no head"):
            command("verify", "--head", odd)


def test_what_is_chained_while_it_is_exported_is_exported(database: dict[str, object]) -> None:
    fill(2)
    said = lines()
    first = json.loads(next(said))
    for number in range(3):
        note("setting", 17, None, number=number)
    assert close() == 3
    rest = [json.loads(line) for line in said]
    assert [line["number"] for line in [first, *rest]] == [1, 2, 3, 4, 5]
    note("setting", 17, None, number=9)
    assert [json.loads(line)["number"] for line in lines()] == [1, 2, 3, 4, 5, None]


def test_what_somebody_took_before_it_was_chained_holds_up_nothing(
    database: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "ROWS", 2)
    UnchainedEntry.objects.bulk_create(UnchainedEntry(entry=number) for number in range(1, 6))
    AuditEntry.objects.bulk_create([AuditEntry(pk=100, action="setting", actor_key="17", details={})])
    UnchainedEntry(entry=100).save(force_insert=True)
    assert close() == 1
    assert AuditLink.objects.get().entry == 100
    assert UnchainedEntry.objects.count() == 5, "They are named when it is verified"


def test_a_prune_leaves_a_sealed_mark_and_takes_no_more(database: dict[str, object], settings: Any) -> None:
    ids = fill()
    old = head()
    note("setting", 1)
    AuditEntry.objects.latest("pk")
    create_triggers(connection)
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    with pytest.raises(CommandError, match="CHAT_AUDIT_PRUNE is off"):
        command("prune", "--before", tomorrow)
    settings.CHAT_AUDIT_PRUNE = True
    assert "Pruned 0" in command("prune", "--before", "2020-01-01")
    assert AuditMark.objects.count() == 0
    if connection.vendor == "postgresql":  # the triggers know the tables wherever they are
        sql("CREATE SCHEMA hosts")
        for table in TABLES:
            sql(f"ALTER TABLE {table} SET SCHEMA hosts")
        sql("SET search_path = hosts, public")
    # The entry that waits for its link stays, and what the prune itself says comes after it.
    assert "Pruned 6" in command("prune", "--before", tomorrow)
    assert not AuditLink.objects.filter(number__lte=6).exists()
    assert not AuditEntry.objects.filter(pk__in=ids).exists()
    assert [entry.action for entry in AuditEntry.objects.all()] == ["setting", "prune"]
    assert close() == 2
    assert verify([old, head()]).faults == []
    assert "Links up to 6 were pruned." in command("verify")
    for table in TABLES:
        with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
            sql(f"DELETE FROM {table}")
    with undone():  # what the database lets go of after a mark that is made by hand
        AuditMark(number=8, mac=FIRST, entries=2, key=AuditLink.objects.latest("number").key, seal=FIRST).save()
        sql("DELETE FROM chat_auditentry")
        sql("DELETE FROM chat_auditlink")
        assert "The mark of a prune up to link 8 was made by hand, or changed." in verify().faults
    assert "Pruned 2" in command("prune", "--before", tomorrow)
    assert close() == 1
    assert (verify().faults, verify().pruned) == ([], 8)


def test_a_prune_hides_nothing_and_is_finished_if_it_was_cut_short(
    database: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill()
    tomorrow = timezone.now() + timedelta(days=1)
    with undone():
        sql(f"UPDATE chat_auditentry SET actor_key = '18' WHERE id = {ids[0]}")
        with pytest.raises(Exception, match=r"^$"):
            prune(tomorrow)
        assert AuditEntry.objects.count() == 6
    with monkeypatch.context() as cut:
        cut.setattr("chat.audit.pruning._take", lambda number: None)
        prune(tomorrow)
    assert AuditEntry.objects.count() == 7
    assert verify().faults == []
    prune(datetime(2020, 1, 1, tzinfo=UTC))
    assert AuditEntry.objects.count() == 1
    close()
    assert verify().faults == []


WRITING = """
import os, sys, django
django.setup()
from chat.audit import note
from chat.audit.chain import close
for number in range(100):
    note("setting", os.getpid(), None, number=number)
    close()
print("ready", flush=True)
sys.stdin.readline()
note("setting", os.getpid(), None, number=100)
os.kill(os.getpid(), 9)
"""


def test_two_processes_at_once_make_one_chain_and_what_a_killed_one_left_is_chained(database: dict[str, Any]) -> None:
    create_triggers(connection)
    variables = environment(DATABASE_URL=_url(database))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING], cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        writer.communicate(b"\n", 60)
        assert writer.returncode == -9
    assert UnchainedEntry.objects.count() >= 2, "They were killed between the two"
    assert len(verify().waiting) == UnchainedEntry.objects.count()
    assert close() >= 2
    assert list(AuditLink.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 203))
    report = verify()
    assert (report.faults, report.chained, report.waiting) == ([], 202, [])
    assert len(set(AuditEntry.objects.values_list("actor_key", flat=True))) == 2


def _url(database: dict[str, Any]) -> str:
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{database['NAME']}"
    return f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def test_an_auditor_computes_the_chain_anew_by_the_document(database: dict[str, object], settings: Any) -> None:
    settings.CHAT_AUDIT_KEY = "a key of the audit's own"
    fill(5)
    note("login", 1)
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    known: dict[str, Any] = {}
    exec(program, known)
    recompute: Callable[..., str] = known["recompute"]
    lines = command("export").splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4, 5, None]
    assert recompute(lines, "a key of the audit's own") == head()
    assert json.loads(lines[4])["previous"] == json.loads(lines[3])["mac"]
    with pytest.raises(SystemExit, match="3"):
        recompute(
            [line.replace('"17"', '"18"') if ":3," in line[:12] else line for line in lines], settings.CHAT_AUDIT_KEY
        )
    day = (timezone.now() + timedelta(days=2)).date().isoformat()
    assert command("export", "--since", day) == ""
    assert command("export", "--since", "2020-01-01").splitlines() == lines


def test_former_keys_verify_what_they_have_sealed(database: dict[str, object], settings: Any) -> None:
    fill(2)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another one"
    assert [fault[:40] for fault in verify().faults] == [
        "Link 1 was made with a key that is not k",
        "Link 2 was made with a key that is not k",
    ]
    settings.SECRET_KEY_FALLBACKS = [former]
    assert verify().faults == []
    settings.CHAT_AUDIT_KEY = "first"
    note("login", 1)
    close()
    settings.CHAT_AUDIT_KEY, settings.CHAT_AUDIT_KEY_FALLBACKS = "second", ["first"]
    note("login", 1)
    close()
    assert (verify().faults, verify().chained) == ([], 4)


def test_an_entry_goes_with_its_act(database: dict[str, object]) -> None:
    user = User.objects.create(username="olga")
    with undone():
        note("grant", user, user, amount=3)
    assert not AuditEntry.objects.exists()
    assert not UnchainedEntry.objects.exists()
    note("grant", user, user, amount=3, ids=[1, "a\0b", True], text="\ud800")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_key, entry.object_kind, entry.object_key) == (
        *("grant", str(user.pk), "auth.user", str(user.pk)),
    )
    assert entry.details == {"amount": 3, "ids": [1, "ab", True], "text": "?"}
    for wrong, error in (({"share": 0.5}, TypeError), ({"of": {1}}, TypeError)):
        with pytest.raises(error):
            note("grant", user, user, **wrong)
    with pytest.raises(ValueError, match="nosuch"):
        note("nosuch", user)
    assert {str(each) for each in Action} >= {"reading", "export", "erasure", "hold", "login"}


def test_migrating_back_and_forth_makes_the_triggers(
    database: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where nobody tests."""
    monkeypatch.setattr("chat.migrations.0030_audit.is_tested", lambda: False)
    for name in ("0028_usage", "0030_audit"):
        call_command("migrate", "chat", name, verbosity=0, skip_checks=True)
        assert are_there(connection) is (name == "0030_audit")
