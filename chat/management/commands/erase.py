"""`manage.py erase`: conversations or a whole account, gone for good, down to the files of the database."""

import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.errors import Conflict
from chat.models import Conversation
from chat.models.conversation import ConversationQuerySet
from chat.retention.erasure import Extent, erase, erase_account, extent
from chat.retention.holds import without_held
from chat.retention.vacuum import alone, vacuum


class Command(BaseCommand):
    help = "Erase conversations, or an account with all that it owns, while the site runs or not."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--user", metavar="NAME", help="all conversations of this user")
        what.add_argument("--conversation", metavar="UUID", type=uuid.UUID, help="this one")
        what.add_argument("--deleted", action="store_true", help="those that users have deleted, without waiting")
        parser.add_argument("--account", action="store_true", help="with --user: the account, too")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to erase")
        parser.add_argument("--no-vacuum", action="store_true", help="do not write the database anew afterwards")

    def handle(self, *, dry_run: bool, no_vacuum: bool, account: bool, **what: Any) -> None:
        if account and not what["user"]:
            raise CommandError("--account goes with --user.")
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
        _erase(conversations, owner if account else None)
        self.stdout.write(f"Erased {words}.", self.style.SUCCESS)
        if no_vacuum:
            self.stdout.write("The database was not vacuumed: its free pages may still hold something of it.")
        else:
            vacuum()
            self.stdout.write("The database was vacuumed. Backups of it are yours to look after.")


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
            erase_account(account.pk)
        else:
            erase(conversations)
    except Conflict as error:
        raise CommandError(error.message) from error


def _said(extent: Extent) -> str:
    running = f" ({extent.running} being written)" if extent.running else ""
    return (
        f"{extent.conversations} conversations with {extent.messages} messages, {extent.answers} answers{running}, "
        f"{extent.feedback} feedback, {extent.shares} shared links and {extent.attachments} attached files"
    )
