"""Every sweep, and every command that may run at once, by three processes together: each thing is done once.

On SQLite and PostgreSQL, each time in forks of this process that begin at the same moment. Nothing may be logged that
is not expected: sweeps catch what fails, and log it.
"""

import io
import json
import logging
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as site
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from chat import signals
from chat.audit import forget_searched_words, record_list
from chat.core.endings import Status
from chat.errors import Conflict
from chat.generation import recovery
from chat.generation.finishing import ask_to_stop, interrupt, stop_stored
from chat.generation.titles import _store
from chat.models import (
    AccountErasure,
    Attachment,
    Conversation,
    Generation,
    GroupRetention,
    Hold,
    Import,
    Message,
    ProcessNote,
    SearchedWords,
    SearchEntry,
    ThrottleEntry,
)
from chat.retention import due, expiry, holds, vacuum
from chat.retention.erasure import RESTORABLE, erase
from chat.retention.imports import end_dead_imports
from chat.signals import erased, generation_ended
from chatsite import sweep
from chatsite.accounts.mfa.adapter import MFAAdapter
from chatsite.accounts.mfa.rotation import encrypt_anew
from chatsite.models import CacheEntry, Invitation, ProviderSession, UsedLogoutToken
from tests.http.test_erasure import everything_of, rows
from tests.support.attachments import stored_attachment
from tests.support.conversations import stored_conversation
from tests.support.cutting import at_once
from tests.support.databases import as_default, empty_database, migrated_database, url_of
from tests.support.once import FOLDER
from tests.support.postgres import programs

PROCESSES = 3
NUMBER = 7
LONG_AGO = timezone.now() - timedelta(days=200)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The site's, which nobody else uses."""
    if request.param == "postgresql" or programs():
        request.getfixturevalue("postgres")
    with django_db_blocker.unblock():
        if request.param == "sqlite":
            file = shutil.copyfile(FOLDER / "migrated.sqlite3", tmp_path_factory.mktemp("at-once") / "db.sqlite3")
            theirs = connections.settings["default"] | {"NAME": str(file)}
        else:
            theirs = migrated_database("postgres")
        with as_default(theirs):
            yield


@pytest.fixture
def owner(database: None) -> Iterator[User]:
    yield User.objects.create(username="owner")
    User.objects.all().delete()
    cache.clear()


@dataclass
class Done:
    """What three processes have done, together."""

    results: list[Any] = field(default_factory=list)
    """What each returned or said, in order of size."""
    logged: Counter[str] = field(default_factory=Counter)
    """Lines, from INFO on."""
    erased: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    """How often other apps were told so of each thing, by its id."""


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, entry: logging.LogRecord) -> None:
        self.lines.append(entry.getMessage() + (f" {entry.exc_text or entry.exc_info}" if entry.exc_info else ""))


def three(work: Callable[[], Any]) -> Done:
    done = Done()
    for said in map(json.loads, at_once([lambda: told(work)] * PROCESSES)):
        done.results.append(said["result"])
        for name in ("logged", "erased", "ended"):
            getattr(done, name).update(said[name])
    done.results.sort(key=lambda result: (result is not None, result))
    return done


def told(work: Callable[[], Any]) -> str:
    heard, gone, ended = Heard(), list[str](), list[str]()

    def note_erased(ids: list[Any], **kwargs: Any) -> None:
        gone.extend(map(str, ids))

    def note_ended(generation_id: Any, **kwargs: Any) -> None:
        ended.append(str(generation_id))

    erased.connect(note_erased)
    generation_ended.connect(note_ended)
    for name in ("chat", "chatsite", "django"):
        logging.getLogger(name).addHandler(heard)
    result = work()
    signals._thread.shutdown()
    return json.dumps({"result": result, "logged": heard.lines, "erased": gone, "ended": ended})


def command(name: str, *arguments: str) -> Callable[[], str]:
    """What it says; what it refuses is a sentence."""

    def run() -> str:
        said = io.StringIO()
        try:
            call_command(name, *arguments, stdout=said, stderr=said, no_color=True)
        except CommandError as exc:
            return f"Refused: {exc}"
        return said.getvalue()

    return run


