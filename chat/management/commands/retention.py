"""`manage.py retention`: what goes because nothing has happened in it for so many days, or its numbers alone."""

from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandParser

from chat.retention import due
from chat.retention.numbers import Numbers, numbers
from chat.retention.vacuum import alone


class Command(BaseCommand):
    help = (
        "Mark the conversations that are in their last week, and erase those that are due (docs/retention.md), as the "
        "site does by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say in numbers what would go")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        for each in (found := list(numbers())):
            self.stdout.write(_said(each, "All others" if len(found) > 1 else "Everybody"))
        if not found:
            self.stdout.write(
                "Conversations are kept for ever: CHAT_RETENTION_DAYS is 0, and no group has other days."
            )
        if not dry_run:
            with alone(lambda: self.stdout.write("Waiting for another erasure to end.")):
                self._do()

    def _do(self) -> None:
        taken_back, marked = due.take_marks_back(), due.mark()
        count = 0
        while erased := due.erase_due():
            count += erased
        self.stdout.write(
            f"Erased {count} conversations. Marked {marked}, whose owners are told from now on; took {taken_back} "
            "marks back.",
            self.style.SUCCESS,
        )


def _said(found: Numbers, others: str) -> str:
    ages = "".join(f"\n  {count} for {name}" for name, count in found.ages.items())
    untold = found.past - found.due - found.told - found.held
    return (
        f"{_whose(found) or others}, {found.rule.days} days: "
        f"in {found.past} conversations nothing has happened for longer.\n"
        f"  {found.due} go now, {found.told} within a week, {max(untold, 0)} a week after they are marked, "
        f"{found.held} are held.{ages}"
    )


def _whose(found: Numbers) -> str:
    names = Group.objects.filter(pk__in=found.rule.groups).order_by("name").values_list("name", flat=True)
    return f"Members of {', '.join(names)}" if found.rule.groups else ""
