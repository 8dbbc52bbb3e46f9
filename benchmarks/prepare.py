"""Fill a site's empty database for the benchmark: users who are logged in, and conversations of several lengths.

    DATABASE_URL=… python benchmarks/prepare.py <users> <conversations of each length> [length …]

Prints JSON: the users' session keys, and for each length its conversations as (session, conversation, last answer).
"""

# ruff: noqa: E402 - Django must be set up before its models can be imported

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from chat.core.reply import TEXT, Part
from chat.models import Conversation, Generation, Message, MessagePart

TEXT_OF_A_MESSAGE = "These are about two hundred characters of a conversation. " * 4
User = get_user_model()


def log_in(user: User) -> str:
    """A session of the user, as a login leaves it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def converse(user: User, length: int) -> tuple[str, str]:
    """A conversation of `length` messages, and the last of them."""
    conversation = Conversation.objects.create(owner=user, title="A conversation")
    message = None
    for number in range(length):
        role = (Message.Role.USER, Message.Role.ASSISTANT)[number % 2]
        message = Message.objects.create(conversation=conversation, parent=message, role=role, number=number)
        MessagePart.store([(message.pk, [(0, Part(TEXT, TEXT_OF_A_MESSAGE))])])
        if role == Message.Role.ASSISTANT:
            Generation.objects.create(
                message=message,
                owner=user,
                model="gpt-4o-mini",
                status="complete",
                ends_at=len(TEXT_OF_A_MESSAGE),
                ended_at=timezone.now(),
            )
    conversation.touch(message)
    return str(conversation.pk), str(message.pk)


def main(users: int, count: int, lengths: list[int]) -> None:
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        people = [User.objects.create(username=f"bench-{number}") for number in range(users)]
        sessions = [log_in(user) for user in people]
        conversations = {
            length: [(sessions[at % users], *converse(people[at % users], length)) for at in range(count)]
            for length in lengths
        }
    print(json.dumps({"sessions": sessions, "conversations": conversations}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]])
