"""Certificates: each way of erasing leaves one, with ids and numbers and no word of anybody's."""

import io
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from chat.models import Attachment, Certificate, Conversation, Import, Message
from chat.models.certificate import Purpose
from chat.retention import due, expiry, leftovers
from chat.retention.certificates import Cause, certify_conversations, end_certificates
from chat.retention.erasure import _begin, _finish, erase, erase_account
from chat.retention.imports import end_import
from chat.views.erasure import _erase_conversations
from tests.http.test_erasure import everything_of
from tests.support.attachments import stored_attachment
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=300)
MARKER = "unmistakable"


@pytest.fixture(autouse=True)
def _none_of_before(db: None) -> None:
    """What sites of other tests have erased has left some."""
    Certificate.objects.all().delete()


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(f"olga-{MARKER}")


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return everything_of(owner, MARKER)


def by_retention(conversation: Conversation) -> None:
    Conversation.objects.update(updated_at=LONG_AGO, due_at=LONG_AGO)
    due.erase_due()


def by_import(conversation: Conversation) -> None:
    failed = Import.objects.create(owner=conversation.owner, renewed_at=LONG_AGO)
    Conversation.objects.update(importing=failed, deleted_at=LONG_AGO)
    end_import(failed.pk, "broken")


def by_sweep(**fields: Any) -> Callable[[Conversation], None]:
    def way(conversation: Conversation) -> None:
        Conversation.objects.update(**fields)
        expiry.erase_expired()

    return way


def by_command(conversation: Conversation) -> None:
    said = io.StringIO()
    call_command("erase", f"--conversation={conversation.pk}", "--no-vacuum", stdout=said)
    assert f"Certificate {Certificate.objects.get().pk}" in said.getvalue()


WAYS: dict[str, Callable[[Conversation], object]] = {
    "owner": lambda one: _erase_conversations(RequestFactory().post("/"), one.owner),
    "deleted": by_sweep(deleted_at=LONG_AGO),
    "temporary": by_sweep(is_temporary=True, left_at=LONG_AGO),
    "retention": by_retention,
    "import": by_import,
    "command": by_command,
    "other": lambda one: erase(Conversation.with_deleted.filter(pk=one.pk)),
}


@pytest.mark.parametrize("purpose", WAYS)
def test_each_way_leaves_one(settings: Any, owner: User, conversation: Conversation, purpose: str) -> None:
    settings.CHAT_RETENTION_DAYS = 30
    messages = {str(pk) for pk in Message.objects.values_list("pk", flat=True)}
    files = [str(pk) for pk in Attachment.objects.values_list("pk", flat=True)]
    WAYS[purpose](conversation)
    end_certificates()  # in a test's transaction nothing is after a commit
    found = Certificate.objects.get()
    assert (found.purpose, found.by_key) == (purpose, str(owner.pk) if purpose == "owner" else "")
    assert set(found.ids.pop("messages")) == messages
    assert found.ids == {"owners": [str(owner.pk)], "conversations": [str(conversation.pk)], "files": files}
    assert found.counts == {"conversations": 1, "messages": 2, "files": 1, "answers": 1, "feedback": 1, "links": 1}
    assert found.ended_at >= found.begun_at
    found.refresh_from_db()
    assert found.digest == found.digest_now()
    assert MARKER not in json.dumps([found.ids, found.counts])
    said = io.StringIO()
    call_command("erase", f"--verify={found.pk}", stdout=said)
    assert f"({purpose}): 1 answers, 1 conversations, 1 feedback, 1 files, 1 links, 2 messages." in said.getvalue()
    assert "No row of it is there" in said.getvalue()


def test_an_account_leaves_one_of_its_own_whoever_deletes_it(conversation: Conversation) -> None:
    """By itself, in the administration, and by code of a project's."""
    bob, carl = (User.objects.create_user(name) for name in ("bob", "carl"))
    for each in (bob, carl):
        everything_of(each)
    file = stored_attachment(carl.pk, "plan.txt", b"text")
    keys = [str(each.pk) for each in (conversation.owner, bob, carl)]
    erase_account(conversation.owner_id)
    root = staff("view_user")
    User.objects.filter(username__startswith="staff-").update(is_superuser=True)
    assert root.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 302
    expiry.finish_accounts()
    carl.delete()
    end_certificates()
    assert not Certificate.objects.filter(ended_at=None).exists()
    accounts = {each.ids["users"][0]: each for each in Certificate.objects.filter(ids__users__isnull=False)}
    assert set(accounts) == set(keys)
    assert [accounts[key].purpose for key in keys] == ["other", "staff", "other"]
    assert accounts[keys[1]].by_key == str(User.objects.get(username__startswith="staff-").pk)
    assert accounts[keys[2]].ids["files"] == [str(file.pk)]
    of_conversations = Certificate.objects.filter(ids__conversations__isnull=False)
    assert sorted(owner for each in of_conversations for owner in each.ids["owners"]) == sorted(keys)


