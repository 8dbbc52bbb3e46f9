"""How long do a search and the list of conversations take, with 10, 1,000 and 100,000 messages?

Fills a database with conversations of one user (and as many of somebody else), and prints the median time of many
searches, and their CPU time: a rare word, a frequent word, the beginning of a word, two words, none; and of the
list's first page, the page in its middle, and the first rendered as the site sends it. Runs on SQLite and, where a
PostgreSQL server is installed, there too.

    python benchmarks/search.py [messages …]        (default: 10 1000 100000)
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.postgres import Postgres, programs  # noqa: E402

IN_A_CONVERSATION = 10
IN_A_BATCH = 5_000
"""Messages that are stored together; whole conversations."""
WORDS_A_MESSAGE = 80
VOCABULARY = 20_000
QUERIES = {"rare word": "w19999", "frequent word": "w0", "beginning": "w1", "two words": "w0 w12", "none": "nothing"}

PAGES = ("list", "its middle", "list rendered")


@contextmanager
def databases() -> Iterator[list[tuple[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        sqlite = ("SQLite", f"sqlite:///{folder}/db.sqlite3")
        if not (binaries := programs()):
            print("There is no PostgreSQL server on this machine; it is left out.")
            yield [sqlite]
            return
        with Postgres(binaries) as server:
            yield [sqlite, ("PostgreSQL", server.url)]


def fill(owner_name: str, count: int, rng: random.Random) -> int:
    """`count` messages of a new user, whose id it returns."""
    from django.contrib.auth.models import User
    from django.db import transaction

    owner = User.objects.create(username=owner_name)
    for begin in range(0, count, IN_A_BATCH):
        with transaction.atomic():
            fill_some(owner, range(begin, min(begin + IN_A_BATCH, count)), rng)
    return int(owner.pk)


def fill_some(owner: "User", numbers: range, rng: random.Random) -> None:
    """Messages with these numbers, and their conversations, in a few statements."""
    from chat.core.search_terms import indexed
    from chat.models import Conversation, Message, MessagePart, SearchEntry

    conversations = [
        Conversation(owner=owner, title=f"Number {begin}", activity=begin) for begin in numbers[::IN_A_CONVERSATION]
    ]
    messages = [
        Message(
            conversation=conversations[place // IN_A_CONVERSATION], role="user", number=place % IN_A_CONVERSATION + 1
        )
        for place in range(len(numbers))
    ]
    texts = [text(rng) for _ in messages]
    Conversation.objects.bulk_create(conversations)
    Message.objects.bulk_create(messages)
    MessagePart.objects.bulk_create(
        MessagePart(message=message, number=0, text=said) for message, said in zip(messages, texts, strict=True)
    )
    entries = [
        SearchEntry(conversation=each, owner_id=each.owner_id, words=indexed(each.title)) for each in conversations
    ]
    entries += [
        SearchEntry(
            conversation_id=message.conversation_id,
            owner_id=message.conversation.owner_id,
            message=message,
            words=indexed(said),
        )
        for message, said in zip(messages, texts, strict=True)
    ]
    SearchEntry.objects.bulk_create(entries)


def text(rng: random.Random) -> str:
    """Frequencies as in real texts (Zipf): some words everywhere, most almost nowhere."""
    return " ".join(f"w{min(int(rng.paretovariate(0.5)) - 1, VOCABULARY)}" for _ in range(WORDS_A_MESSAGE))


def milliseconds(call: Callable[[], object], rounds: int = 20) -> str:
    """The median time, and the mean CPU time: that means something on a busy machine, too."""
    call()
    times, began_cpu = [], cpu_milliseconds()
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(times):.1f} ({(cpu_milliseconds() - began_cpu) / rounds:.1f})"


def cpu_milliseconds() -> float:
    """What this process has used, and the database's that answers it."""
    from django.db import connection

    used = time.process_time() * 1000
    if connection.vendor == "postgresql":
        schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
        used += int(schedule.split()[0]) / 1e6
    return used


def measure(name: str, url: str, counts: list[int]) -> None:
    """In a process of its own: settings are read once."""
    os.environ.update(DEBUG="on", SECRET_KEY="benchmark", DATABASE_URL=url, DJANGO_SETTINGS_MODULE="chatsite.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.DEBUG = False
    from django.template.loader import render_to_string

    from chat.conversations.listing import Cursor, listing
    from chat.conversations.search import search
    from chat.models import Conversation

    call_command("migrate", verbosity=0)
    rng = random.Random(1)
    for count in counts:
        owner = fill(f"of {count}", count, rng)
        fill(f"beside {count}", count, rng)
        connection.cursor().execute("ANALYZE")
        cells = [milliseconds(lambda: search(owner, query)) for query in QUERIES.values()]  # noqa: B023
        half = Conversation.objects.filter(owner=owner).recent()[count // IN_A_CONVERSATION // 2]
        pages = (
            lambda: listing(owner),  # noqa: B023
            lambda: listing(owner, Cursor(half.activity, half.pk)),  # noqa: B023
            lambda: render_to_string("chat/sidebar/_list_page.html", {"listing": listing(owner)}),  # noqa: B023
        )
        cells += [milliseconds(page) for page in pages]
        print(f"{name:10} {count:8,}  " + "  ".join(f"{cell:>13}" for cell in cells), flush=True)


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [10, 1_000, 100_000]
    print("ms           messages  " + "  ".join(f"{name:>13}" for name in (*QUERIES, *PAGES)))
    with databases() as found:
        for name, url in found:
            if (child := os.fork()) == 0:
                measure(name, url, counts)
                os._exit(0)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
