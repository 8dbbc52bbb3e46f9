"""`manage.py checkstream URL`: do streams get through what lies between the browsers and this site?"""

from functools import partial

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.diagnostics.checkstream.address import Address
from chat.diagnostics.checkstream.check import NEEDED_SILENCE, Check
from chat.diagnostics.probe import MAX_SILENCE


class Command(BaseCommand):
    help = "Check that streams get through what lies between the browsers and this site."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        seconds = partial(parser.add_argument, type=float, metavar="SECONDS")
        parser.add_argument("url", help="the public address, such as https://chat.example.org")
        seconds("--idle", default=NEEDED_SILENCE, help="silence to try (default: %(default)g)")
        seconds("--patience", default=10.0, help="how long to wait for an answer (default: %(default)g)")
        parser.add_argument("--insecure", action="store_true", help="accept any certificate")

    def handle(self, *, url: str, idle: float, patience: float, insecure: bool, **options: object) -> None:
        if not 0 <= idle <= MAX_SILENCE or not 0 < patience <= MAX_SILENCE:
            raise CommandError(f"--idle and --patience take up to {MAX_SILENCE:g} seconds.")
        faults = 0
        for finding in Check(Address.of(url, patience, insecure), idle).run():
            self.stdout.write(str(finding), self.style.ERROR if finding.is_fault else None)
            self.stdout.flush()
            faults += finding.is_fault
        if faults:
            raise CommandError(f"{faults} fault{'s' if faults > 1 else ''} found.")
        self.stdout.write("All is well.", self.style.SUCCESS)
