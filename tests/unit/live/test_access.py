"""What allowed an open stream is asked again, for all of them together."""

import asyncio
import importlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.backends import file
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import OperationalError, connections
from django.utils import timezone

from chat.live.access import Access, questions
from chat.live.access import watch as module
from chat.live.access.access import Gone
from chat.live.access.questions import ask
from chat.live.access.watch import Watch
from chat.models import Conversation
from chat.models.threads import in_database
from tests.support.queries import counted_queries

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
REMOTE = "django.contrib.auth.backends.RemoteUserBackend"
DJANGOS = "django.contrib.sessions.backends."
IN_DATABASE = [f"{DJANGOS}db", f"{DJANGOS}cached_db", "chat.serving.sessions"]
IN_CACHE, IN_FILES, IN_COOKIE = f"{DJANGOS}cache", f"{DJANGOS}file", f"{DJANGOS}signed_cookies"
KNOWN = [*IN_DATABASE, IN_CACHE, IN_FILES]


async def in_database_and_away(function: Callable[..., Any], *args: Any) -> Any:
    """No connection stays open in a thread that other tests use."""

    def call() -> Any:
        try:
            return function(*args)
        finally:
            connections.close_all()

    return await in_database(call)


@pytest.fixture(autouse=True)
def stored(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rows that the threads of `ask` see."""
    questions._tell.clear()
    monkeypatch.setattr(questions, "in_database", in_database_and_away)
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def sessions_in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(file.SessionStore, "_storage_path", str(tmp_path), raising=False)


class Granted(ModelBackend):
    """A project's own way to users, and to what they may."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.filter(pk=user_id).exclude(first_name="Barred").first()
        if user and user.first_name == "Away":
            raise RuntimeError("the directory is away")
        return user


def new_user(**fields: Any) -> User:
    return User.objects.create(username=f"user-{uuid.uuid4().hex[:12]}", password="!", **fields)


def opened(user: User, engine: str = IN_DATABASE[0], backend: str = MODEL_BACKEND) -> Access:
    """A stream in a conversation of that user's, who has just logged in."""
    store: Any = importlib.import_module(engine).SessionStore()
    store[auth.SESSION_KEY] = str(user.pk)
    store.save()
    conversation = Conversation.objects.create(owner=user)
    session_hash = user.get_session_auth_hash()
    return Access(user.pk, backend, session_hash, type(store), store.session_key, conversation.pk)


def gone(*streams: Access) -> list[Gone | None]:
    ended = dict(asyncio.run(ask(streams)))
    return [ended.get(access) for access in streams]


# Why a stream is over


def log_out(access: Access) -> None:
    access.session_store(access.session_key).flush()


def change_password(access: Access) -> None:
    user = User.objects.get(pk=access.user_id)
    user.set_password("another")
    user.save()


def deactivate(access: Access) -> None:
    User.objects.filter(pk=access.user_id).update(is_active=False)


def delete_account(access: Access) -> None:
    User.objects.get(pk=access.user_id).delete()


def delete(access: Access) -> None:
    Conversation.objects.filter(pk=access.conversation_id).update(deleted_at=timezone.now())


def erase(access: Access) -> None:
    Conversation.objects.get(pk=access.conversation_id).delete()


def give_away(access: Access) -> None:
    Conversation.objects.filter(pk=access.conversation_id).update(owner=new_user())


ENDS = [
    (change_password, Gone.LOGGED_OUT),
    (delete_account, Gone.LOGGED_OUT),
    (deactivate, Gone.INACTIVE),
    (delete, Gone.DELETED),
    (erase, Gone.DELETED),
    (give_away, Gone.DELETED),
]


@pytest.mark.parametrize("engine", [*KNOWN, IN_COOKIE])
def test_each_end_is_found_whatever_keeps_the_sessions(engine: str) -> None:
    streams = [opened(new_user(), engine) for _ in range(len(ENDS) + 1)]
    assert gone(*streams) == [None] * len(streams)
    for (end, _), access in zip(ENDS, streams, strict=False):
        end(access)
    assert gone(*streams) == [*(code for _, code in ENDS), None]


@pytest.mark.parametrize("engine", KNOWN)
def test_who_has_logged_out_is_found_where_sessions_are_kept(engine: str) -> None:
    first, second = opened(new_user(), engine), opened(new_user(), engine)
    assert gone(first, second) == [None, None]
    log_out(first)
    assert gone(first, second) == [Gone.LOGGED_OUT, None]
    assert gone(first, second) == [Gone.LOGGED_OUT, None]


def test_a_session_that_has_run_out_is_over() -> None:
    access = opened(new_user())
    Session.objects.filter(pk=access.session_key).update(expire_date=timezone.now())
    assert gone(access) == [Gone.LOGGED_OUT]


def test_without_a_session_user_and_hash_are_asked() -> None:
    accesses = [opened(new_user()) for _ in range(2)]
    for access in accesses:
        access.session_key = None
    change_password(accesses[1])
    assert gone(*accesses) == [None, Gone.LOGGED_OUT]


def test_users_of_a_proxy_and_of_a_projects_own_backend(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [MODEL_BACKEND, REMOTE, f"{__name__}.Granted"]
    remote = [opened(new_user(), backend=REMOTE) for _ in range(2)]
    own = [opened(new_user(), backend=f"{__name__}.Granted") for _ in range(2)]
    assert gone(*remote, *own) == [None] * 4
    log_out(remote[0])
    User.objects.filter(pk=own[0].user_id).update(first_name="Barred")
    assert gone(*remote, *own) == [Gone.LOGGED_OUT, None, Gone.LOGGED_OUT, None]


def test_a_key_that_was_replaced_ends_nothing(settings: Any) -> None:
    access = opened(new_user())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert gone(access) == [None]
    settings.SECRET_KEY_FALLBACKS = []
    assert gone(access) == [Gone.LOGGED_OUT]


def test_a_permission_that_is_taken_away(settings: Any) -> None:
    settings.CHAT_ALLOWED = "chat.view_conversation"
    allowed, not_any_more, superuser = new_user(), new_user(), new_user(is_superuser=True)
    permission = Permission.objects.get(codename="view_conversation")
    for user in (allowed, not_any_more):
        user.user_permissions.add(permission)
    streams = [opened(user) for user in (allowed, not_any_more, superuser)]
    assert gone(*streams) == [None] * 3
    not_any_more.user_permissions.clear()
    assert gone(*streams) == [None, Gone.NOT_ALLOWED, None]


# What it costs


@pytest.mark.parametrize("number", [1, 40])
@pytest.mark.parametrize(
    ("engine", "permission", "queries"),
    [
        *((engine, "", 3) for engine in IN_DATABASE),
        (IN_COOKIE, "", 2),
        (IN_CACHE, "", 2),
        (IN_DATABASE[0], "chat.view_conversation", 4),
    ],
)
def test_the_number_of_queries_does_not_depend_on_the_number_of_streams(
    settings: Any, engine: str, permission: str, queries: int, number: int
) -> None:
    settings.CHAT_ALLOWED = permission
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    streams = [opened(new_user(is_superuser=True), engine) for _ in range(number)]
    with counted_queries() as asked:
        assert gone(*streams) == [None] * number
    assert len(asked) == queries, asked


def test_nothing_is_asked_while_no_stream_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    access, asked = opened(new_user()), asyncio.Event()
    calls: list[int] = []

    async def noted(streams: list[Access]) -> Any:
        calls.append(len(streams))
        asked.set()
        return await ask(streams)

    monkeypatch.setattr(module, "ask", noted)

    async def test() -> None:
        watch = Watch()
        assert watch._task is None
        watch.add(access, lambda: None)
        await asyncio.wait_for(asked.wait(), 5)
        watch.discard(access)
        assert watch._task
        await asyncio.wait_for(watch._task, 5)
        before = len(calls)
        await asyncio.sleep(0.05)
        assert len(calls) == before
        assert set(calls) == {1}

    asyncio.run(test())


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("the cache is away")])
def test_while_nobody_can_be_asked_streams_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    access, over = opened(new_user()), asyncio.Event()
    faults = [error, error]

    async def failing(streams: list[Access]) -> Any:
        if faults:
            raise faults.pop()
        return await ask(streams)

    monkeypatch.setattr(module, "ask", failing)
    delete(access)

    async def test() -> None:
        watch = Watch()
        watch.add(access, over.set)
        await asyncio.wait_for(over.wait(), 5)

    asyncio.run(test())
    assert (access.gone, faults) == (Gone.DELETED, [])
    assert "cannot be asked" in caplog.text


def test_a_backend_that_fails_keeps_nobody_else_from_being_asked(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = [MODEL_BACKEND, f"{__name__}.Granted"]
    failing, other = opened(new_user(first_name="Away"), backend=f"{__name__}.Granted"), opened(new_user())
    deactivate(other)
    assert gone(failing, other) == [None, Gone.INACTIVE]


def test_a_cache_that_is_away_keeps_nobody_from_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [opened(new_user(), IN_CACHE) for _ in range(2)]
    assert gone(*streams) == [None, None]

    async def away(self: Any, key: str) -> bool:
        raise ConnectionError("the cache is away")

    monkeypatch.setattr(streams[0].session_store, "aexists", away)
    change_password(streams[0])
    assert gone(*streams) == [Gone.LOGGED_OUT, None]


def test_it_comes_in_time() -> None:
    assert module.CHECK_SECONDS <= 12
