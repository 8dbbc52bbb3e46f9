"""`manage.py createusers <list>`: many accounts at once, with links by which their holders choose a password."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from chatsite.accounts.bulk_creation import create_listed, password_link
from chatsite.accounts.bulk_mail import send_links
from chatsite.accounts.user_list import Faults, Row, read_list
from chatsite.single_sign_on.configuration import is_only_way

STANDARD = "-"
MOST_SHOWN = 50
"""Faults, or names."""

Link = tuple[User, str]


class Command(BaseCommand):
    help = (
        "Make the accounts of a list (CSV), all or none, without passwords, and write a link for each by which its "
        "holder chooses one. Those that exist already are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("list", metavar="FILE.csv", help="its first line names its columns; - is standard input")
        parser.add_argument("--output", default=STANDARD, metavar="FILE", help="a new file for the links (mode 600)")
        parser.add_argument(
            "--site", default="", metavar="URL", help="the public address, as https://chat.example.org"
        )
        parser.add_argument("--mail", action="store_true", help="send each link to its address, and write none")
        parser.add_argument("--again", action="store_true", help="links also for those of the list without a password")

    def handle(self, *args: Any, output: str, mail: bool, again: bool, **options: Any) -> None:
        site = "" if is_only_way() else _site(options["site"])
        rows = _read(options["list"], needs_addresses=mail)
        if mail and not (site and settings.CHAT_HAS_MAIL):
            raise CommandError("No e-mail is sent by this site (EMAIL_URL), or there are no passwords (OIDC_ONLY).")
        with _output(output, self.stdout) as write:
            with transaction.atomic():
                made, there = _create(rows)
                users = [*made, *(user for user in there if again and _lacks_password(user))]
                links = [(user, site + password_link(user)) for user in users if site]
                write([] if mail else links)
            unsent = send_links(links, _end_of_links()) if mail else []
            write(unsent)
        self._tell(made, there, links)
        if unsent:
            raise CommandError(f"{len(unsent)} of {len(links)} mails could not be sent: their links are written.")

    def _tell(self, made: list[User], there: list[User], links: list[Link]) -> None:
        self.stderr.write(f"Made {len(made)} accounts.")
        if there:
            names = ", ".join(user.username for user in there[:MOST_SHOWN])
            more = f", and {len(there) - MOST_SHOWN} more" if len(there) > MOST_SHOWN else ""
            self.stderr.write(f"{len(there)} were there already, and are as they were: {names}{more}.")
        if is_only_way():
            self.stderr.write(f"They log in by {settings.OIDC_NAME}: there are no passwords here, and so no links.")
        elif links:
            until = _end_of_links().isoformat(" ", "minutes")
            self.stderr.write(f"Each link opens its account to whoever has it, once, until {until}.")


def _site(given: str) -> str:
    """The public address: what is given, or else what the settings say of it."""
    known = [host for host in settings.ALLOWED_HOSTS if host and not host.startswith((".", "*"))]
    if not given:
        if len(known) != 1:
            raise CommandError("Say by --site where the site is, as in --site https://chat.example.org.")
        return f"{'https' if settings.SESSION_COOKIE_SECURE else 'http'}://{known[0]}"
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise CommandError(f"--site is no address, as https://chat.example.org is one: {given!r}.")
    if settings.ALLOWED_HOSTS and not validate_host(split_domain_port(parts.netloc)[0], settings.ALLOWED_HOSTS):
        raise CommandError(f"The site does not answer as {parts.netloc}: ALLOWED_HOSTS lacks it.")
    return f"{parts.scheme}://{parts.netloc}"


def _read(path: str, *, needs_addresses: bool) -> list[Row]:
    try:
        data = sys.stdin.buffer.read() if path == STANDARD else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        rows = read_list(data)
        if needs_addresses and (without := [row for row in rows if not row.email]):
            raise Faults(*(f"Line {row.line} has no e-mail address." for row in without))
    except Faults as faults:
        raise _refusal(faults) from faults
    return rows


def _create(rows: list[Row]) -> tuple[list[User], list[User]]:
    try:
        return create_listed(rows)
    except Faults as faults:
        raise _refusal(faults) from faults
    except IntegrityError as error:
        raise CommandError("Somebody has made one of these accounts meanwhile. None was made: try again.") from error


def _refusal(faults: Faults) -> CommandError:
    more = len(faults.sentences) - MOST_SHOWN
    said = [*faults.sentences[:MOST_SHOWN], *([f"And {more} more."] if more > 0 else []), "No account was made."]
    return CommandError("\n".join(said))


def _lacks_password(user: User) -> bool:
    return user.is_active and not user.has_usable_password()


@contextmanager
def _output(path: str, stdout: Any) -> Iterator[Callable[[list[Link]], None]]:
    """What writes links: to a new file of its owner alone, which goes with a fault; or to the output, at the end."""
    if path != STANDARD:
        yield from _new_file(path)
        return
    written: list[str] = []
    yield lambda links: written.append(_as_csv(links))
    stdout.write("".join(written), ending="")


def _new_file(path: str) -> Iterator[Callable[[list[Link]], None]]:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise CommandError(f"{path} cannot be made: {error.strerror}.") from error
    try:
        yield lambda links: _append(path, links)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def _append(path: str, links: list[Link]) -> None:
    try:
        with open(path, "a", encoding="utf-8", newline="") as file:
            file.write(_as_csv(links))
    except OSError as error:
        raise CommandError(f"The links cannot be written: {error.strerror}.") from error


def _as_csv(links: list[Link]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows((user.username, user.email, link) for user, link in links)
    return written.getvalue()


def _end_of_links() -> Any:
    return timezone.localtime() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
