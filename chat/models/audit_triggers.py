"""What has the database itself refuse to change the audit log, or to take from it what no mark covers.

Whoever owns the tables can drop them: then the chain shows what was changed (chat/audit/verifying.py). They work in
any schema of PostgreSQL, and whatever a project calls the tables.
"""

from typing import Any

from django.core import mail
from django.db import transaction

from chat.models.audit_entry import REFUSAL, AuditEntry, AuditLink, AuditMark

FUNCTION = """
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $guard$
DECLARE is_allowed boolean := FALSE;
BEGIN
  -- By their schema: what a session would find first under these names may be tables of its own.
  IF TG_OP = 'TRUNCATE' THEN
    EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM %I.%I)', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO is_allowed;
  ELSIF TG_OP = 'DELETE' AND TG_ARGV[0] = 'link' THEN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I WHERE number >= $1)', TG_TABLE_SCHEMA, TG_ARGV[2])
      INTO is_allowed USING OLD.number;
  ELSIF TG_OP = 'DELETE' AND TG_ARGV[0] = 'entry' THEN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I.%2$I l JOIN %1$I.%3$I m ON m.number >= l.number '
      'WHERE l.entry = $1)', TG_TABLE_SCHEMA, TG_ARGV[1], TG_ARGV[2]) INTO is_allowed USING OLD.id;
  END IF;
  IF NOT is_allowed THEN
    RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $guard$
"""
ROWS = (
    "CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    "EXECUTE FUNCTION {function}('{what}', '{links}', '{marks}')"
)
ALL = "CREATE OR REPLACE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
SQLITE = "CREATE TRIGGER {name} BEFORE {act} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
COVERED = {
    "entry": "EXISTS (SELECT 1 FROM {links} JOIN {marks} ON {marks}.number >= {links}.number "
    "WHERE {links}.entry = OLD.id)",
    "link": "EXISTS (SELECT 1 FROM {marks} WHERE number >= OLD.number)",
    "mark": "FALSE",
}
"""In SQLite, of a row that is to be deleted."""
THERE = {"entry": "id = NEW.id", "link": "number = NEW.number OR entry = NEW.entry", "mark": "number = NEW.number"}
"""SQLite's INSERT OR REPLACE takes a row without asking its triggers, so it is asked before."""
FOUND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger "
    "WHERE tgenabled <> 'D' AND tgrelid IN (to_regclass(%s), to_regclass(%s), to_regclass(%s))",
}
"""The names of those that are there; in PostgreSQL of these tables."""
TABLES = {"mark": AuditMark._meta.db_table, "entry": AuditEntry._meta.db_table, "link": AuditLink._meta.db_table}
"""In the order in which a prune writes to them: who makes triggers on PostgreSQL locks them for a moment."""


def create_triggers(connection: Any) -> None:
    """In the place of those that are there: another version may have made them."""
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        for statement in _statements(connection):
            cursor.execute(statement)


def drop_triggers(connection: Any) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION IF EXISTS {_function(connection)}() CASCADE")
        for name in _names(connection) if connection.vendor == "sqlite" else ():
            cursor.execute(f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}")


def are_there(connection: Any) -> bool:
    """All of them. Of another kind of database nothing is asked."""
    if connection.vendor not in FOUND:
        return True
    tables = map(connection.ops.quote_name, TABLES.values())
    with connection.cursor() as cursor:
        cursor.execute(FOUND[connection.vendor], list(tables) if connection.vendor == "postgresql" else [])
        return set(_names(connection)) <= {name for (name,) in cursor.fetchall()}


def is_tested() -> bool:
    """Does Django test (`setup_test_environment` makes `mail.outbox`)? Tests empty tables."""
    return hasattr(mail, "outbox")


def _names(connection: Any) -> list[str]:
    acts = ("update", "delete", "insert") if connection.vendor == "sqlite" else ("change", "truncate")
    return [f"{table}_no_{act}" for table in TABLES.values() for act in acts]


def _statements(connection: Any) -> list[str]:
    if connection.vendor == "postgresql":
        return _for_postgresql(connection)
    return _for_sqlite(connection) if connection.vendor == "sqlite" else []


def _for_postgresql(connection: Any) -> list[str]:
    quote, function = connection.ops.quote_name, _function(connection)
    statements = [FUNCTION.format(function=function, refusal=REFUSAL)]
    for what, table in TABLES.items():
        common = {"table": quote(table), "function": function}
        named = {"what": what, "links": TABLES["link"], "marks": TABLES["mark"]}
        statements.append(ROWS.format(name=quote(f"{table}_no_change"), **common, **named))
        statements.append(ALL.format(name=quote(f"{table}_no_truncate"), **common))
    return statements


def _for_sqlite(connection: Any) -> list[str]:
    quote = connection.ops.quote_name
    quoted = {"links": quote(TABLES["link"]), "marks": quote(TABLES["mark"])}
    statements = []
    for what, table in TABLES.items():
        conditions = {
            "update": "",
            "delete": f"WHEN NOT ({COVERED[what].format(**quoted)})",
            "insert": f"WHEN EXISTS (SELECT 1 FROM {quote(table)} WHERE {THERE[what]})",  # noqa: S608 - ours alone
        }
        for act, when in conditions.items():
            values = {"name": quote(f"{table}_no_{act}"), "act": act.upper(), "table": quote(table), "when": when}
            statements += [f"DROP TRIGGER IF EXISTS {values['name']}", SQLITE.format(refusal=REFUSAL, **values)]
    return statements


def _function(connection: Any) -> str:
    name: str = connection.ops.quote_name(f"{TABLES['entry']}_guard")
    return name
