"""People with conversations, for what pages and a working day cost: many rows in few statements.

For a process in which Django is set up and whose database is migrated.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

TOPICS = (
    "bread",
    "a garden",
    "the tides",
    "old maps",
    "a bicycle",
    "glass",
    "the harvest",
    "a bridge",
    "wool",
    "bees",
)
QUESTION = "What do I have to know about {topic} before I begin with number {number}? Keep it short, please."
ANSWER = (
    "**About {topic}.** It is simpler than it looks, if you take one step after the other:\n\n"
    "1. Read what others have written about it, and note what they disagree on.\n"
    "2. Try the smallest part of it yourself; number {number} is a good one to begin with.\n"
    "3. Keep what works, and throw the rest away.\n\n"
    "Most who fail do so because they begin with the third step."
)
APART = timedelta(hours=9)
"""Between two conversations of one person, the last of which is of now: their lists have a heading of today."""


@dataclass
class Person:
    """Who is logged in, and whose conversations these are: with the last answer of each, newest activity first."""

    session: str
    user_id: int
    conversations: list[tuple[str, str]] = field(default_factory=list)


def make_people(count: int, lengths: Sequence[int]) -> list[Person]:
    """So many, each with one conversation of each of these lengths, in messages."""
    from django.contrib.auth import get_user_model
    from django.db import transaction

    with transaction.atomic():
        users = [get_user_model()(username=f"person-{uuid.uuid4().hex[:20]}", password="!") for _ in range(count)]
        get_user_model().objects.bulk_create(users)
        people = [Person(_log_in(user), user.pk) for user in users]
        for person in people:
            _converse(person, lengths)
    return people


def _log_in(user: Any) -> str:
    """A session of the user, as a login leaves it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils.module_loading import import_string

    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _converse(person: Person, lengths: Sequence[int]) -> None:
    """Oldest first, as they would have been made."""
    from django.utils import timezone

    from chat.core.search_terms import indexed
    from chat.models import Conversation, Generation, Message, MessagePart, SearchEntry

    now, rows = timezone.now(), _Rows()
    for place, length in enumerate(lengths):
        at = now - APART * (len(lengths) - 1 - place)
        topic = TOPICS[place % len(TOPICS)]
        conversation = Conversation(
            owner_id=person.user_id,
            title=f"About {topic}, number {place}",
            activity=place + 1,
            created_at=at,
            updated_at=at,
        )
        rows.add(conversation, topic, length)
        person.conversations.insert(0, (str(conversation.pk), str(conversation.current_id)))
    Conversation.objects.bulk_create(rows.conversations)
    Message.objects.bulk_create(rows.messages)
    MessagePart.objects.bulk_create(rows.parts)
    Generation.objects.bulk_create(rows.generations)
    owner = person.user_id
    entries = [
        SearchEntry(conversation=each, owner_id=owner, words=indexed(each.title)) for each in rows.conversations
    ]
    entries += [
        SearchEntry(
            conversation_id=part.message.conversation_id,
            owner_id=owner,
            message_id=part.message_id,
            words=indexed(part.text),
        )
        for part in rows.parts
    ]
    SearchEntry.objects.bulk_create(entries)


class _Rows:
    """What is to be inserted."""

    def __init__(self) -> None:
        self.conversations: list[Any] = []
        self.messages: list[Any] = []
        self.parts: list[Any] = []
        self.generations: list[Any] = []

    def add(self, conversation: Any, topic: str, length: int) -> None:
        from chat.models import Generation, Message, MessagePart

        self.conversations.append(conversation)
        message = None
        for number in range(length):
            role = (Message.Role.USER, Message.Role.ASSISTANT)[number % 2]
            text = (QUESTION, ANSWER)[number % 2].format(topic=topic, number=number)
            at = conversation.updated_at
            message = Message(conversation=conversation, parent=message, role=role, number=number + 1, created_at=at)
            self.messages.append(message)
            self.parts.append(MessagePart(message=message, number=0, text=text))
            if role == Message.Role.ASSISTANT:
                self.generations.append(
                    Generation(
                        message=message,
                        owner_id=conversation.owner_id,
                        model="gpt-4o-mini",
                        status="complete",
                        finish_reason="stop",
                        ends_at=len(text),
                        created_at=at,
                        ended_at=at,
                    )
                )
        conversation.current_id = message.pk if message else None


def as_lines(people: Iterable[Person], most: int) -> str:
    """For workday.c: of each person the session, then of the newest conversations the id and the last answer."""
    pairs = ((each.session, each.conversations[:most]) for each in people)
    return "".join(
        " ".join([session, *(word for pair in newest for word in pair)]) + "\n" for session, newest in pairs
    )