def test_files_that_were_never_sent(owner: User) -> None:
    file = stored_attachment(owner.pk, "plan.txt", b"text", created_at=LONG_AGO)
    expiry.erase_unsent()
    found = Certificate.objects.get()
    assert (found.purpose, found.ids, found.ended_at) == ("unsent", {"files": [str(file.pk)]}, found.begun_at)


def test_it_ends_only_when_all_is_gone_and_says_so_till_then(conversation: Conversation) -> None:
    """An erasure that was cut short."""
    ids = _begin(Conversation.with_deleted.filter(pk=conversation.pk))
    assert end_certificates() == 0
    found = Certificate.objects.get()
    with pytest.raises(
        CommandError, match=r"chat_conversation\.id has 1 rows .*chat_share\.conversation_id has 1 rows"
    ):
        call_command("erase", f"--verify={found.pk}", stdout=io.StringIO())
    _finish(ids)
    assert [end_certificates(), end_certificates()] == [1, 0]
    assert expiry.erase_expired() == 0
    assert Certificate.objects.count() == 1


def test_whoever_changes_one_is_found_out(conversation: Conversation) -> None:
    erase(Conversation.with_deleted.filter(pk=conversation.pk))
    found = Certificate.objects.get()
    for name, value in (("by_key", "7"), ("purpose", "owner"), ("begun_at", LONG_AGO), ("counts", {"messages": 1})):
        Certificate.objects.filter(pk=found.pk).update(**{name: value})
        with pytest.raises(CommandError, match="The certificate was changed: its hash is another"):
            call_command("erase", f"--verify={found.pk}", stdout=io.StringIO())
        Certificate.objects.filter(pk=found.pk).update(**{name: getattr(found, name)})
    call_command("erase", f"--verify={found.pk}", stdout=io.StringIO())


def test_whoever_changes_one_with_its_hash_is_told_by_the_audit_log(conversation: Conversation) -> None:
    erase(Conversation.with_deleted.filter(pk=conversation.pk))
    forged = Certificate.objects.get()
    forged.ids |= {"conversations": [str(uuid.uuid4())]}
    forged.digest = forged.digest_now()
    forged.save()
    with pytest.raises(CommandError, match="the audit log has another hash of it"):
        call_command("erase", f"--verify={forged.pk}", stdout=io.StringIO())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_auditentry")  # as a prune does
    said = io.StringIO()
    call_command("erase", f"--verify={forged.pk}", stdout=said)
    assert "no hash of it to compare with" in said.getvalue()


def test_what_cannot_be_verified() -> None:
    missing = uuid.uuid4()
    with pytest.raises(CommandError, match=f"There is no certificate {missing}."):
        call_command("erase", f"--verify={missing}")
    certify_conversations([], Cause(Purpose.OWNER))
    assert not Certificate.objects.exists(), "of nothing there is none"


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 100])
def test_bytes_are_found_wherever_they_lie_in_a_file(size: int) -> None:
    """Also beside others of their kind, and across two pieces, wherever these are cut."""
    # Fixed: neither may happen to go on with a sign of what lies beside it.
    here, other = uuid.UUID("0a1b2c3d4e5f60718293a4b5c6d7e8f9"), uuid.UUID("f1e2d3c4b5a697887766554433221105")
    for key, missing, candidates in (
        (here.hex.encode(), other.hex.encode(), leftovers._hexadecimal),
        (here.bytes, other.bytes, leftovers._raw),
    ):
        whole = b"\0ab" + missing[:-1] + key + b"12" + missing[1:]
        pieces = [whole[begin : begin + size] for begin in range(0, len(whole), size)]
        assert leftovers._found(iter(pieces), {key, missing}, candidates) == 1
        assert leftovers._found(iter([whole.replace(key, key[:-1])]), {key, missing}, candidates) == 0
        assert leftovers._found(iter([]), set(), candidates) == 0


def test_who_may_see_certificates(owner: User, conversation: Conversation) -> None:
    erase(Conversation.with_deleted.filter(pk=conversation.pk))
    found, page = Certificate.objects.get(), "/admin/chat/certificate/"
    assert staff("view_conversation").get(page).status_code == 403
    looking = staff("view_certificate")
    assert "conversations: 1" in looking.get(page).text
    shown = looking.get(f"{page}{found.pk}/change/").text
    assert str(conversation.pk) in shown
    assert found.digest in shown
    for path in (f"{page}add/", f"{page}{found.pk}/change/", f"{page}{found.pk}/delete/"):
        assert looking.post(path, {"post": "yes"}).status_code == 403
