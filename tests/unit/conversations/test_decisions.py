"""What waits for a yes is decided whole, once, and by nobody but its owner."""

import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from chat.conversations import messages
from chat.conversations.turns import Accepted, Answered, Continuation, Question
from chat.core.endings import Status
from chat.core.reply import TEXT, Mark, Part, Reply
from chat.core.rights import ALL
from chat.core.tool_parts import (
    DECISION,
    NO,
    YES,
    Call,
    Decision,
    Outcome,
    Result,
    pending,
    read,
    unfinished,
    written,
)
from chat.errors import BadInput, ChatError, Conflict, NotFound, Unavailable
from chat.models import Conversation, Generation, Message, MessagePart, ToolCall
from chat.models.tool_call import RUNNING, WAITING
from chat.providers.registry import registry

pytestmark = pytest.mark.django_db

MODEL = registry().default_of(ALL).key
FIND, CANCEL, PAY = (str(uuid.uuid5(uuid.NAMESPACE_OID, name)) for name in ("find", "cancel", "pay"))
CALLS = [
    Call(FIND, "find_orders", "Find orders", {}),
    Call(CANCEL, "cancel_order", "Cancel order", {"number": 7}, changes=True, asks=True),
    Call(PAY, "pay", "Pay", {"sum": 3}, changes=True, asks=True),
]
WAIT = [Part(TEXT, "I look."), *map(written, CALLS), written(Result(FIND, Outcome.DONE, "[7]"))]


@pytest.fixture
def owner() -> User:
    return User.objects.create(username=f"owner-{uuid.uuid4()}")


def answered(owner: User, parts: list[Part], status: Status = Status.WAITING) -> Message:
    """An answer of theirs with these parts, whose calls were recorded here."""
    conversation = Conversation.objects.create(owner=owner)
    asked = Message.objects.create(conversation=conversation, role="user", number=1)
    MessagePart.store([(asked.pk, [(0, Part(TEXT, "Cancel it"))])])
    message = Message.objects.create(conversation=conversation, role="assistant", number=2, parent=asked)
    reply = Reply(parts)
    MessagePart.store([(message.pk, reply.rows_since(Mark())[0])])
    ended = {"ends_at": reply.position, "ended_at": timezone.now(), "status": status}
    run = Generation.objects.create(message=message, owner=owner, model=MODEL, **ended)
    for call in pending(parts):
        ToolCall.objects.create(
            pk=call.id, message=message, generation=run, owner=owner, name=call.name, changes=True, status=WAITING
        )
    return message


def go_on(owner: User, message: Message, *answers: Answered, pk: uuid.UUID | None = None) -> Accepted:
    wish = Continuation(pk or uuid.uuid4(), MODEL, decisions=answers)
    return messages.continue_(owner.pk, message.pk, wish, lambda: True)


def stored(message: Message) -> list[Part]:
    return Message.objects.get(pk=message.pk).reply.parts()


def test_a_decision_is_a_part_of_the_reply_and_begins_a_generation(owner: User) -> None:
    message = answered(owner, WAIT)
    before = message.reply.position
    accepted = go_on(owner, message, Answered(CANCEL, YES), Answered(PAY, NO, "too much"))
    decisions = [read(part) for part in stored(message) if part.kind == DECISION]
    assert decisions == [Decision((CANCEL,), YES), Decision((PAY,), NO, "too much")]
    assert accepted.decided == {CANCEL}
    assert accepted.generation.begins_at == before
    assert accepted.written
    assert accepted.written.reply.parts() == stored(message)
    assert accepted.written.mark == Message.objects.get(pk=message.pk).mark
    assert accepted.written.reply.position == before + 2
    rows = {str(row.pk): (row.status, row.answer) for row in ToolCall.objects.filter(message=message)}
    assert rows == {CANCEL: (RUNNING, YES), PAY: (Outcome.DECLINED, NO)}
    assert all(row.decided_at for row in ToolCall.objects.filter(message=message))


def test_what_is_decided_alike_is_one_decision(owner: User) -> None:
    message = answered(owner, WAIT)
    go_on(owner, message, Answered(CANCEL, YES), Answered(PAY, YES, "whatever"))
    assert read(stored(message)[-1]) == Decision((CANCEL, PAY), YES)
    assert [call.id for call in unfinished(stored(message))] == [CANCEL, PAY]


def test_the_same_request_again_is_the_same_continuation(owner: User) -> None:
    message, pk = answered(owner, WAIT), uuid.uuid4()
    both = Answered(CANCEL, YES), Answered(PAY, YES)
    first = go_on(owner, message, *both, pk=pk)
    again = go_on(owner, message, *both, pk=pk)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.generation == again.generation
    assert again.decided == frozenset()
    assert sum(part.kind == DECISION for part in stored(message)) == 1


