"""Erasures that are killed at each transaction: nothing has happened yet, or whoever comes next finishes it."""

import io
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection, connections, models, transaction
from django.urls import reverse
from django.utils import timezone

from chat.errors import NotLoggedIn
from chat.models import (
    AccountErasure,
    Attachment,
    AttachmentContent,
    Certificate,
    Conversation,
    Preferences,
    Prompt,
    Reading,
    SearchEntry,
)
from chat.models.locks import lock_owner
from chat.retention import expiry
from chat.retention.certificates import end_certificates
from chat.retention.erasure import ATTACHMENTS, RESTORABLE, erase, erase_account
from chat.retention.vacuum import alone, vacuum
from tests.http.test_erasure import everything_of, logged, read, rows
from tests.support.attachments import stored_attachment
from tests.support.cutting import at_once, killed_at
from tests.support.once import FOLDER
from tests.support.staff import client_of

MARKER = "unmistakable"
Way = Callable[[User, User], object]


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Each of the many forks would import it anew: all that has an address, and the command."""
    reverse("admin:index")
    load_command_class("chat", "erase")


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, committed: None, tmp_path: Path) -> Iterator[None]:
    """One that no site sweeps, which would erase what was cut before it is looked at."""
    ours = connections.settings["default"]
    if request.param == "sqlite":
        file = shutil.copyfile(FOLDER / "migrated.sqlite3", tmp_path / "erasures.sqlite3")
        theirs = ours | {"NAME": str(file)}
    else:
        theirs = connections.settings[request.getfixturevalue("postgres")]
    connections.close_all()
    del connections["default"]
    connections.settings["default"] = theirs
    ContentType.objects.clear_cache()  # whose ids are others there
    yield
    User.objects.all().delete()
    Certificate.objects.all().delete()
    connections.close_all()
    del connections["default"]
    connections.settings["default"] = ours
    ContentType.objects.clear_cache()


def command(*arguments: str) -> None:
    call_command("erase", "--no-vacuum", *arguments, stdout=io.StringIO())


def vacuuming() -> str:
    said = io.StringIO()
    call_command("erase", "--deleted", stdout=said)
    return said.getvalue()


def one_page(staff: User, owner: User) -> None:
    client_of(staff).post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"})


def list_action(staff: User, owner: User) -> None:
    action = {"action": "delete_selected", "_selected_action": str(owner.pk), "post": "yes"}
    client_of(staff).post("/admin/auth/user/", action)


ACCOUNT: dict[str, Way] = {
    "page": lambda _, owner: erase_account(owner.pk),
    "command": lambda _, owner: command(f"--user={owner.username}", "--account"),
    "single page": one_page,
    "list action": list_action,
}
CONVERSATIONS: dict[str, Way] = {
    "page": lambda _, owner: erase(Conversation.with_deleted.filter(owner=owner)),
    "command": lambda _, owner: command(f"--user={owner.username}"),
}


ONE: dict[str, Callable[[User, Conversation], object]] = {
    "command": lambda _, one: command(f"--conversation={one.pk}"),
    "single page": lambda staff, one: client_of(staff).post(
        f"/admin/chat/conversation/{one.pk}/delete/", {"post": "yes"}
    ),
    "deleted": lambda _, one: command("--deleted"),
    "sweep": lambda _, one: expiry.erase_expired(),
}


def person(name: str) -> User:
    owner = User.objects.create(username=name)
    for number in range(2):
        conversation = everything_of(owner, f"{MARKER} {number}")
        read(owner, conversation)
        logged(User.objects.get(username="staff"), conversation)
    Preferences.objects.create(user=owner, system_prompt=MARKER)
    Prompt.objects.create(owner=owner, name=MARKER, text=MARKER)
    stored_attachment(owner.pk, "unsent.txt", MARKER.encode())
    return owner


def names() -> int:
    """How often the logs name something of the erased."""
    readings = Reading.objects.filter(object_name__contains=MARKER) | Reading.objects.filter(user_name=MARKER)
    deleted = models.Q(object_repr__contains=MARKER)
    return readings.count() + LogEntry.objects.filter(deleted).count()


def sweep() -> None:
    expiry.finish_accounts()
    expiry.erase_expired()
    end_certificates()


def certified(kind: str) -> list[str]:
    """Ids that certificates name, all of which have ended: who was killed in the last step leaves that to a sweep."""
    end_certificates()
    assert not Certificate.objects.filter(ended_at=None).exists()
    assert all(each.digest == each.digest_now() for each in Certificate.objects.all())
    return [key for each in Certificate.objects.all() for key in each.ids.get(kind, [])]


@pytest.mark.parametrize(("way", "again"), [(way, False) for way in ACCOUNT] + [("command", True)])
def test_an_account_is_erased_as_a_whole_or_not_at_all(each_database: None, way: str, again: bool) -> None:
    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    before, last = rows(), 0
    for number in count(1):
        owner = person(MARKER)
        mine = {str(pk) for pk in Conversation.objects.filter(owner=owner).values_list("pk", flat=True)}
        all_of_it = rows(), names()
        is_cut = killed_at(number, lambda owner=owner: ACCOUNT[way](staff, owner))
        is_begun = AccountErasure.objects.exists() or not User.objects.filter(pk=owner.pk).exists()
        if not is_begun:
            assert is_cut
            assert (rows(), names() - LogEntry.objects.filter(action_flag=3).count()) == all_of_it
            assert User.objects.get(pk=owner.pk).is_active
            assert not mine & set(certified("conversations"))
            erase_account(owner.pk)
            LogEntry.objects.all().delete()
        elif again and User.objects.filter(pk=owner.pk).exists():
            assert not User.objects.get(pk=owner.pk).is_active
            command(f"--user={MARKER}", "--account")
        else:
            assert not Conversation.objects.filter(owner=owner.pk).exists()
            sweep()
        assert rows() == before
        assert not Preferences.objects.exists()
        assert not Prompt.objects.exists()
        assert not User.objects.filter(pk=owner.pk).exists()
        assert not AccountErasure.objects.exists()
        assert names() == 0
        assert certified("users").count(str(owner.pk)) == 1
        assert sorted(key for key in certified("conversations") if key in mine) == sorted(mine), "each once"
        last = number
        if not is_cut:
            break
    assert last > 4, "It was cut at many places"


@pytest.mark.parametrize("way", CONVERSATIONS)
def test_all_conversations_are_erased_or_none(each_database: None, way: str) -> None:
    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    owner, last = person(MARKER), 0
    for number in count(1):
        total = Conversation.objects.count()
        is_cut = killed_at(number, lambda: CONVERSATIONS[way](staff, owner))
        assert Conversation.objects.count() in (total, 0), "All or none"
        if not Conversation.objects.exists():
            sweep()
            assert not Conversation.with_deleted.exists()
            assert not Reading.objects.filter(object_name__contains=MARKER).exists()
            everything_of(owner, f"{MARKER} {number}")
        last = number
        if not is_cut:
            break
    assert last > 3, "It was cut at many places"


@pytest.mark.parametrize("way", ONE)
def test_one_conversation_is_erased_or_not(each_database: None, way: str) -> None:
    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    owner = User.objects.create(username="owner")
    everything_of(owner, "Another")
    before, last = rows(), 0
    one: Conversation | None = None
    for number in count(1):
        if not one:
            one = everything_of(owner, MARKER)
            read(staff, one)
            if way in ("deleted", "sweep"):
                Conversation.objects.filter(pk=one.pk).update(deleted_at=timezone.now() - RESTORABLE)
        whole, found = rows(), Conversation.with_deleted.get(pk=one.pk)
        is_cut = killed_at(number, lambda one=one: ONE[way](staff, one))
        now = Conversation.with_deleted.filter(pk=one.pk).first()
        if now and now.deleted_at == found.deleted_at:
            assert is_cut
            assert rows() == whole
        else:
            assert not Conversation.objects.filter(pk=one.pk).exists()
            sweep()
            assert rows() == before
            assert names() == 0
            assert certified("conversations").count(str(one.pk)) == 1
            one = None
        last = number
        if not is_cut:
            break
    assert last > 3, "It was cut at many places"


def test_files_that_were_never_sent_are_erased_a_few_at_a_time(each_database: None) -> None:
    """Each by itself: one that is gone is gone with its content, and the next look finds the others."""
    owner = User.objects.create(username="owner")
    for number in range(2 * ATTACHMENTS + 1):
        stored_attachment(owner.pk, f"{number}.txt", MARKER.encode())
    Attachment.objects.update(created_at=timezone.now() - expiry.UNSENT)
    left = []
    while killed_at(2, expiry.erase_unsent):
        left.append(AttachmentContent.objects.count())
        assert left[-1] == Attachment.objects.count()
    assert left == [ATTACHMENTS + 1, 1]
    assert not Attachment.objects.exists()
    assert not AttachmentContent.objects.exists()


# What a certificate says, looked at


def verified(certificate: Certificate) -> str:
    said = io.StringIO()
    call_command("erase", f"--verify={certificate.pk}", stdout=said)
    return said.getvalue()


def planted(key: uuid.UUID) -> None:
    """As a row has it, in a table that nobody knows: only its bytes can be found."""
    kind, value = ("uuid", f"'{key}'::uuid") if connection.vendor == "postgresql" else ("char(32)", f"'{key.hex}'")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE planted (words text, key {kind})")
        cursor.execute(f"INSERT INTO planted VALUES ('abc', {value})")


def test_no_row_and_no_byte_is_left_of_what_a_certificate_names(each_database: None) -> None:
    User.objects.create(username="staff", is_staff=True)
    person(MARKER)
    kept = everything_of(User.objects.create(username="kept"), MARKER)
    command(f"--user={MARKER}", "--account")
    vacuum()
    assert Certificate.objects.count() == 3, "of the account, its conversations, and a file that was never sent"
    conversations = Certificate.objects.get(ids__conversations__isnull=False)
    for each in Certificate.objects.all():
        assert "No row and no byte of it is there, and the certificate is as it was written." in verified(each)
    planted(uuid.UUID(conversations.ids["messages"][-1]))
    with pytest.raises(CommandError, match=r"^[-\w.]+ has bytes of 1 ids\. "):
        verified(conversations)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE planted")
    vacuum()
    assert "No row and no byte" in verified(conversations)
    conversations.ids["conversations"].append(str(kept.pk))
    conversations.save()
    with pytest.raises(CommandError, match=r"hash is another; .*; chat_conversation\.id has 1 rows of it; "):
        verified(conversations)


@pytest.mark.parametrize("is_gone", [False, True], ids=["closed", "gone"])
def test_who_is_being_deleted_is_not_logged_in(each_database: None, is_gone: bool) -> None:
    owner = User.objects.create(username="owner")
    with transaction.atomic():
        lock_owner(owner.pk)
    if is_gone:
        erase_account(owner.pk)
    else:
        AccountErasure.objects.create(user=owner)
    with pytest.raises(NotLoggedIn), transaction.atomic():
        lock_owner(owner.pk)


def test_the_last_superusers_stay_in_the_admin(each_database: None) -> None:
    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    list_action(staff, staff)
    one_page(staff, staff)
    assert User.objects.get(pk=staff.pk).is_active


def test_whoever_deletes_an_account_leaves_no_name(each_database: None) -> None:
    staff = User.objects.create(username="staff")
    person(MARKER).delete()
    assert names() == 0
    assert not Conversation.with_deleted.exists()
    staff.delete()


def test_each_connection_overwrites_what_it_deletes(committed: None) -> None:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)


def test_commands_at_once_erase_each_thing_once(committed: None) -> None:
    """Each in a process of its own, with a vacuum at its end."""
    owner = User.objects.create(username="owner")
    for _ in range(2):
        for number in range(5):
            everything_of(owner, f"{MARKER} {number}")
        Conversation.objects.update(deleted_at=timezone.now())
        said = at_once([vacuuming] * 3)
        assert sorted(re.findall(r"Erased (\d+) conversations", "".join(said))) == ["0", "0", "5"]
        assert not Conversation.with_deleted.exists()
        assert not SearchEntry.objects.exists()


def test_commands_take_turns(committed: None) -> None:
    """Who comes second waits, and says so."""
    waited, entered = Event(), Event()

    def second() -> None:
        with alone(waited.set):
            entered.set()
        connection.close()

    with ThreadPoolExecutor(1) as thread:
        with alone(lambda: None):
            running = thread.submit(second)
            assert waited.wait(30)
            assert not entered.is_set()
        running.result(30)
    assert entered.is_set()
