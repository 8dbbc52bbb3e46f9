"""Erasing: what is gone is gone, from tables, from running answers, from the admin's log and from the file."""

import io
import subprocess
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from chat.audit import ERASED, record, record_list
from chat.conversations.temporary import keep
from chat.core.search_terms import indexed
from chat.errors import Conflict
from chat.models import (
    Attachment,
    AttachmentContent,
    Conversation,
    Feedback,
    Generation,
    Message,
    MessageAttachment,
    MessagePart,
    Preferences,
    Prompt,
    Reading,
    SearchedWords,
    SearchEntry,
    Share,
    ShareSection,
    ToolCall,
)
from chat.retention import erasure
from chat.retention.erasure import RESTORABLE, erase, erase_account, extent
from chat.retention.expiry import LEFT, UNUSED, correct_times, erase_expired, erase_unsent
from tests.support.attachments import attach, stored_attachment
from tests.support.client import Answer, Client
from tests.support.conversations import stored_conversation
from tests.support.faults import database
from tests.support.queries import counted_queries
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, say

PASSWORD = "a long passphrase"
MARKER = "unmistakable"
OWNED = (
    Conversation,
    Message,
    MessagePart,
    Generation,
    Feedback,
    SearchEntry,
    Share,
    ShareSection,
    Attachment,
    AttachmentContent,
    MessageAttachment,
    ToolCall,
)


def everything_of(owner: User, text: str = "Hello") -> Conversation:
    """A conversation with a row of every kind."""
    conversation, (question, said) = stored_conversation(owner.pk, [text, text])
    conversation.title = text
    conversation.save()
    SearchEntry.objects.index_title(conversation)
    SearchEntry.objects.index_messages(
        conversation.pk, owner.pk, [(question.pk, indexed(text)), (said.pk, indexed(text))]
    )
    Feedback.objects.create(message=said, value="up", comment=text)
    link = Share.objects.create(conversation=conversation, title=text, snapshot={"text": text})
    ShareSection.objects.create(share=link, number=1, messages=[{"text": text}], size=len(text))
    attach(question, text[:120], text.encode(), thumbnail=text.encode())
    ToolCall.objects.create(message=said, generation=said.generations.get(), owner=owner, name="find_orders")
    return conversation


def rows() -> dict[str, int]:
    return {model.__name__: model._base_manager.count() for model in OWNED}


def read(staff: User, conversation: Conversation) -> Reading:
    """What is noted of somebody who reads it."""
    return record(staff, conversation, "Read the transcript.")


def logged(staff: User, thing: Conversation | User) -> LogEntry:
    """What Django's admin notes in its own log, and what earlier versions noted there."""
    return LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(thing),
        object_id=str(thing.pk),
        object_repr=thing.name if isinstance(thing, Conversation) else str(thing),
        action_flag=CHANGE,
        change_message="Read the transcript.",
    )


# The rows


def test_all_rows_of_a_conversation_go_and_those_of_others_stay(alice: Client, bob: Client) -> None:
    assert alice.user
    assert bob.user
    everything_of(bob.user)
    others = rows()
    mine = everything_of(alice.user)
    assert all(rows()[name] > count for name, count in others.items())
    assert erase(Conversation.with_deleted.filter(pk=mine.pk)) == 1
    assert rows() == others


@pytest.mark.django_db
def test_attachments_go_a_few_at_a_time() -> None:
    """In a transaction, where no sweep of a site can find the erasure before it is finished here."""
    mine = everything_of(User.objects.create(username="owner of many files"))
    for number in range(12):
        attach(mine.messages.all()[0], f"{number}.txt", b"Hello")
    assert extent(Conversation.objects.filter(pk=mine.pk)).attachments == 13
    with counted_queries() as queries:
        erase(Conversation.objects.filter(pk=mine.pk))
    assert sum(sql.startswith('DELETE FROM "chat_attachmentcontent"') for sql in queries) == 3
    assert not AttachmentContent.objects.exists()


def test_a_deep_conversation_is_no_recursion(alice: Client) -> None:
    """A thousand messages, each below the one before; Python's stack ends there."""
    assert alice.user
    conversation, _ = stored_conversation(alice.user.pk, ["text"] * 1200)
    assert extent(Conversation.objects.filter(pk=conversation.pk)).messages == 1200
    erase(Conversation.objects.filter(pk=conversation.pk))
    assert not Message.objects.filter(conversation=conversation.pk).exists()


