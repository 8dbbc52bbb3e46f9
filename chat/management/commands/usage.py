"""Whether the sums of what is used equal the rows that they are made of; and totals made anew."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.management.arguments import day
from chat.models import TotalsMark, UsageEntry
from chat.usage.totals import forget_totals, make_totals
from chat.usage.verifying import differences


class Command(BaseCommand):
    help = "Compare the daily sums of tokens and costs with the runs that they are made of."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--verify", action="store_true", help="compare sums with rows")
        what.add_argument("--make-totals", action="store_true", help="make the totals of days and months anew")
        since = "with --verify: compare no day before this one"
        parser.add_argument("--since", type=day, default=date.min, metavar="YYYY-MM-DD", help=since)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["make_totals"]:
            forget_totals()
            make_totals()
            last = TotalsMark.read().day
            of = "of no day: none is over in which anything was used" if last == date.min else f"up to {last}"
            self.stdout.write(f"Made the totals anew, {of}.")
            return
        found = differences(options["since"])
        for each in found:
            of = " ".join(map(str, each.of))
            self.stderr.write(f"{each.day} {of}: {each.name} is {each.sums}, and of the rows {each.rows}")
        if found:
            raise CommandError(f"{len(found)} sums do not equal their rows.")
        runs = UsageEntry.objects.filter(day__gte=options["since"]).count()
        self.stdout.write(f"The sums equal their rows: {runs} runs.")
