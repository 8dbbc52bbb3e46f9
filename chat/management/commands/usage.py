"""Whether the sums of what is used equal the rows that they are made of."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import UsageEntry
from chat.usage.verifying import differences


class Command(BaseCommand):
    help = "Compare the daily sums of tokens and costs with the runs that they are made of."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verify", action="store_true", required=True, help="compare sums with rows")
        parser.add_argument("--since", type=date.fromisoformat, default=date.min, metavar="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        found = differences(options["since"])
        for each in found:
            of = " ".join(map(str, each.of))
            self.stderr.write(f"{each.day} {of}: {each.name} is {each.sums}, and of the rows {each.rows}")
        if found:
            raise CommandError(f"{len(found)} sums do not equal their rows.")
        runs = UsageEntry.objects.filter(day__gte=options["since"]).count()
        self.stdout.write(f"The sums equal their rows: {runs} runs.")
