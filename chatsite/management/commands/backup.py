"""`manage.py backup FILE`: all that the database holds, in one file, while the site runs or not."""

import subprocess
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatsite.database_version import missing_from, unknown_among
from chatsite.databases.backups import back_up, verify
from chatsite.databases.base import Contents
from chatsite.databases.errors import Refused
from chatsite.databases.whole_file import said_size


class Command(BaseCommand):
    help = "Back up the database into a new file, while the site runs or not; or look through such a file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--verify", action="store_true", help="only read this backup, and count what it holds")

    def handle(self, *args: Any, file: Path, verify: bool, **options: Any) -> None:
        try:
            self._verify(file) if verify else self._back_up(file)
        except Refused as exc:
            raise CommandError(str(exc)) from exc

    def _back_up(self, file: Path) -> None:
        began = time.monotonic()
        back_up(file)
        seconds = time.monotonic() - began
        self.stdout.write(f"Backed up: {file}, {said_size(file.stat().st_size)}, in {seconds:.1f} s.")
        self.stdout.write(
            f"Not in it: {settings.BASE_DIR / '.env'} with what it names, and the program{_commit()}. Keep them, too."
        )

    def _verify(self, file: Path) -> None:
        database, contents = verify(file)
        self.stdout.write(f"{file} is whole: {database.name}, {said_size(file.stat().st_size)}.")
        self.stdout.write(f"It holds {contents}.")
        self.stdout.write(_version(contents))


def _version(contents: Contents) -> str:
    if unknown := unknown_among(contents.migrations):
        return f"It is of a newer version than this program, which does not have {', '.join(unknown)}."
    if missing := missing_from(contents.migrations):
        return f"It is of an older version: `migrate` makes its tables new ({', '.join(missing)})."
    return "Its tables are those of this version."


def _commit() -> str:
    """Which one it is, where git knows."""
    folder = str(settings.BASE_DIR)
    command = ["git", "-c", f"safe.directory={folder}", "-C", folder, "describe", "--always", "--tags"]
    try:
        found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return f" ({found.stdout.strip()})"
