"""A site that runs while its tables are migrated: what is being written then is all there afterwards."""

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from pytest_django.plugin import DjangoDbBlocker

from chat.models import Generation
from tests.conftest import RunSite
from tests.support.client import Client, Stream
from tests.support.client import question as body_of
from tests.support.databases import as_default
from tests.support.migrating import ALIAS, migrate, migrating
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say

NEWEST = 2
"""So many migrations go back and forth."""
ANSWERS = 4
MOST_WORDS = 400


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    run_site: RunSite,
) -> Iterator[Site]:
    """On a database of its own, which is this test's default, too."""
    with migrating(request, tmp_path, django_db_blocker) as alias, as_default(connections.settings[alias]):
        site = run_site(own=True, DATABASE_URL=url_of(connections.settings[alias]))
        yield site
        site.close()


def url_of(database: dict) -> str:
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{database['NAME']}"
    return f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def before_the_newest() -> str:
    names = sorted(name for app, name in MigrationLoader(None).disk_migrations if app == "chat")
    return names[-1 - NEWEST]


def test_the_newest_migrations_run_while_answers_are_written_and_none_is_lost(
    site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    client = Client(site.url, User.objects.create(username="owner", password="!"))
    texts = [f"{question} {number}" for number in range(ANSWERS)]
    gates = [[Gate() for _ in texts] for _ in range(MOST_WORDS)]
    for number, text in enumerate(texts):
        words = [step for word, gate in enumerate(gates) for step in (say(f"word{word} "), gate[number])]
        upstream.script(text, *words, answer("end"))
    left = iter(enumerate(gates))
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        streams = [stack.enter_context(client.ask(text)).until_text("word0 ") for text in texts]
        for name in (before_the_newest(), None):
            go_on_while(threads.submit(migrate_and_close, name), left, streams)
        late = body_of(f"{question} Late")
        with client.stream("POST", f"/c/{uuid.uuid4()}/messages/", late) as asked:
            assert asked.rest().text == "An answer."
        for _word, those in left:
            open_all(those)
        pages = [stream.rest() for stream in streams]
    whole = "".join(f"word{number} " for number in range(MOST_WORDS)) + "end"
    for page in pages:
        assert (page.text, page.end and page.end["status"]) == (whole, "complete")
        assert page.start
        stored = Generation.objects.get(pk=page.start["generation"])
        assert (stored.status, stored.message.text) == ("complete", whole)


def migrate_and_close(name: str | None) -> None:
    try:
        migrate(ALIAS, name)
    finally:
        connections.close_all()


def go_on_while(migration: "Future[None]", left: Iterator[tuple[int, list[Gate]]], streams: list[Stream]) -> None:
    """Word after word is written meanwhile, and at least one."""
    for word, gates in left:
        open_all(gates)
        for stream in streams:
            stream.until_text(f"word{word + 1} ")
        if migration.done() or word == MOST_WORDS - 2:
            break
    migration.result(60)


def open_all(gates: list[Gate]) -> None:
    for gate in gates:
        gate.open()