@pytest.mark.parametrize(
    "answers",
    [
        [Answered(CANCEL, YES)],
        [Answered(CANCEL, YES), Answered(PAY, YES), Answered(FIND, YES)],
        [Answered(CANCEL, YES), Answered(PAY, YES), Answered(PAY, NO)],
        [Answered(CANCEL, YES), Answered("no call", YES)],
        [Answered(CANCEL, YES), Answered(PAY, YES), Answered(str(uuid.uuid4()), YES)],
    ],
    ids=["one left out", "one that asks nothing", "one twice", "an unknown one", "one too many"],
)
def test_a_decision_on_other_calls_stores_nothing(owner: User, answers: list[Answered]) -> None:
    message = answered(owner, WAIT)
    refuses(BadInput, "bad_input", lambda: go_on(owner, message, *answers))
    assert stored(message) == message.reply.parts()
    assert message.generations.count() == 1
    assert set(ToolCall.objects.filter(message=message).values_list("status", flat=True)) == {WAITING}


def test_what_was_decided_waits_no_longer(owner: User) -> None:
    message = answered(owner, WAIT)
    both = Answered(CANCEL, NO), Answered(PAY, NO)
    first = go_on(owner, message, *both)
    refuses(Conflict, "conflict", lambda: go_on(owner, message, *both))  # it is being written
    Generation.objects.filter(pk=first.generation.pk).update(
        status=Status.STOPPED, ends_at=first.generation.begins_at + 1, ended_at=timezone.now(), lease_until=None
    )
    refuses(BadInput, "bad_input", lambda: go_on(owner, message, *both))


def test_what_a_full_process_refuses_is_not_decided(owner: User) -> None:
    message = answered(owner, WAIT)
    wish = Continuation(uuid.uuid4(), MODEL, decisions=(Answered(CANCEL, YES), Answered(PAY, YES)))
    refuses(Unavailable, "unavailable", lambda: messages.continue_(owner.pk, message.pk, wish, lambda: False))
    assert len(pending(stored(message))) == 2


def test_nobody_else_decides(owner: User) -> None:
    message, other = answered(owner, WAIT), User.objects.create(username=f"other-{uuid.uuid4()}")
    both = Answered(CANCEL, YES), Answered(PAY, YES)
    refuses(NotFound, "not_found", lambda: go_on(other, message, *both))
    assert len(pending(stored(message))) == 2


def test_what_was_not_recorded_here_never_runs(owner: User) -> None:
    message = answered(owner, WAIT)
    ToolCall.objects.filter(message=message).delete()
    refuses(Conflict, "conflict", lambda: go_on(owner, message, Answered(CANCEL, YES), Answered(PAY, NO)))
    assert len(pending(stored(message))) == 2
    assert go_on(owner, message, Answered(CANCEL, NO), Answered(PAY, NO)).is_new


@pytest.mark.parametrize("status", [Status.WAITING, Status.INTERRUPTED, Status.STOPPED])
def test_what_waits_is_not_continued_without_a_decision(owner: User, status: Status) -> None:
    message = answered(owner, WAIT, status)
    error = refuses(Conflict, "waiting", lambda: go_on(owner, message))
    assert "Cancel order, Pay" in error.message


def test_a_question_below_what_waits_is_refused_in_words(owner: User) -> None:
    message = answered(owner, WAIT)
    question = Question(uuid.uuid4(), "And?", message.pk, MODEL, leaf=message.pk)
    ask = partial(messages.ask, owner.pk, message.conversation_id, question, lambda: True)
    error = refuses(Conflict, "waiting", ask)
    assert "Cancel order, Pay" in error.message
    assert not Message.objects.filter(pk=question.id).exists()


def test_a_question_below_what_was_decided_is_asked(owner: User) -> None:
    message = answered(owner, [*WAIT, written(Decision((CANCEL, PAY), NO))], Status.STOPPED)
    question = Question(uuid.uuid4(), "And?", message.pk, MODEL, leaf=message.pk)
    assert messages.ask(owner.pk, message.conversation_id, question, lambda: True).is_new


def test_an_answer_that_ended_before_a_result_can_be_continued_without_a_word(owner: User) -> None:
    message = answered(owner, [written(CALLS[0])], Status.INTERRUPTED)
    accepted = go_on(owner, message)
    assert accepted.is_new
    assert accepted.decided == frozenset()


def refuses(kind: type[ChatError], code: str, work: Callable[[], object]) -> ChatError:
    with pytest.raises(kind) as refused:
        work()
    assert refused.value.code == code
    return refused.value
