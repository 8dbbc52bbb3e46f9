"""`manage.py audit`: whether the audit log is as it was written, what is in it, and taking what is old."""

from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any

from django.conf import settings as project
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from chat.audit.exporting import lines
from chat.audit.pruning import Refused, prune
from chat.audit.verifying import Malformed, Report, verify
from chat.conf import settings
from chat.management.arguments import day
from chat.models.audit_triggers import create_triggers

SHOWN = 100
"""Faults, and entries that wait, that are named."""


class Command(BaseCommand):
    help = "Verify the audit log, write it as JSON Lines, or take what is old from it (docs/audit.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verifying = acts.add_parser("verify", help="say what was changed or taken, and what is not chained yet")
        verifying.add_argument("--head", action="append", metavar="HEAD", help="one that was logged; may be repeated")
        exporting = acts.add_parser("export", help="write it as JSON Lines, in the order of the chain")
        since = "begin with the first entry of that day in TIME_ZONE"
        exporting.add_argument("--since", type=day, metavar="YYYY-MM-DD", help=since)
        pruning = acts.add_parser("prune", help="take what is older, with a sealed mark in its place")
        before = "take what is older than this day in TIME_ZONE"
        pruning.add_argument("--before", type=day, metavar="YYYY-MM-DD", required=True, help=before)
        acts.add_parser("guard", help="make the triggers anew that refuse changes of it")

    def handle(self, *, act: str, **options: Any) -> None:
        match act:
            case "verify":
                self._verify(options["head"])
            case "export":
                for line in lines(_begin_of(options["since"]) if options["since"] else None):
                    self.stdout.write(line)
            case "prune":
                self._prune(options["before"])
            case "guard":
                create_triggers(connection)
                self.stdout.write("The triggers that refuse changes of the audit log are there.")

    def _verify(self, heads: list[str] | None) -> None:
        try:
            report = verify(heads)
        except Malformed as exc:
            raise CommandError(str(exc)) from exc
        self._say(report)
        if report.faults:
            raise CommandError(f"The audit log is not as it was written: {len(report.faults)} faults.")
        self.stdout.write(f"The audit log is as it was written: {report.chained} chained entries.")

    def _say(self, report: Report) -> None:
        for fault in report.faults[:SHOWN]:
            self.stderr.write(fault)
        if report.pruned:
            self.stdout.write(f"Links up to {report.pruned} were pruned.")
        if waiting := report.waiting:
            more = ", …" if len(waiting) > SHOWN else ""
            self.stdout.write(f"Not chained yet: {len(waiting)} ({', '.join(map(str, waiting[:SHOWN]))}{more}).")
        self.stdout.write(f"Head: {report.head}")

    def _prune(self, before: date) -> None:
        if not settings.CHAT_AUDIT_PRUNE:
            raise CommandError("CHAT_AUDIT_PRUNE is off: nothing is taken from the audit log.")
        try:
            count = prune(_begin_of(before))
        except Refused as exc:
            sentence = "The audit log is not as it was written, which a prune would hide: `audit verify` says where."
            raise CommandError(sentence) from exc
        self.stdout.write(f"Pruned {count} entries.")


def _begin_of(day: date) -> datetime:
    begin = datetime.combine(day, time.min)
    return timezone.make_aware(begin) if project.USE_TZ else begin
