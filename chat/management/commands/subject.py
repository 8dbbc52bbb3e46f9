"""`manage.py subject USER`: all that the site has of one person, as a zip that they can read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.text import slugify

from chat.audit import Action, note
from chat.i18n import translated
from chat.import_export.subject import subject_zip, untold


class Command(BaseCommand):
    help = "Write all that the site has of one person into a zip that they can read: pages beside JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the name that they log in with, or else their id")
        parser.add_argument("--output", metavar="FILE", help="where to (default: personal-data-USER-DATE.zip here)")
        language = "of the pages, as in de (default: %(default)s)"
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, help=language)

    def handle(self, *, user: str, output: str | None, language: str, **options: object) -> None:
        try:
            translation.get_supported_language_variant(language)
        except LookupError as exc:
            raise CommandError(f"There is no language {language!r} here.") from exc
        person = _find(user)
        name = person.get_username()
        file = Path(output or f"personal-data-{slugify(name) or 'user'}-{timezone.localdate().isoformat()}.zip")
        with translation.override(language):
            note(Action.EXPORT, None, person, of="everything")
            _write(file, subject_zip(person, translated, language))
        if tables := untold():
            self.stderr.write(f"Not in it, though they refer to users: {', '.join(tables)}.", self.style.WARNING)
        self.stdout.write(f"What this site has of {name!r} is in {file}.", self.style.SUCCESS)


def _find(said: str) -> Any:
    """By name first: it may be made of digits, as ids are."""
    model = get_user_model()
    found = model._base_manager.filter(**{model.USERNAME_FIELD: said}).first() or _by_id(said)
    if not found:
        raise CommandError(f"There is no user {said!r}.")
    return found


def _by_id(said: str) -> Any | None:
    """What can be no id of the project's users is nobody's."""
    model = get_user_model()
    try:
        return model._base_manager.filter(pk=model._meta.pk.to_python(said)).first()
    except (ValidationError, OverflowError):
        return None


def _write(file: Path, pieces: Iterator[bytes]) -> None:
    """For who writes it alone to read; nothing is left of one that is not whole."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            _copy(pieces, opened, file)
    except OSError as exc:
        raise CommandError(f"{file} cannot be written: {exc.strerror}.") from exc


def _copy(pieces: Iterator[bytes], opened: BinaryIO, file: Path) -> None:
    try:
        opened.writelines(pieces)
        opened.flush()
        os.fsync(opened.fileno())
    except BaseException:
        file.unlink()
        raise
