"""`manage.py removefactors <name>`: for who has lost their second factor, and their recovery codes."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from chatsite.sessions.ending import end_sessions_of


class Command(BaseCommand):
    help = "Remove all second factors of a user and end all their sessions: they log in by their password alone, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if not user:
            raise CommandError(f"There is no account {username!r}.")
        with transaction.atomic():
            removed, _ = Authenticator.objects.filter(user=user).delete()
            ended = end_sessions_of(user)
        self.stdout.write(f"Removed {removed} second factors of {username!r} and ended {ended} sessions.")