def test_the_log_says_who_read_but_not_what_it_was_called(alice: Client, client_for: Callable[..., Client]) -> None:
    assert alice.user
    staff = User.objects.create(username="a reader", is_staff=True)
    conversation, other = everything_of(alice.user, MARKER), everything_of(staff, "Other")
    readings = [read(staff, conversation), read(staff, other)]
    entries = [logged(staff, conversation), logged(staff, alice.user), logged(staff, other)]
    erase_account(alice.user.pk)
    assert [Reading.objects.get(pk=reading.pk).object_name for reading in readings] == [ERASED, "Other"]
    assert [Reading.objects.get(pk=reading.pk).user_name for reading in readings] == ["a reader"] * 2
    assert [LogEntry.objects.get(pk=entry.pk).object_repr for entry in entries] == [ERASED, ERASED, "Other"]
    assert not LogEntry.objects.filter(object_repr__contains=MARKER).exists()
    assert not Reading.objects.filter(object_name__contains=MARKER).exists()


def test_what_staff_have_read_stays_in_the_log_when_their_account_goes(alice: Client) -> None:
    assert alice.user
    first, second, third = (
        User.objects.create(username=f"{MARKER}-{number}", email=f"{MARKER}@example.org", is_staff=True)
        for number in range(3)
    )
    conversation = everything_of(alice.user, "Hi")
    readings = [read(staff, conversation) for staff in (first, second, second)]
    pks = [first.pk, second.pk, third.pk]
    record_list(second, Conversation, "Searched the list.", 1, f"{MARKER} roses")
    for pk in pks:
        erase_account(pk)
    assert not SearchedWords.objects.exists()
    assert Reading.objects.get(user_key=str(pks[1]), hits=1).user_name == f"(erased {pks[1]})"
    readings = [Reading.objects.get(pk=reading.pk) for reading in readings]
    assert [reading.user_name for reading in readings] == [f"(erased {pk})" for pk in (pks[0], pks[1], pks[1])]
    assert [reading.user_key for reading in readings] == [str(pk) for pk in (pks[0], pks[1], pks[1])]
    assert all(reading.action and reading.object_name == "Hi" for reading in readings)
    assert not User.objects.exclude(pk=alice.user.pk).exists(), "Nobody stands in for who is gone"
    assert not Reading.objects.filter(user_name__contains=MARKER).exists()


def test_an_account_goes_with_all_that_it_owns(alice: Client) -> None:
    assert alice.user
    everything_of(alice.user)
    Preferences.objects.create(user=alice.user, system_prompt="Be brief.")
    Prompt.objects.create(owner=alice.user, name="Letter", text="Write a letter.")
    stored_attachment(alice.user.pk, "unsent.txt", b"Hello")
    assert extent(Conversation.objects.owned_by(alice.user)).attachments == 1
    assert extent(Conversation.objects.owned_by(alice.user), alice.user.pk).attachments == 2
    erase_account(alice.user.pk)
    assert not User.objects.filter(pk=alice.user.pk).exists()
    assert not Preferences.objects.exists()
    assert not Prompt.objects.exists()
    assert not AttachmentContent.objects.exists()
    assert alice.get("/export/").code == "not_logged_in"


def test_the_last_administrator_stays(committed: None) -> None:
    first = User.objects.create(username="first", is_superuser=True)
    second = User.objects.create(username="second", is_superuser=True)
    erase_account(second.pk)
    with pytest.raises(Conflict):
        erase_account(first.pk)
    assert User.objects.get(pk=first.pk).is_active


# Answers that are being written


