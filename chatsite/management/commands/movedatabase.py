"""`manage.py movedatabase postgres://…`: from SQLite to PostgreSQL, with the site stopped."""

import re
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from chatsite.databases.errors import Refused
from chatsite.databases.moving import left_behind, move
from chatsite.databases.sqlite import database_file
from chatsite.environment import services

EXAMPLE = "postgres://role@host/database"


class Command(BaseCommand):
    help = "Copy all that is in the site's SQLite into an empty database of PostgreSQL, while the site is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help=f"its address, as DATABASE_URL is one: {EXAMPLE}")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        try:
            moved = move(_database(url), self.stdout.write)
        except Refused as exc:
            raise CommandError(str(exc)) from exc
        rows, changed = sum(table.rows for table in moved), sum(table.changed for table in moved)
        self.stdout.write(f"Moved {rows:,} rows of {len(moved)} tables, counted and summed up in both.")
        if changed:
            self.stdout.write(f"In {changed:,} texts characters that PostgreSQL does not take are U+FFFD now.")
        if left := left_behind():
            self.stdout.write(f"Not moved, because no app has them any more: {', '.join(left)}.")
        self.stdout.write(f"{database_file()} is as it was. Now write into .env, and start the site:")
        self.stdout.write(f"DATABASE_URL={_without_password(url)}")


def _database(url: str) -> dict[str, Any]:
    """As `DATABASES` has it."""
    try:
        named = services.database(settings.BASE_DIR, url)
    except ValueError as exc:
        raise CommandError(f"The address {exc}".rstrip(".") + ".") from None  # which may hold a password
    if "postgresql" not in named["ENGINE"]:
        raise CommandError(f"The address is none of a PostgreSQL, as {EXAMPLE} is.")
    return {**connections.settings["default"], "OPTIONS": {}, **named}


def _without_password(url: str) -> str:
    return re.sub(r"^(\w+://[^:@/]*:)[^@]*@", r"\1…@", url)
