"""`manage.py checkmodel NAME`: what can this model, and where does it fail?"""

import asyncio

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.diagnostics.checkmodel import Check
from chat.providers.client import close_clients
from chat.providers.registry import registry


class Command(BaseCommand):
    help = "Ask a model a few questions, and say what it can and where it fails."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="its name, or its key in CHAT_PROVIDERS")
        patience = "how long to wait for each answer, in seconds (default: %(default)g)"
        parser.add_argument("--patience", type=float, default=60.0, metavar="SECONDS", help=patience)

    def handle(self, *, name: str, patience: float, **options: object) -> None:
        if not 0 < patience <= 3600:
            raise CommandError("--patience takes up to 3600 seconds.")
        try:
            check = Check(name, patience)
        except KeyError as exc:
            known = ", ".join(model.key for model in registry().models)
            raise CommandError(f"No model has the key {name!r}. Known are: {known}.") from exc
        except ImproperlyConfigured as exc:
            raise CommandError(str(exc)) from exc
        if faults := asyncio.run(self._faults(check)):
            raise CommandError(f"{faults} fault{'s' if faults > 1 else ''} found.")
        self.stdout.write("All is well.", self.style.SUCCESS)

    async def _faults(self, check: Check) -> int:
        faults = 0
        try:
            async for finding in check.run():
                self.stdout.write(str(finding), self.style.ERROR if finding.is_fault else None)
                self.stdout.flush()
                faults += finding.is_fault
        finally:
            await close_clients()
        return faults
