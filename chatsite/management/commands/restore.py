"""`manage.py restore FILE`: a backup becomes the site's database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatsite.database_version import missing_from
from chatsite.databases.backups import restore
from chatsite.databases.errors import Refused


class Command(BaseCommand):
    help = "Make a backup the site's database, while the site is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            contents, note = restore(file)
        except Refused as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"Restored {contents}.")
        if note:
            self.stdout.write(note)
        if missing_from(contents.migrations):
            self.stdout.write("It is of an older version: run `manage.py migrate` before you start the site.")