def numbers(pattern: str, done: Done) -> list[int]:
    """What stands at its first group in what each has said, in order of size."""
    return sorted(int(number) for said in done.results for number in re.findall(pattern, said))


# Answers


def running(owner: User) -> list[Generation]:
    """Some whose process is gone, each with a text."""
    for number in range(NUMBER):
        stored_conversation(owner.pk, ["A question", f"Answer {number}"])
    Generation.objects.update(status=Status.RUNNING, ends_at=None, ended_at=None, lease_until=LONG_AGO)
    return list(Generation.objects.all())


class Sure(recovery.LeaseWatch):
    """Need not look twice."""

    def gone(self, leases: Any, lapsed: Any = ()) -> Any:
        return set(lapsed)


def test_answers_whose_process_is_gone(owner: User) -> None:
    ids = [generation.pk for generation in running(owner)]
    done = three(lambda: recovery._sweep(Sure(), list))
    marked = [re.findall(r"Marked (\d+) generations", line) for line in done.logged.elements()]
    assert sum(int(number) for [number] in marked) == NUMBER
    assert done.ended == Counter(map(str, ids))
    assert set(Generation.objects.values_list("status", "ends_at")) == {("interrupted", len("Answer 0"))}
    assert SearchEntry.objects.count() == NUMBER
    assert three(lambda: interrupt(ids)).results == [0] * PROCESSES


def test_answers_that_are_stopped_while_they_are_swept(owner: User) -> None:
    ids = [generation.pk for generation in running(owner)]
    done = three(lambda: sum(ask_to_stop(pk) * 0 + stop_stored(pk) for pk in ids))
    assert sum(done.results) == NUMBER
    assert done.ended == Counter(map(str, ids))
    assert set(Generation.objects.values_list("status", flat=True)) == {"stopped"}


def test_titles(owner: User) -> None:
    conversation, _ = stored_conversation(owner.pk, ["A question", "An answer"])
    done = three(lambda: _store(owner.pk, conversation.pk, "Blue skies"))
    assert done.results == [False, False, True]
    conversation.refresh_from_db()
    assert (conversation.title, conversation.titled_by) == ("Blue skies", "model")


def test_hints_that_others_read_of_the_database(owner: User) -> None:
    ProcessNote.objects.tell("before", [["old"]])
    ProcessNote.objects.update(written_at=LONG_AGO)
    three(lambda: ProcessNote.objects.tell("here", [[str(number)] for number in range(NUMBER)]))
    assert Counter(words for (words,) in ProcessNote.objects.values_list("words", flat=True)) == Counter(
        {str(number): PROCESSES for number in range(NUMBER)}
    )


# What has had its time


def test_what_was_deleted_or_left(owner: User) -> None:
    made = [everything_of(owner, f"text {number}") for number in range(NUMBER)]
    kept = everything_of(owner)
    those = Conversation.objects.exclude(pk=kept.pk)
    those.update(deleted_at=timezone.now() - RESTORABLE)
    done = three(expiry.erase_expired)
    assert sum(done.results) == NUMBER, done
    assert done.erased == Counter(str(conversation.pk) for conversation in made)
    assert sum(len(re.findall("^Erased", line)) for line in done.logged.elements()) == len(done.logged)
    assert [conversation.pk for conversation in Conversation.with_deleted.all()] == [kept.pk]
    assert rows()["SearchEntry"] > 0
    assert set(SearchEntry.objects.values_list("conversation", flat=True)) == {kept.pk}


