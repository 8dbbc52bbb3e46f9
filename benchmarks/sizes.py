"""How large is a database? By a message, an answer, a file, a login: what docs/deploy.md counts with under "Sizing".

Fills databases with messages of some lengths, ten to a conversation, with answers, files and sessions, and prints by
how many bytes each has made them grow, indexes and the search's included; and how many a line of nginx's log takes. On
SQLite and, where a PostgreSQL server is installed, there too.

    python benchmarks/sizes.py [messages]        (default: 10000)
"""

import os
import random
import sys
from collections.abc import Callable
from functools import partial

import search

WORDS = (80, 600)
"""Of a message."""
FILES = 20
FILE_BYTES = 1_000_000
SESSIONS = 1_000
LOGGED = (
    '203.0.113.7 - [29/Nov/2026:20:36:01 +0000] "GET /c/0f1c1c1e-0000-4000-8000-000000000000/ HTTP/2.0" 200 7264 '
    '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 '
    'Safari/537.36"\n'
)


def measure(name: str, url: str, messages: int) -> None:
    os.environ |= {"DATABASE_URL": url, "SECRET_KEY": "only measured", "DEBUG": "off"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    print(f"{name}: {size() / 1e6:.1f} MB without rows")
    rng = random.Random(1)
    for words in WORDS:
        search.WORDS_A_MESSAGE = words
        length = sum(len(search.text(rng)) for _ in range(500)) // 500
        fill = partial(search.fill, f"reader-{words}", messages, random.Random(2))
        grew(f"  a message of {length:,} characters, with what finds it", fill, messages)
    grew("  an answer, besides", lambda: answers(messages // 2), messages // 2)
    grew(f"  a file of {FILE_BYTES:,} bytes", files, FILES)
    grew("  a login", sessions, SESSIONS)


def grew(what: str, make: Callable[[], object], number: int) -> None:
    before = size()
    make()
    print(f"{what}: {(size() - before) / number:,.0f} bytes", flush=True)


def size() -> int:
    """Without what is free."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        pages = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")]
        return (pages[0] - pages[1]) * int(cursor.execute("PRAGMA page_size").fetchone()[0])


def answers(number: int) -> None:
    from chat.models import Generation, Message

    said = {"model": "gpt-4o-mini", "status": "complete", "ends_at": 500}
    rows = Message.objects.select_related("conversation").order_by("pk")[:number]
    Generation.objects.bulk_create(
        [Generation(message=row, owner_id=row.conversation.owner_id, ended_at=row.created_at, **said) for row in rows],
        batch_size=2_000,
    )


def files() -> None:
    """Of bytes that nothing makes smaller."""
    from chat.models import Attachment, AttachmentContent, Conversation

    for _ in range(FILES):
        talk = Conversation.objects.first()
        known = {"kind": "image", "media_type": "image/jpeg", "size": FILE_BYTES, "name": "photo.jpg"}
        row = Attachment.objects.create(owner=talk.owner, conversation=talk, width=3, height=2, **known)  # type: ignore[union-attr,misc]
        AttachmentContent.objects.create(attachment=row, data=os.urandom(FILE_BYTES), thumbnail=os.urandom(5_000))


def sessions() -> None:
    from allauth.usersessions.models import UserSession
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.filter(username__startswith="reader").first()
    agent = LOGGED.split('"')[3]
    for _ in range(SESSIONS):
        store = SessionStore()
        store.update({"_auth_user_id": str(user.pk), "_auth_user_hash": "0" * 64, "account": "x" * 150})
        store.create()
        UserSession.objects.create(user=user, session_key=store.session_key, ip="203.0.113.7", user_agent=agent)


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with search.databases() as found:
        for name, url in found:
            if (child := os.fork()) == 0:
                measure(name, url, messages)
                os._exit(0)
            os.waitpid(child, 0)
    print(f"A line of nginx's log: {len(LOGGED)} bytes")


if __name__ == "__main__":
    main()
