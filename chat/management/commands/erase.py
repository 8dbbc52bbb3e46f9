"""`manage.py erase`: conversations or a whole account, gone for good, down to the files of the database."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from chat.errors import Conflict
from chat.models import Certificate, Conversation
from chat.models.certificate import Purpose
from chat.models.conversation import ConversationQuerySet
from chat.retention.certificates import Cause, noted_digest
from chat.retention.erasure import Extent, erase, erase_account, extent
from chat.retention.holds import without_held
from chat.retention.leftovers import bytes_left, rows_left
from chat.retention.vacuum import alone, vacuum


class Command(BaseCommand):
    help = "Erase conversations, or an account with all that it owns, while the site runs or not."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--user", metavar="NAME", help="all conversations of this user")
        what.add_argument("--conversation", metavar="UUID", type=uuid.UUID, help="this one")
        what.add_argument("--deleted", action="store_true", help="those that users have deleted, without waiting")
        what.add_argument(
            "--verify",
            metavar="CERTIFICATE",
            type=uuid.UUID,
            help="erase nothing: look whether any row or byte is there of what this certificate says is gone",
        )
        parser.add_argument("--account", action="store_true", help="with --user: the account, too")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to erase")
        parser.add_argument("--no-vacuum", action="store_true", help="do not write the database anew afterwards")

    def handle(self, *, dry_run: bool, no_vacuum: bool, account: bool, **what: Any) -> None:
        if account and not what["user"]:
            raise CommandError("--account goes with --user.")
        if certificate_id := what.pop("verify"):
            self._verify(_certificate(certificate_id))
            return
        with alone(lambda: self.stdout.write("Waiting for another erasure to end.")):
            self._handle(dry_run=dry_run, no_vacuum=no_vacuum, account=account, **what)

    def _handle(self, *, dry_run: bool, no_vacuum: bool, account: bool, **what: Any) -> None:
        owner = _user(what["user"]) if what["user"] else None
        conversations = _conversations(owner, what["conversation"])
        words = _said(extent(conversations, owner.pk if owner and account else None)) + (
            ", and the account" if account else ""
        )
        if dry_run:
            self.stdout.write(f"This would erase {words}.")
            return
        begun_at = timezone.now()
        _erase(conversations, owner if account else None)
        self.stdout.write(f"Erased {words}.", self.style.SUCCESS)
        for certificate in Certificate.objects.filter(begun_at__gte=begun_at, purpose=Purpose.COMMAND).only("pk"):
            self.stdout.write(f"Certificate {certificate.pk}")
        if no_vacuum:
            self.stdout.write("The database was not vacuumed: its free pages may still hold something of it.")
        else:
            vacuum()
            self.stdout.write("The database was vacuumed. Backups of it are yours to look after.")

    def _verify(self, certificate: Certificate) -> None:
        """Raises CommandError if it is not true."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(certificate.counts.items()) if count)
        by = f"user {certificate.by_key}" if certificate.by_key else "the site"
        self.stdout.write(
            f"Begun {certificate.begun_at:%Y-%m-%d %H:%M:%S} UTC by {by} ({certificate.purpose}): {counts}."
        )
        noted = noted_digest(certificate)
        if faults := [*_faults(certificate, noted)]:
            raise CommandError("; ".join(faults) + ".")
        if looked := bytes_left(certificate):
            left = "; ".join(f"{name} has bytes of {count} ids" for name, count in looked.items())
            raise CommandError(
                f"{left}. `manage.py erase --deleted` writes the database anew, without what was deleted."
            )
        of_bytes = "No row and no byte" if looked is not None else "No row"
        self.stdout.write(f"{of_bytes} of it is there, and the certificate is as it was written.", self.style.SUCCESS)
        if noted is None:
            self.stdout.write("The audit log has no hash of it to compare with: what is so old was pruned there.")
        if looked is None:
            self.stdout.write(
                "The database's files were not looked at: that takes SQLite's file, or a superuser of PostgreSQL."
            )


def _certificate(pk: uuid.UUID) -> Certificate:
    found = Certificate.objects.filter(pk=pk).first()
    if not found:
        raise CommandError(f"There is no certificate {pk}.")
    return found


def _faults(certificate: Certificate, noted: str | None) -> Iterator[str]:
    """`noted`: its hash as the audit log has it, if that still does."""
    digest = certificate.digest_now()
    if certificate.digest != digest:
        yield "The certificate was changed: its hash is another"
    elif noted not in (digest, None):
        yield "The certificate was changed: the audit log has another hash of it"
    for table, count in rows_left(certificate).items():
        yield f"{table} has {count} rows of it"


def _user(name: str) -> Any:
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if not user:
        raise CommandError(f"There is no user {name}.")
    return user


def _conversations(owner: Any, conversation_id: uuid.UUID | None) -> ConversationQuerySet:
    if owner:
        return Conversation.with_deleted.filter(owner=owner)
    if not conversation_id:
        return without_held(Conversation.with_deleted.filter(deleted_at__isnull=False, importing=None))
    found = Conversation.with_deleted.filter(pk=conversation_id)
    if not found.exists():
        raise CommandError(f"There is no conversation {conversation_id}.")
    return found


def _erase(conversations: ConversationQuerySet, account: Any) -> None:
    try:
        if account:
            erase_account(account.pk, Cause(Purpose.COMMAND))
        else:
            erase(conversations, Cause(Purpose.COMMAND))
    except Conflict as error:
        raise CommandError(error.message) from error


def _said(extent: Extent) -> str:
    running = f" ({extent.running} being written)" if extent.running else ""
    return (
        f"{extent.conversations} conversations with {extent.messages} messages, {extent.answers} answers{running}, "
        f"{extent.feedback} feedback, {extent.shares} shared links and {extent.attachments} attached files"
    )
