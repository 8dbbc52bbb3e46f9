"""What readers think of answers, as staff look after it."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from chat.admin.csv_file import harmless
from chat.models import Conversation, Feedback, Generation, Message, Reading
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

LIST = "/admin/chat/feedback/"


@pytest.fixture
def feedback() -> Feedback:
    """A comment on an answer, which a spreadsheet would run."""
    owner = User.objects.create(username=f"owner-{uuid.uuid4()}")
    conversation = Conversation.objects.create(owner=owner)
    asked = Message.objects.create(conversation=conversation, role="user", number=1)
    message = Message.objects.create(conversation=conversation, role="assistant", number=2, parent=asked)
    ended = {"ends_at": 0, "ended_at": timezone.now(), "status": "complete"}
    Generation.objects.create(message=message, owner=owner, model="model-of-this", **ended)
    return Feedback.objects.create(message=message, value="down", comment="=1+1 is wrong")


def page_of(feedback: Feedback) -> str:
    return f"{LIST}{feedback.pk}/change/"


def test_whoever_may_view_it_finds_it_and_its_transcript_and_is_recorded(feedback: Feedback) -> None:
    client = staff("view_feedback")
    body = client.get(LIST, {"looked_at": "no", "comment": "yes", "model": "model-of-this"}).text
    assert "=1+1 is wrong" in body
    assert "model-of-this<" in body
    assert f"/admin/chat/conversation/{feedback.message.conversation_id}/change/" in body
    assert "=1+1 is wrong" not in client.get(LIST, {"looked_at": "yes"}).text
    page = client.get(page_of(feedback)).text
    assert "=1+1 is wrong" in page
    assert "<textarea" not in page
    actions = Reading.objects.filter(object_kind="chat.feedback").values_list("action", flat=True)
    assert "Read this feedback." in actions
    assert any(action.startswith("Read the list, filtered by") for action in actions)


@pytest.mark.parametrize("permissions", [[], ["view_conversation"]])
def test_others_of_the_staff_do_not(feedback: Feedback, permissions: list[str]) -> None:
    client = staff(*permissions)
    assert client.get(LIST).status_code == 403
    assert client.get(page_of(feedback)).status_code == 403


def test_it_is_marked_with_a_note(feedback: Feedback) -> None:
    client = staff("view_feedback", "change_feedback")
    seen = feedback.updated_at.isoformat()
    reply = client.post(page_of(feedback), {"is_looked_at": "on", "seen": seen, "note": "Told the model's people"})
    assert reply.status_code == 302
    feedback.refresh_from_db()
    assert (feedback.looked_at, feedback.note) == (feedback.updated_at, "Told the model's people")
    assert (feedback.value, feedback.comment) == ("down", "=1+1 is wrong")
    client.post(page_of(feedback), {"seen": seen, "note": ""})
    feedback.refresh_from_db()
    assert (feedback.looked_at, feedback.looked_by, feedback.note) == (None, None, "")


def test_what_its_writer_changes_meanwhile_is_to_be_looked_at_again(feedback: Feedback) -> None:
    client, seen = staff("view_feedback", "change_feedback"), feedback.updated_at
    Feedback.objects.filter(pk=feedback.pk).update(comment="Another", updated_at=seen + timedelta(seconds=5))
    client.post(page_of(feedback), {"is_looked_at": "on", "seen": seen.isoformat(), "note": ""})
    feedback.refresh_from_db()
    assert (feedback.looked_at, feedback.comment) == (seen, "Another")
    assert "Another" in client.get(LIST, {"looked_at": "no"}).text
    assert "Another" not in client.get(LIST, {"looked_at": "yes"}).text


def test_several_are_marked_at_once_by_who_may(feedback: Feedback) -> None:
    chosen = {"action": "mark", "_selected_action": [feedback.pk]}
    staff("view_feedback").post(LIST, chosen)
    feedback.refresh_from_db()
    assert feedback.looked_at is None
    staff("view_feedback", "change_feedback").post(LIST, chosen)
    feedback.refresh_from_db()
    assert feedback.looked_at


def test_a_file_of_it_runs_nothing_and_is_recorded(feedback: Feedback) -> None:
    reply = staff("view_feedback").post(LIST, {"action": "save_as_csv", "_selected_action": [feedback.pk]})
    assert reply["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(reply.text))
    assert (row["comment"], row["model"], row["value"]) == ("'=1+1 is wrong", "model-of-this", "down")
    assert row["message"] == str(feedback.message_id)
    assert Reading.objects.filter(object_kind="chat.feedback", action="Saved it as CSV.", hits=1).exists()


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("a" + cell) == "a" + cell


def test_what_was_deleted_is_not_there(feedback: Feedback) -> None:
    Conversation.objects.filter(pk=feedback.message.conversation_id).update(deleted_at=timezone.now())
    client = staff("view_feedback")
    assert "=1+1 is wrong" not in client.get(LIST).text
    assert client.get(page_of(feedback)).status_code == 302


def test_its_writer_never_sees_the_note(feedback: Feedback) -> None:
    Feedback.objects.filter(pk=feedback.pk).update(note="Only for staff")
    client = Client()
    client.force_login(feedback.message.conversation.owner)
    conversation = feedback.message.conversation_id
    for address in (f"/c/{conversation}/", f"/c/{conversation}/export/", f"/c/{conversation}/export/?as=markdown"):
        reply = client.get(address)
        body = b"".join(reply) if reply.streaming else reply.content
        assert b"Only for staff" not in body