def test_what_nothing_happened_in_for_long(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the setting, and by groups: marked, marks taken back, and erased when it is due."""
    monkeypatch.setattr(site, "CHAT_RETENTION_DAYS", 50)
    monkeypatch.setattr(due, "ROWS", 2)
    member, kept = User.objects.create(username="member"), User.objects.create(username="kept")
    for days, user in ((20, member), (0, kept), (10, kept)):
        group = Group.objects.create(name=f"{days} days")
        GroupRetention.objects.create(group=group, days=days)
        user.groups.add(group)
    for number in range(NUMBER):
        for user in (owner, member, kept):
            everything_of(user, f"text {number}")
    begun = timezone.now()
    for user, days in ((owner, 60), (member, 30), (kept, 5000)):
        Conversation.objects.filter(owner=user).update(updated_at=begun - timedelta(days=days))
    assert sum(three(due.mark).results) == 2 * NUMBER
    assert three(due.take_marks_back).results == [0] * PROCESSES
    ahead = begun + timedelta(days=10_000)
    assert three(lambda: due.mark(ahead)).results == [0] * PROCESSES
    Conversation.objects.update(due_at=begun)
    fresh = Conversation.objects.filter(owner=owner).first()
    assert fresh
    Conversation.objects.filter(pk=fresh.pk).update(updated_at=begun)
    ids = {each.pk for each in Conversation.objects.exclude(owner=kept)} - {fresh.pk}
    done = three(due.erase_due)
    assert sum(done.results) == 2 * NUMBER - 1
    assert done.erased == Counter(map(str, ids))
    assert Conversation.with_deleted.count() == NUMBER + 1
    assert not Conversation.objects.filter(due_at__isnull=False).exists()
    assert not any(numbers(r"in (\d+) conversations nothing", three(command("retention", "--dry-run"))))
    assert numbers(r"Erased (\d+) conversations", three(command("retention"))) == [0] * PROCESSES
    Group.objects.all().delete()


def test_files_that_were_never_sent(owner: User) -> None:
    for number in range(NUMBER):
        stored_attachment(owner.pk, f"{number}.txt", b"text", created_at=LONG_AGO)
    done = three(expiry.erase_unsent)
    assert sum(done.results) == NUMBER, done
    assert not Attachment.objects.exists()


def test_accounts_whose_erasure_was_cut_short(owner: User) -> None:
    staff = User.objects.create(username="staff", is_staff=True)
    for name in ("ann", "bob"):
        user = User.objects.create(username=name)
        for number in range(NUMBER):
            everything_of(user, f"{name} {number}")
        AccountErasure.objects.create(user=user)
    done = three(expiry.finish_accounts)
    assert not done.logged
    assert set(done.erased.values()) == {1}, "each is told once"
    assert set(User.objects.all()) == {owner, staff}
    assert not AccountErasure.objects.exists()
    assert not Conversation.with_deleted.exists()


def test_imports_whose_process_is_gone(owner: User) -> None:
    users = [owner, *(User.objects.create(username=f"user-{number}") for number in range(NUMBER - 1))]
    for user in users:
        it = Import.objects.create(owner=user, renewed_at=LONG_AGO)
        everything_of(user)
        Conversation.objects.filter(owner=user).update(importing=it, deleted_at=LONG_AGO)
    done = three(end_dead_imports)
    assert done.logged == Counter(
        f"Import {pk} was interrupted: its process is gone" for pk in Import.objects.values_list("pk", flat=True)
    )
    assert set(Import.objects.values_list("status", "code")) == {("failed", "interrupted")}
    assert not Conversation.with_deleted.exists()


def test_all_else_that_a_process_looks_for_each_minute(owner: User) -> None:
    for _ in range(NUMBER):
        record_list(owner, Conversation, "Searched.", 1, "words")
        ThrottleEntry.objects.create(owner=owner, at=LONG_AGO)
    SearchedWords.objects.update(created_at=LONG_AGO)
    ahead, _ = stored_conversation(owner.pk, ["A question"])
    Conversation.objects.update(deleted_at=timezone.now() + timedelta(days=9))

    def look() -> None:
        for each in (
            expiry.correct_times,
            expiry.forget_throttled,
            forget_searched_words,
            vacuum.forget_deleted,
        ):
            each()

    assert not three(look).logged
    assert not ThrottleEntry.objects.exists()
    assert not SearchedWords.objects.exists()
    assert Conversation.with_deleted.get(pk=ahead.pk).deleted_at <= timezone.now()


# Holds


def test_of_a_hold_and_an_erasure_one_comes_first(owner: User) -> None:
    """Of a conversation and of users, while others erase them: what is held is whole, what is erased is gone."""
    users = [owner, *(User.objects.create(username=f"user-{number}") for number in range(NUMBER - 1))]
    ids = [everything_of(user).pk for user in users for _ in range(2)]
    whole = {name: count // len(ids) for name, count in rows().items()}

    def erase_each() -> str:
        return each_of(ids, lambda pk: erase(Conversation.with_deleted.filter(pk=pk)))

    def hold_each() -> str:
        of_user = dict(Conversation.with_deleted.values_list("pk", "owner"))
        held = each_of(ids[::2], lambda pk: holds.place(owner, "Case", owner_id=of_user[pk], conversation_id=pk))
        return held + each_of([user.pk for user in users[::2]], lambda pk: holds.place(owner, "Case", owner_id=pk))

    at_once([erase_each, hold_each, erase_each])
    kept = set(Conversation.with_deleted.values_list("pk", flat=True))
    assert not Conversation.with_deleted.exclude(deleted_at=None).exists()
    assert rows() == {name: count * len(kept) for name, count in whole.items()}
    assert kept >= set(Hold.objects.exclude(conversation=None).values_list("conversation", flat=True))
    assert all(holds.is_held(*known) for known in Conversation.objects.values_list("owner", "pk")), "or it were gone"
    Hold.objects.all().delete()


def each_of(ids: list[Any], work: Callable[[Any], object]) -> str:
    """What of these was refused, in words."""
    refused = []
    for pk in ids:
        try:
            work(pk)
        except (Conflict, KeyError) as exc:
            refused.append(str(exc))
    return " ".join(refused)


# What has had its time, of the site's own tables


def store_what_has_ended(owner: User) -> None:
    store = import_module(site.SESSION_ENGINE).SessionStore
    for number in range(NUMBER):
        session = store()
        session.create()
        mine = {"user": owner, "session_key": session.session_key, "sub": "sub", "sid": "", "id_token": ""}
        ProviderSession.objects.create(**mine)
        CacheEntry.objects.create(cache_key=f"counter {number}", value="", expires=LONG_AGO)
        UsedLogoutToken.objects.create(digest=f"token {number}", expires=LONG_AGO)
        Invitation.objects.create(made_by=owner, digest=f"invitation {number}", expires_at=LONG_AGO)
    Session.objects.update(expire_date=LONG_AGO)


def nothing_is_left() -> bool:
    tables = (Session, ProviderSession, UsedLogoutToken, Invitation)
    return (
        not any(table.objects.exists() for table in tables)
        and not CacheEntry.objects.filter(cache_key__startswith="counter").exists()
    )


def test_what_one_of_them_sweeps_once_an_hour(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "CHANGING_SECONDS", 0)
    store_what_has_ended(owner)
    done = three(sweep.sweep)
    (line,) = done.logged.elements()
    assert line == (
        f"Swept {NUMBER} ended sessions, {NUMBER} provider's sessions, {NUMBER} logout tokens, "
        f"{NUMBER} untaken invitations"
    )
    assert nothing_is_left()


def test_the_same_where_the_counters_have_forgotten_whose_turn_it_is(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when an hour's sweep takes longer than its turn."""
    monkeypatch.setattr(sweep, "CHANGING_SECONDS", 0)
    monkeypatch.setattr(cache, "add", lambda *args: True)
    store_what_has_ended(owner)
    counts = Counter[str]()
    for line in three(sweep.sweep).logged.elements():
        counts.update({name: int(number) for number, name in re.findall(r"(\d+) ([^,]+)", line)})
    assert counts == dict.fromkeys(
        ("ended sessions", "provider's sessions", "logout tokens", "untaken invitations"), NUMBER
    )
    assert nothing_is_left()


def test_second_factors_of_a_former_key_at_the_start_of_all_processes(owner: User, settings: Any) -> None:
    settings.SECRET_KEY, today = "a former key", settings.SECRET_KEY
    for number in range(NUMBER):
        user = User.objects.create(username=f"user-{number}")
        secret = MFAAdapter().encrypt(f"secret {number}")
        Authenticator.objects.create(user=user, type="totp", data={"secret": secret})
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = today, ["a former key"]
    done = three(encrypt_anew)
    assert sum(done.results) == NUMBER, done
    settings.SECRET_KEY_FALLBACKS = []
    decrypted = {MFAAdapter().decrypt(factor.data["secret"]) for factor in Authenticator.objects.all()}
    assert decrypted == {f"secret {number}" for number in range(NUMBER)}


# Commands


def test_erase(owner: User) -> None:
    """With the database written anew at the end of each."""
    made = [everything_of(owner, f"text {number}") for number in range(NUMBER)]
    done = three(command("erase", "--user=owner"))
    assert numbers(r"Erased (\d+) conversations", done) == [0, 0, NUMBER]
    assert done.erased == Counter(str(conversation.pk) for conversation in made)
    assert not Conversation.with_deleted.exists()


def test_erase_an_account_and_one_conversation(owner: User) -> None:
    person = User.objects.create(username="person")
    for number in range(NUMBER):
        everything_of(person, f"text {number}")
    done = three(command("erase", "--user=person", "--account", "--no-vacuum"))
    assert numbers(r"Erased (\d+) conversations", done) == [NUMBER]
    assert done.results.count("Refused: There is no user person.") == PROCESSES - 1
    assert not User.objects.filter(username="person").exists()
    conversation = everything_of(owner)
    done = three(command("erase", f"--conversation={conversation.pk}", "--no-vacuum"))
    assert numbers(r"Erased (\d+) conversations", done) == [1]
    assert done.results.count(f"Refused: There is no conversation {conversation.pk}.") == PROCESSES - 1


def test_backup(owner: User, tmp_path: Path) -> None:
    """Into one file: one writes it."""
    everything_of(owner)
    file = tmp_path / "one.backup"
    done = three(command("backup", str(file)))
    refused = [said for said in done.results if said.startswith("Refused: ")]
    assert len(refused) == PROCESSES - 1, done.results
    assert all("is just being written" in said or "already" in said for said in refused), refused
    assert "is whole" in command("backup", "--verify", str(file))()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_createusers(owner: User, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    names = ["ann", "bob", "carl"]
    file.write_text("username\n" + "\n".join(names))
    done = three(command("createusers", str(file), "--site=https://localhost"))
    assert numbers(r"Made (\d+) accounts", done) == [0, 0, 3], done.results
    assert numbers(r"(\d+) were there already", done) == [3, 3]
    assert User.objects.filter(username__in=names).count() == 3


def test_removefactors(owner: User) -> None:
    Authenticator.objects.create(user=owner, type="totp", data={})
    Authenticator.objects.create(user=owner, type="recovery_codes", data={})
    done = three(command("removefactors", "owner"))
    assert numbers(r"Removed (\d+) second factors", done) == [0, 0, 2], done.results


def test_settings_and_migrate_where_there_is_nothing_to_do(owner: User) -> None:
    assert len(set(three(command("settings")).results)) == 1
    assert all("No migrations to apply" in said for said in three(command("migrate")).results)


def test_restore(owner: User, tmp_path: Path) -> None:
    """PostgreSQL's must be empty, and so has one; SQLite's is set aside, so that there may come one after another."""
    everything_of(owner)
    file = tmp_path / "one.backup"
    command("backup", str(file))()
    if connection.vendor == "sqlite":
        empty = connections.settings["default"] | {"NAME": str(tmp_path / "new.sqlite3")}
    else:
        empty = empty_database("postgres")
    with as_default(empty):
        done = three(command("restore", str(file)))
        restored = [said for said in done.results if said.startswith("Restored 1 users, 1 conversations, 2 messages")]
        assert len(restored) == 1 or (connection.vendor == "sqlite" and restored), done.results
        assert all(said in restored or said.startswith("Refused: ") for said in done.results), done.results
        assert Conversation.objects.count() == 1
        assert Message.objects.count() == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_movedatabase(owner: User, request: pytest.FixtureRequest) -> None:
    everything_of(owner)
    target = empty_database(request.getfixturevalue("postgres"))
    done = three(command("movedatabase", url_of(target)))
    assert sum("Moved " in said for said in done.results) == 1, done.results
    assert sum(said.startswith("Refused: ") for said in done.results) == PROCESSES - 1, done.results
    with as_default(target):
        assert Conversation.objects.count() == 1