def test_an_answer_that_is_being_written_ends_and_is_not_written_back(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("Halfway"), gate, say(" and on"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Halfway").ids
        assert erase(Conversation.objects.filter(pk=ids["conversation"])) == 1
        gate.open()
        assert "end" not in [frame.event for frame in stream], "There is nothing left whose ending could be told"
    assert alice.get(f"/generations/{ids['generation']}/events/").code == "not_found"
    (asked,) = upstream.asked(question)
    asked.wait_closed()
    assert not Message.objects.filter(conversation=ids["conversation"]).exists()
    assert not MessagePart.objects.filter(message=ids["message"]).exists()
    assert not SearchEntry.objects.filter(conversation=ids["conversation"]).exists()


# What has had its time


def test_what_has_had_its_time_is_erased_and_nothing_else(alice: Client) -> None:
    assert alice.user
    now, second = timezone.now(), timedelta(seconds=5)
    due: list[dict[str, Any]] = [
        {"deleted_at": now - RESTORABLE},
        {"is_temporary": True, "left_at": now - LEFT},
        {"is_temporary": True, "created_at": now - UNUSED, "updated_at": now - UNUSED},
    ]
    not_yet: list[dict[str, Any]] = [
        {"deleted_at": now - RESTORABLE + second},
        {"is_temporary": True, "left_at": now - LEFT + second},
        {"is_temporary": True, "created_at": now - UNUSED, "updated_at": now - second},
        {"left_at": now - LEFT, "created_at": now - UNUSED, "updated_at": now - UNUSED},
    ]
    for fields in due:
        Conversation.objects.create(owner=alice.user, title="due", **fields)
    for fields in not_yet:
        Conversation.objects.create(owner=alice.user, title="not yet", **fields)
    assert erase_expired() <= len(due)  # the site may have come first
    assert set(Conversation.with_deleted.values_list("title", flat=True)) == {"not yet"}
    assert Conversation.with_deleted.count() == len(not_yet)


def test_a_clock_that_was_wrong_keeps_nothing(committed: None) -> None:
    """What was deleted or left in a time that is yet to come was so just now."""
    owner = User.objects.create(username="owner")
    now, year = timezone.now(), timedelta(days=365)
    wrong: list[dict[str, Any]] = [
        {"deleted_at": now + year},
        {"is_temporary": True, "left_at": now + year},
        {"is_temporary": True, "created_at": now + year, "updated_at": now + year},
    ]
    for fields in wrong:
        Conversation.objects.create(owner=owner, title="wrong", **fields)
    file = stored_attachment(owner.pk, "unsent.txt", b"Hello")
    Attachment.objects.filter(pk=file.pk).update(created_at=now + year)
    correct_times()
    assert erase_expired() == 0, "A deletion can still be taken back"
    with mock.patch.object(timezone, "now", return_value=now + timedelta(days=1, minutes=1)):
        assert erase_expired() == len(wrong)
        assert erase_unsent() == 1


@pytest.mark.django_db
def test_what_is_kept_while_others_are_erased_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = User.objects.create(username="owner")
    left = {"is_temporary": True, "left_at": timezone.now() - LEFT}
    for _ in range(3):
        Conversation.objects.create(owner=owner, **left)
    erase_messages = erasure._delete_messages

    def keep_the_rest(conversations: list[uuid.UUID]) -> None:
        for conversation in Conversation.objects.filter(owner=owner):
            keep(owner.pk, conversation.pk)
        erase_messages(conversations)

    monkeypatch.setattr(erasure, "CONVERSATIONS", 1)
    monkeypatch.setattr(erasure, "_delete_messages", keep_the_rest)
    assert erase_expired() == 1
    assert Conversation.objects.filter(owner=owner, is_temporary=False).count() == 2


# The pages


@pytest.fixture
def carol(site: Site) -> Client:
    """Somebody with a password, and a conversation."""
    # The site's own hasher; this process has a faster one.
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    user = User.objects.create(username=f"carol-{uuid.uuid4().hex}", password=password)
    everything_of(user)
    return Client(site.url, user)


def log_in_again(client: Client, password: str = PASSWORD, to: str = "/") -> Answer:
    return client.post("/accounts/reauthenticate/", form={"password": password, "next": to}, Accept="text/html")


@pytest.mark.parametrize("of", ["conversations", "account"])
def test_nothing_is_erased_before_a_fresh_login(carol: Client, of: str) -> None:
    before, question = rows(), f"/settings/erasure/?of={of}"
    assert "You may be asked first who you are." in carol.get(question, Accept="text/html").text
    for _ in range(2):
        # No password of a form that is gone counts.
        reply = carol.post(f"/settings/erasure/{of}/", form={"password": PASSWORD}, Accept="text/html")
        assert reply.status == 302
        assert reply.headers["Location"] == f"/accounts/reauthenticate/?{urlencode({'next': question})}"
        refused = log_in_again(carol, "wrong", question)
        assert refused.status == 200
        assert "Incorrect password" in refused.text
    assert log_in_again(carol, to=question).headers["Location"] == question
    assert rows() == before, "Nothing is done by itself"


def test_all_conversations_are_erased_by_their_owner(carol: Client, bob: Client) -> None:
    assert bob.user
    theirs = everything_of(bob.user)
    asked = carol.get("/settings/erasure/?of=conversations", Accept="text/html").text
    assert "1 conversation is deleted" in asked
    assert "1 attached file is deleted, too." in asked
    log_in_again(carol)
    reply = carol.post("/settings/erasure/conversations/", form={}, Accept="text/html")
    assert reply.status == 200
    assert "Your conversations are deleted" in reply.text
    assert list(Conversation.with_deleted.all()) == [theirs]
    assert carol.get("/", Accept="text/html").status == 200


def test_an_account_is_erased_by_its_owner_who_is_logged_out(carol: Client) -> None:
    assert carol.user
    stays = "stays in its log"
    assert stays not in carol.get("/settings/erasure/?of=account", Accept="text/html").text
    read(carol.user, everything_of(carol.user))
    assert stays in carol.get("/settings/erasure/?of=account", Accept="text/html").text
    assert stays not in carol.get("/settings/erasure/?of=conversations", Accept="text/html").text
    log_in_again(carol)
    reply = carol.post("/settings/erasure/account/", form={}, Accept="text/html")
    assert reply.status == 200
    assert "Your account is deleted" in reply.text
    assert "Log out" not in reply.text
    assert not User.objects.filter(pk=carol.user.pk).exists()
    assert not Session.objects.filter(pk=carol.cookies["sessionid"]).exists()
    assert carol.get("/", Accept="text/html").status == 302


@pytest.mark.parametrize("of", ["conversations", "account"])
def test_who_has_no_password_is_told_whom_to_ask(alice: Client, of: str) -> None:
    assert alice.user
    everything_of(alice.user)
    before = rows()
    for password in ("", "!"):
        way = alice.post(f"/settings/erasure/{of}/", form={"password": password}, Accept="text/html")
        assert way.status == 302
        for path in (way.headers["Location"], "/accounts/reauthenticate/"):
            answer = alice.get(path, Accept="text/html")
            answer = alice.get(answer.headers["Location"], Accept="text/html") if answer.status == 302 else answer
            assert answer.status == 403
            assert "Ask an administrator" in answer.text
    assert alice.get("/settings/erasure/", Accept="text/html").status == 200
    assert rows() == before


def test_the_only_administrator_is_refused(carol: Client) -> None:
    User.objects.filter(pk=carol.user.pk if carol.user else None).update(is_superuser=True)
    log_in_again(carol)
    reply = carol.post("/settings/erasure/account/", form={}, Accept="text/html")
    assert reply.status == 409
    assert "This is the only administrator" in reply.text
    assert carol.get("/", Accept="text/html").status == 200


# The command


def files() -> bytes:
    """All bytes of the database, log included.

    Read by another process: one that closes a file lets go of what SQLite has locked there.
    """
    names = sorted(database().parent.glob(f"{database().name}*"))
    return subprocess.run(["cat", "--", *names], check=True, capture_output=True).stdout


@pytest.mark.parametrize("arguments", [["--no-vacuum"], []], ids=["overwritten", "vacuumed"])
def test_no_byte_of_it_is_left(committed: None, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    marker = uuid.uuid4().hex
    owner = User.objects.create(username=marker, password="!")
    for number in range(20):
        conversation = everything_of(owner, f"{marker} {number} " + "and some text around it " * 300)
        reader = User.objects.create(username=f"reader-{number}")
        read(reader, conversation)
        logged(reader, conversation)
    stored_attachment(owner.pk, f"{marker}.txt", f"{marker} {'unsent ' * 5000}".encode())
    connection.close()
    assert files().count(marker.encode()) > 50
    call_command("erase", f"--user={marker}", "--account", *arguments)
    connection.close()
    assert files().count(marker.encode()) == 0
    said = capsys.readouterr().out
    assert "Erased 20 conversations with 40 messages" in said
    assert "and 21 attached files" in said


def test_a_dry_run_only_says_what_there_is(alice: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert alice.user
    conversation = everything_of(alice.user)
    before = rows()
    call_command("erase", f"--conversation={conversation.pk}", "--dry-run")
    said = "1 conversations with 2 messages, 1 answers, 1 feedback, 1 shared links and 1 attached files"
    assert capsys.readouterr().out == f"This would erase {said}.\n"
    assert rows() == before


def test_the_command_erases_what_is_deleted_at_once(alice: Client) -> None:
    assert alice.user
    kept, deleted = everything_of(alice.user), everything_of(alice.user)
    Conversation.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    call_command("erase", "--deleted", "--no-vacuum", stdout=io.StringIO())
    assert list(Conversation.with_deleted.values_list("pk", flat=True)) == [kept.pk]


@pytest.mark.parametrize("arguments", [["--user=nobody-at-all"], [f"--conversation={uuid.uuid4()}"], ["--account"]])
def test_the_command_says_what_is_wrong(committed: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("erase", *arguments)
