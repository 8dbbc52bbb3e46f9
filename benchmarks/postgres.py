"""What answers that are being written cost a PostgreSQL: bytes of its log a token, and dead rows.

Starts a PostgreSQL of its own, with its defaults but for fsync, and the site on it; then so many answers are written
at once for so long, each followed by nobody. Prints, of that time: bytes of the write-ahead log, by token and second;
and of each table that changed: updates a minute, how many of them left no entry in an index (HOT), rows that died a
minute, dead ones at most, how often it was vacuumed by itself, and by how much it grew. Linux only; needs a C compiler
and a server of PostgreSQL.

    python benchmarks/postgres.py [--replies 300] [--interval 50] [--seconds 120]
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from followers import Client
from local_site import ROOT, environment, free_port, make_session, served
from tools import build, running_upstream

LOOK_SECONDS = 2.0
SETTLE_SECONDS = 3.0
TABLES = """
    SELECT coalesce(whole.relname || ' (long)', stat.relname),
        n_tup_upd, n_tup_hot_upd, n_tup_del, n_dead_tup, autovacuum_count, pg_total_relation_size(stat.relid)
    FROM pg_stat_all_tables AS stat LEFT JOIN pg_class AS whole ON whole.reltoastrelid = stat.relid
    WHERE schemaname IN ('public', 'pg_toast')
"""
"""What is long lies in a table of its own (TOAST), where an update is a deletion and an insertion."""
TOKENS = "SELECT sum(length(text) - length(replace(text, '~', ''))) FROM chat_messagepart"
COLUMNS = {"updates a minute": 18, "HOT": 6, "died a minute": 15, "dead at most": 14, "vacuums": 9, "grew": 10}


@dataclass
class Table:
    updates: int
    hot: int
    deletions: int
    dead: int
    vacuums: int
    size: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("replies", 300), ("interval", 50), ("seconds", 120)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--sql", help="a statement that is run before, such as ALTER TABLE … SET (…)")
    wished = parser.parse_args()
    build()
    with running_upstream() as upstream, running_site(upstream.port, wished.sql) as (client, address):
        asyncio.run(measure(client, address, wished))


@contextlib.contextmanager
def running_site(upstream_port: int, sql: str | None) -> Iterator[tuple[Client, str]]:
    """A user of the site, and the address of its database."""
    sys.path.insert(0, str(ROOT))
    from tests.support.postgres import Postgres, programs

    if not (binaries := programs()):
        sys.exit("There is no server of PostgreSQL on this machine.")
    with tempfile.TemporaryDirectory() as folder, Postgres(binaries) as server:
        plain = {"DEBUG": "off", "ALLOWED_HOSTS": "127.0.0.1", "SECURE_SSL_REDIRECT": "off"}
        unlimited = {"CHAT_LIVE_PER_PROCESS": "0", "CHAT_OUTPUT_CHARS": "0", "CHAT_TOTAL_SECONDS": "0"}
        env = environment(folder, upstream_port) | plain | unlimited | {"DATABASE_URL": server.url}
        session, port = make_session(env), free_port()
        if sql:
            with psycopg.connect(server.url, autocommit=True) as owner:
                owner.execute(sql)
        with served(env, port):
            yield Client(port, session), server.url


async def measure(client: Client, address: str, wished: argparse.Namespace) -> None:
    tokens = wished.seconds * 2000 // wished.interval  # more than are written in that time
    asked = await client.ask_many(wished.replies, f"bench:{wished.interval * 1000}:{tokens}")
    for one in asked:
        one.close()
    await asyncio.sleep(SETTLE_SECONDS)
    with psycopg.connect(address, autocommit=True) as database:
        before, stored = tables(database), tokens_stored(database)
        written, began = log_position(database), time.monotonic()
        most: dict[str, int] = {}
        while time.monotonic() < began + wished.seconds:
            await asyncio.sleep(LOOK_SECONDS)
            for name, table in tables(database).items():
                most[name] = max(most.get(name, 0), table.dead)
        seconds, after = time.monotonic() - began, tables(database)
        wal, tokens = log_position(database) - written, tokens_stored(database) - stored
        running = database.execute("SELECT count(*) FROM chat_generation WHERE status = 'running'").fetchone()
    tell(wished, seconds, wal, tokens, running[0] if running else 0)
    for name, table in sorted(after.items()):
        tell_of_table(name, before[name], table, most[name], seconds / 60)


def tables(database: "psycopg.Connection[tuple[object, ...]]") -> dict[str, Table]:
    return {name: Table(*numbers) for name, *numbers in database.execute(TABLES)}  # type: ignore[arg-type,misc]


def log_position(database: "psycopg.Connection[tuple[object, ...]]") -> int:
    row = database.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
    return int(row[0]) if row else 0  # type: ignore[call-overload,no-any-return]


def tokens_stored(database: "psycopg.Connection[tuple[object, ...]]") -> int:
    """Each begins with a ~ (upstream.c)."""
    row = database.execute(TOKENS).fetchone()
    return int(row[0]) if row else 0  # type: ignore[call-overload,no-any-return]


def tell(wished: argparse.Namespace, seconds: float, wal: int, tokens: int, running: int) -> None:
    wanted = running * seconds * 1000 / wished.interval
    print(f"{running} answers, a token each {wished.interval} ms, for {seconds:.0f} s ({os.cpu_count()} cores)")
    print(f"stored: {tokens:,} tokens, {tokens / wanted:.0%} of those that came")
    print(f"write-ahead log: {wal / tokens:.0f} bytes a token, {wal / seconds / 1e6:.2f} MB a second")
    print("table".ljust(24) + "".join(title.rjust(width) for title, width in COLUMNS.items()))


def tell_of_table(name: str, before: Table, after: Table, most: int, minutes: float) -> None:
    updates, hot = after.updates - before.updates, after.hot - before.hot
    if not updates and after.deletions == before.deletions:
        return
    vacuums, grew = after.vacuums - before.vacuums, (after.size - before.size) / 1e6
    dead = (updates + after.deletions - before.deletions) / minutes
    found = (
        f"{updates / minutes:,.0f}",
        f"{hot / (updates or 1):.0%}",
        f"{dead:,.0f}",
        f"{most:,}",
        vacuums,
        f"{grew:.1f} MB",
    )
    print(
        name.ljust(24) + "".join(str(each).rjust(width) for each, width in zip(found, COLUMNS.values(), strict=True))
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main()
