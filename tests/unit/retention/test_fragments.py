"""What is erased is not in the memory of any process either."""

import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import timezone

from chat.core.fragments import FragmentStore, Row
from chat.models import Attachment, Conversation, Feedback, Message
from chat.models.threads import readers
from chat.retention import fragments
from chat.retention.erasure import erase
from tests.support.conversations import stored_conversation
from tests.support.site import ROOT, environment

PROMISED_SECONDS = 15
HOLDER = """
import sys, time, django
django.setup()
from chat.models import Conversation
from chat.retention import fragments
fragments.LOOK_SECONDS = 0.1
fragments.start_forgetting()
(conversation,) = Conversation.objects.filter(pk=sys.argv[1])
fragments.fragments().keep("entry", (conversation.title,), conversation.rows)
fragments.fragments().keep("frame", ("Close",))
time.sleep(0.5)
print(fragments.fragments().count, flush=True)
while fragments.fragments().rows():
    time.sleep(0.05)
print(fragments.fragments().count, flush=True)
"""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FragmentStore:
    store = FragmentStore(1_000_000)
    monkeypatch.setattr(fragments, "_store", store)
    return store


@pytest.fixture
def rows(db: None) -> dict[str, Row]:
    """Of a conversation with a message that has a file and feedback."""
    owner = User.objects.create(username="owner")
    conversation = Conversation.objects.create(owner=owner)
    message = Message.objects.create(conversation=conversation, role="user", number=1)
    file = Attachment.objects.create(owner=owner, conversation=conversation, kind="text", name="a.txt", size=1)
    feedback = Feedback.objects.create(message=message, value="up")
    found = {"conversation": conversation, "message": message, "attachment": file, "feedback": feedback}
    return {name: (name, row.pk) for name, row in found.items()}


def test_what_is_there_stays(store: FragmentStore, rows: dict[str, Row]) -> None:
    store.keep("message", ("words",), rows.values())
    fragments.forget_erased()
    assert store.find(["message"])[0] == ("words",)


@pytest.mark.parametrize("gone", ["conversation", "message", "attachment", "feedback"])
def test_what_is_of_a_row_that_is_gone_is_dropped(store: FragmentStore, rows: dict[str, Row], gone: str) -> None:
    store.keep("message", ("words",), rows.values())
    store.keep("other", ("words",), [row for row in rows.values() if row != rows[gone]])
    store.keep("frame", ("Close",))
    model = {"conversation": Conversation, "message": Message, "attachment": Attachment, "feedback": Feedback}[gone]
    model._base_manager.filter(pk=rows[gone][1]).delete()
    fragments.forget_erased()
    assert store.find(["message"])[0] is None
    assert store.find(["frame"])[0] == ("Close",)
    assert (store.find(["other"])[0] is None) == (gone in ("conversation", "message")), "its message goes with it"


def test_what_is_deleted_and_can_be_restored_is_not_kept_meanwhile(store: FragmentStore, rows: dict[str, Row]) -> None:
    store.keep("entry", ("title",), [rows["conversation"]])
    Conversation.objects.update(deleted_at=timezone.now())
    fragments.forget_erased()
    assert store.count == 0


def test_where_nobody_can_look_nothing_of_rows_is_kept(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(rows: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(fragments, "_gone", fail)
    store.keep("entry", ("title",), [("conversation", 1)])
    store.keep("frame", ("Close",))
    fragments.forget_erased()
    assert (store.rows(), store.find(["frame"])[0]) == ([], ("Close",))
    assert "away" in caplog.text


def test_where_a_connection_cannot_even_be_looked_at_it_is_tried_again(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Enough(BaseException):
        pass

    def fail(look: object) -> None:
        looks.append(look)
        if len(looks) > 2:
            raise Enough
        raise DatabaseError("broken")

    looks = list[object]()
    monkeypatch.setattr(readers, "wait", fail)
    monkeypatch.setattr(fragments, "LOOK_SECONDS", 0)
    store.keep("entry", ("title",), [("conversation", 1)])
    with pytest.raises(Enough):
        fragments._forget_for_ever()
    assert (store.rows(), len(looks)) == ([], 3)


def test_one_process_erases_and_another_forgets(committed: None) -> None:
    assert fragments.LOOK_SECONDS + 2 < PROMISED_SECONDS
    owner = User.objects.create(username="eraser")
    conversation, _messages = stored_conversation(owner.pk, ["Why?", "Because."])
    command = [sys.executable, "-c", HOLDER, str(conversation.pk)]
    holder = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "2\n", "it looks, and it is there"
        erase(Conversation.objects.filter(pk=conversation.pk))
        assert holder.stdout.readline() == "1\n", "but for what is nobody's"
    finally:
        holder.kill()
        holder.communicate()
