"""What a page reads without the ORM is what the ORM would give."""

import uuid
from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from chat.conversations.listing import Listing, entry, listing
from chat.models import (
    Attachment,
    Conversation,
    Feedback,
    Generation,
    Message,
    MessageAttachment,
    MessagePart,
    ToolCall,
    page_messages,
)
from chat.models.branches import spots
from chat.models.entries import (
    FIRST,
    answering,
    answering_sql,
    find_entry,
    first_entries,
    state_sql,
    waiting,
    waiting_sql,
)
from chat.models.entry import FIELDS, Entry
from chat.models.generation import LEASE
from chat.models.message import MOST_GENERATIONS
from chat.models.page_messages import PageMessages
from chat.models.sql import made_with
from tests.support.conversations import stored_conversation

MOST = 1_000
NOW = datetime.now(UTC)
ENDED: dict[str, Any] = {"model": "m", "status": "complete", "ends_at": 0, "ended_at": NOW}


def test_a_list_is_that_of_the_queryset(owner: User) -> None:
    other = User.objects.create(username=uuid.uuid4().hex)
    states: list[dict[str, Any]] = [
        {},
        {"is_pinned": True},
        {"is_archived": True},
        {"is_temporary": True},
        {"deleted_at": NOW},
    ]
    made = [
        Conversation(owner=each, title=f"{number}", activity=number // 2, **states[number % 5])
        for each in (owner, other)
        for number in range(40)
    ]
    Conversation.objects.bulk_create(made)
    mine = Conversation.objects.listed(owner.pk)
    pinned, others = (
        [Entry(*row) for row in mine.filter(is_pinned=is_pinned).recent().values_list(*FIELDS)]
        for is_pinned in (True, False)
    )
    assert _first(owner.pk, 50, 50) == [*pinned, *others]
    assert _first(owner.pk, 2, 3) == [*pinned[:2], *others[:3]]
    for shown in [*pinned, *others]:
        place = shown._place
        below = [Entry(*row) for row in mine.filter(is_pinned=False).below(*place).recent().values_list(*FIELDS)[:3]]
        assert _first(owner.pk, 1, 3, place) == [*pinned[:1], *below]
    for each in made:
        theirs = Conversation.objects.owned_by(owner).filter(pk=each.pk).first()
        assert Conversation.find_owned(owner.pk, each.pk) == theirs
        listed = mine.filter(pk=each.pk).values_list(*FIELDS).first()
        assert _with_id(find_entry(owner.pk, each.pk)) == (Entry(*listed) if listed else None)
    other.delete()


def _first(*which: Any) -> list[Entry | None]:
    return list(map(_with_id, first_entries(*which)))


def _with_id(entry: Entry | None) -> Entry | None:
    """Whose key is its id, as the ORM reads it."""
    return entry and replace(entry, key=entry.pk)


def _marked(page: Listing) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Those that are being answered, and those that wait for a yes."""
    entries = page.entries
    return {each.pk for each in entries if each.is_answering}, {each.pk for each in entries if each.is_waiting}


def test_what_is_answered_is_the_owners(owner: User) -> None:
    assert answering(owner.pk) == set()
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because.", "Why?", "Because."])
    Generation.objects.filter(message=messages[-1]).update(
        status="running", lease_until=NOW + LEASE, ends_at=None, ended_at=None
    )
    assert answering(owner.pk) == {conversation.pk}
    assert _marked(listing(owner.pk)) == ({conversation.pk}, set())
    assert [each.is_answering for each in first_entries(owner.pk, 1, 1)] == [True]
    other, _messages = stored_conversation(owner.pk, ["Why?"])
    entries = [find_entry(owner.pk, each.pk) for each in (conversation, other)]
    assert [each and each.is_answering for each in entries] == [True, False]
    assert _marked(entry(owner.pk, conversation.pk)) == ({conversation.pk}, set())
    assert _marked(entry(owner.pk, other.pk)) == (set(), set())
    assert answering(uuid.uuid4().int % 10**9) == set()


def test_what_waits_for_a_yes_is_the_owners_and_on_show(owner: User) -> None:
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because.", "Why?", "Because."])
    generation = Generation.objects.get(message=messages[-1])
    row = ToolCall.objects.create(
        message=messages[-1], generation=generation, owner=owner, name="cancel", status="waiting"
    )
    conversation.touch(messages[1])
    assert waiting(owner.pk) == set(), "another message is on show"
    conversation.touch(messages[-1])
    assert waiting(owner.pk) == {conversation.pk}
    assert _marked(listing(owner.pk)) == (set(), {conversation.pk})
    assert _marked(entry(owner.pk, conversation.pk)) == (set(), {conversation.pk})
    assert waiting(uuid.uuid4().int % 10**9) == set()
    before = listing(owner.pk).fingerprint
    ToolCall.objects.filter(pk=row.pk).update(status="running")
    assert _marked(listing(owner.pk)) == (set(), set())
    assert listing(owner.pk).fingerprint != before


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
@pytest.mark.parametrize("has_counted", [False, True])
def test_what_is_going_on_is_looked_for_among_what_is(has_counted: bool) -> None:
    """Also where the database has counted, and where no tool was ever called."""
    owner = User.objects.create(username=uuid.uuid4().hex)
    for _ in range(40):
        stored_conversation(owner.pk, ["Why?", "Because."])
    whole = f"SELECT {state_sql('sqlite')} FROM chat_conversation WHERE {FIRST}"
    with connection.cursor() as cursor:
        if has_counted:
            cursor.execute("ANALYZE")
        plans = []
        for statement in (answering_sql("sqlite"), waiting_sql("sqlite"), whole):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", [1] * statement.count("%s"))
            plans.append([step for *_, step in cursor.fetchall()])
    for index, found in (("generation_running", (0, 2)), ("tool_call_waiting", (1, 2))):
        assert all(any(f"INDEX {index} (owner_id" in step for step in plans[number]) for number in found)
    scanned = {step.partition("SCAN ")[2] for steps in plans for step in steps if step.startswith("SCAN ")}
    assert scanned <= {"pinned", "others"}, "which are as many as a page shows"


def test_messages_of_a_page_are_those_of_the_whole_branch(owner: User) -> None:
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because " * 200, "And?", "So."])
    Feedback.objects.create(message=messages[1], value="up", comment="Good")
    file = Attachment.objects.create(owner=owner, conversation=conversation, kind="text", name="a.txt", size=1)
    MessageAttachment.objects.create(message=messages[2], attachment=file, number=0)
    MessagePart.objects.create(message=messages[3], number=1, kind="reasoning", text="Hm.")
    Generation.objects.bulk_create(
        Generation(message=messages[3], owner=owner, number=number, **ENDED)
        for number in range(1, MOST_GENERATIONS + 5)
    )
    path = conversation.path(messages[-1].pk)
    whole, found = conversation.branch(messages[-1].pk), conversation.load(path, MOST, spots(path))
    assert list(found) == whole == messages
    assert conversation.sizes(path) == [len("".join(part.text for part in each.parts.all())) for each in whole]
    for one, other in zip(found, whole, strict=True):
        assert one.text == other.text[:MOST]
        assert one.is_cut == (len(other.text) > MOST)
        assert one.reasoning == other.reasoning
        assert getattr(one, "feedback", None) == getattr(other, "feedback", None)
        assert one.attachments == other.attachments
        assert one.generation == other.generation
        assert [each.message for each in one.generations.all()] == [one] * len(one.generations.all())
    assert len(found[3].generations.all()) == MOST_GENERATIONS
    assert list(conversation.load([], MOST)) == []


def test_first_texts_and_rows_are_those_of_the_beginnings(owner: User) -> None:
    _conversation, messages = stored_conversation(owner.pk, ["Why?", "Because " * 200, "And?", "So."])
    for number, kind in enumerate(("reasoning", "text", "text"), start=1):
        MessagePart.objects.create(message=messages[1], number=number, kind=kind, text=f"{number}" * 300)
    ids = [message.pk for message in messages]
    for most in (0, 3, 1_599, 1_600, 1_900, 2_500):
        rows = MessagePart.beginnings(most).filter(message__in=ids)
        texts = [(row.message_id, row.beginning) for row in rows.filter(kind="text")]
        assert MessagePart.first_texts(ids, most) == texts
        found = MessagePart.first_rows(ids, most)
        read = [(pk, row.number, row.kind, row.beginning) for pk in sorted(found) for row in found[pk]]
        assert read == [(row.message_id, row.number, row.kind, row.beginning) for row in rows]


def test_texts_are_read_from_where_they_are_asked_for(owner: User) -> None:
    conversation, messages = stored_conversation(owner.pk, ["A", "B", "C", "D"])
    found = conversation.load(conversation.path(messages[-1].pk), MOST)
    assert found[2].text == "C"
    assert ["parts" in each._prefetched_objects_cache for each in found] == [False, False, True, True]
    assert [each.text for each in found] == ["A", "B", "C", "D"]


def test_a_version_is_another_one_when_anything_has_changed(owner: User) -> None:
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because."])

    def version() -> tuple[Hashable, Hashable, Hashable]:
        path = conversation.path(messages[1].pk)
        found = PageMessages(path, MOST, spots(path))
        question, answer = found
        return question.version, answer.version, found.version

    before = version()
    assert version() == before
    changes: list[Callable[[], object]] = [
        lambda: Feedback.objects.create(message=messages[1], value="up"),
        lambda: Feedback.objects.filter(message=messages[1]).update(comment="Good"),
        lambda: Generation.objects.filter(message=messages[1]).update(status="stopped"),
        lambda: Generation.objects.create(message=messages[1], owner=owner, number=1, **ENDED),
        lambda: MessagePart.objects.filter(message=messages[1]).update(text="Because!!"),
        lambda: Message.objects.create(conversation=conversation, parent=messages[0], role="assistant", number=9),
    ]
    for change in changes:
        change()
        question, answer, page = version()
        assert question == before[0]
        assert answer != before[1]
        assert page != before[2]
        before = question, answer, page
    file = Attachment.objects.create(owner=owner, conversation=conversation, kind="text", name="a.txt", size=1)
    MessageAttachment.objects.create(message=messages[0], attachment=file, number=0)
    with_file = version()
    assert with_file[2] != before[2]
    Attachment.objects.filter(pk=file.pk).update(name="b.txt")
    assert version()[2] != with_file[2]


def test_no_message_is_made_of_its_row_before_somebody_looks_at_it(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because.", "And?", "So."])
    made: list[Message] = []

    def make(*row: Any) -> tuple[Message, Feedback | None, Any]:
        made.append(made_with(*row)[0])
        return made_with(*row)

    monkeypatch.setattr(page_messages, "made_with", make)
    path = conversation.path(messages[-1].pk)
    found = PageMessages(path, MOST, spots(path))
    assert len(found) == len(messages)
    assert not found.is_running
    assert found.version == PageMessages(path, MOST, spots(path)).version
    last, written = found.last, messages[-1].generations.get()
    assert last
    assert last.generation
    assert (last.pk, last.generation.pk) == (messages[-1].pk, written.pk)
    for name in ("is_running", "provider", "model", "model_title"):
        assert getattr(last.generation, name) == getattr(written, name)
    assert PageMessages(path[:1], MOST).last == (path[0], None)
    assert PageMessages().last is None
    assert made == []
    assert found[-1].place
    assert found[-1] is found[3]
    assert made == [messages[-1]]
    running: dict[str, Any] = {"status": "running", "lease_until": NOW + LEASE, "ends_at": None, "ended_at": None}
    Generation.objects.filter(message=messages[1]).update(**running)
    assert PageMessages(path, MOST, spots(path)).is_running


def test_a_version_of_an_entry_is_another_one_when_anything_has_changed_that_shows(owner: User) -> None:
    stored_conversation(owner.pk, ["Why?", "Because."])
    (found,), (again,) = (first_entries(owner.pk, 1, 1) for _ in range(2))
    assert found.version == again.version
    other: dict[str, Any] = {"key": uuid.uuid4(), "title": "Zebra", "due_at": NOW}
    other |= dict.fromkeys(("is_pinned", "is_answering", "is_waiting", "is_current", "is_renamed"), True)
    versions = {replace(found, **{name: value}).version for name, value in other.items()}
    assert len(versions - {found.version}) == len(other)
    hidden = {field.name for field in fields(Entry)} - set(other)
    assert hidden == {"_activity", "_updated_at"}, "which a template cannot show"
    assert replace(found, _activity=99, _updated_at=NOW).version == found.version
