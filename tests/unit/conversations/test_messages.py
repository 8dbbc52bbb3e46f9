"""What one user does at the same time is done one after the other, so that limits are exact: on PostgreSQL too."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from chat.conversations import prompt_library, sharing
from chat.errors import Conflict
from chat.models import Conversation, Message, Prompt, Share

AT_ONCE = 8


@pytest.fixture
def owner(postgres: str, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker) -> Iterator[User]:
    """Somebody there. The threads of a test find it as the only database."""
    with django_db_blocker.unblock():
        monkeypatch.setitem(connections.settings, "default", connections.settings[postgres])
        owner = User.objects.using(postgres).create(username="owner")
        yield owner
        owner.delete()


def all_at_once(work: Callable[[int], object]) -> None:
    barrier = Barrier(AT_ONCE)

    def begin(number: int) -> None:
        connections["default"].ensure_connection()
        barrier.wait(30)
        try:
            with suppress(Conflict):
                work(number)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(begin, range(AT_ONCE)))


def test_there_is_no_prompt_too_many(owner: User, postgres: str) -> None:
    prompts = Prompt.objects.using(postgres)
    prompts.bulk_create(Prompt(owner=owner, name=f"{n}", text="x") for n in range(prompt_library.MOST_PROMPTS - 1))
    all_at_once(lambda number: prompt_library.add(owner.pk, f"The last {number}", "x"))
    assert prompts.filter(owner=owner).count() == prompt_library.MOST_PROMPTS


def test_there_is_no_link_too_many(owner: User, postgres: str) -> None:
    conversation = Conversation.objects.using(postgres).create(owner=owner)
    message = Message.objects.using(postgres).create(conversation=conversation, role="user", number=1)
    Conversation.objects.using(postgres).update(current=message)
    shares = Share.objects.using(postgres)
    shares.bulk_create(Share(conversation=conversation, snapshot={}) for _ in range(sharing.MOST_LINKS - 1))
    all_at_once(lambda _: sharing.share(owner.pk, conversation.pk, None))
    assert shares.filter(conversation=conversation).count() == sharing.MOST_LINKS
