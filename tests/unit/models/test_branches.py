"""What the database finds of a branch by itself is what the whole tree says; and what lies beside it costs nothing."""

import random
import uuid
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from chat.conversations import messages
from chat.conversations.turns import Question, Regeneration
from chat.core.context_window import left_out
from chat.core.prompt import Turn
from chat.core.tree import Place
from chat.models import Conversation, Message, MessagePart
from chat.models.branches import END, end, leaf_below, path, spots
from tests.support.conversations import stored_conversation


def grown(owner: User, number: int, seed: int = 1) -> Conversation:
    """A tree of so many messages with several roots, long branches and many siblings."""
    chance = random.Random(seed)
    conversation = Conversation.objects.create(owner=owner)
    made: list[Message] = []
    for index in range(number):
        parent = (
            None if chance.random() < 0.1 or not made else chance.choice([made[-1], made[-1], chance.choice(made)])
        )
        role = "assistant" if parent and parent.role == "user" else "user"
        made.append(Message(conversation=conversation, parent=parent, role=role, number=index + 1))
    Message.objects.bulk_create(made)
    MessagePart.objects.bulk_create(
        MessagePart(message=message, number=number, kind=kind, text=f"{message.number} " * chance.randint(0, 3))
        for message in made
        for number, kind in enumerate(("reasoning", "text", "text"))
    )
    return conversation


def test_paths_and_leaves_are_those_of_the_tree(owner: User) -> None:
    conversation, other = grown(owner, 60), grown(owner, 3)
    tree = conversation.tree()
    ids = list(conversation.messages.values_list("pk", flat=True))
    assert [path(conversation.pk, pk) for pk in ids] == [tree.path(pk) for pk in ids]
    assert [leaf_below(pk) for pk in ids] == [tree.leaf_below(pk) for pk in ids]
    assert [path(other.pk, pk) for pk in (ids[0], uuid.uuid4(), None)] == [[], [], []]


def test_spots_are_those_of_the_tree(owner: User) -> None:
    conversation = grown(owner, 60)
    grown(owner, 5)
    tree = conversation.tree()
    for leaf in conversation.messages.values_list("pk", flat=True):
        path = tree.path(leaf)
        for part in (path, path[:1], path[2:5]):
            found = spots(part)
            assert list(found) == [] if not part else set(found) == set(part)
            assert [found[pk].size for pk in part] == conversation.sizes(part)
            for pk in part:
                alike = [None, *tree.siblings(pk), None]
                at = alike.index(pk)
                place = Place(at, len(alike) - 2, alike[at - 1], alike[at + 1], tree.siblings(pk)[-1])
                assert (found[pk].place, found[pk].is_leaf) == (place, not tree.children(pk))
        whole, by_path = end(conversation.pk, leaf, 60)
        assert whole == path
        assert dict(by_path) == dict(spots(path))
        assert [by_path.size(pk) for pk in path] == conversation.sizes(path)
        assert end(conversation.pk, leaf, 2)[0] == path[-2:]
    nothing, nowhere = end(conversation.pk, None, 60)
    assert (nothing, len(nowhere)) == ([], 0)


def test_another_alternative_makes_another_row(owner: User) -> None:
    conversation, messages = stored_conversation(owner.pk, ["Why?", "Because."])

    def rows() -> list[Hashable]:
        path, found = end(conversation.pk, messages[-1].pk, 60)
        return [found.row(pk) for pk in path]

    before = rows()
    assert rows() == before
    Message.objects.create(conversation=conversation, parent=messages[0], role="assistant", number=9)
    question, answer = rows()
    assert question == before[0]
    assert answer != before[1]
    Message.objects.create(conversation=conversation, role="user", number=10)
    assert rows()[0] != question


def test_the_end_of_a_path_alone_may_be_asked_for(owner: User) -> None:
    conversation, said = stored_conversation(owner.pk, ["A text"] * 6)
    assert path(conversation.pk, said[-1].pk, 4) == [message.pk for message in said[2:]]
    assert path(conversation.pk, said[-1].pk, 60) == [message.pk for message in said]


def test_turns_have_the_texts_of_the_path(owner: User) -> None:
    conversation = grown(owner, 40)
    for message in conversation.messages.all():
        turns, unread = conversation.turns(message.pk)
        branch = conversation.branch(message.pk)
        assert ([(turn.role, turn.text) for turn in turns], unread) == ([(one.role, one.text) for one in branch], 0)


def test_what_is_not_read_is_what_no_prompt_has_room_for(owner: User) -> None:
    conversation = grown(owner, 80)
    leaf = max((conversation.tree().path(pk) for pk in conversation.tree()._parents), key=len)[-1]
    whole, _ = conversation.turns(leaf)
    asked = Turn("user", "And?")
    for tokens in range(1, 80, 3):
        turns, unread = conversation.turns(leaf, tokens * 3)
        assert turns == whole[unread:]
        out = left_out([*turns, asked], tokens, is_end=unread > 0)
        assert unread + out == left_out([*whole, asked], tokens)
    assert conversation.turns(leaf, 0)[1] > 0


def test_the_last_question_is_read_however_long_it_is(db: None, settings: Any) -> None:
    settings.CHAT_CONTEXT_TOKENS = 5
    owner = User.objects.create(username="owner")
    _, said = stored_conversation(owner.pk, ["First", "So", "x" * 1000, "So"])
    accepted = messages.regenerate(owner.pk, said[3].pk, Regeneration(uuid.uuid4(), "m"), lambda: True)
    assert ([turn.text for turn in accepted.turns], accepted.generation.left_out) == (["x" * 1000], 2)


# What it costs


def steps_of(work: Callable[[], object]) -> int:
    """How many thousands of steps SQLite's machine takes for it."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    connection.ensure_connection()
    connection.connection.set_progress_handler(step, 100)
    try:
        work()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return count


def with_many_beside(owner: User, number: int) -> tuple[Conversation, list[Message]]:
    conversation, said = stored_conversation(owner.pk, ["A text"] * 10)
    parents = [said[index].pk for index in (1, 3, 8)]
    beside = [
        Message(conversation=conversation, parent_id=parents[index % 3], role=said[8].role, number=100 + index)
        for index in range(number)
    ]
    Message.objects.bulk_create(beside)
    MessagePart.objects.bulk_create(MessagePart(message=message, number=0, text="Beside") for message in beside)
    return conversation, said


ACTS: dict[str, Callable[[User, Conversation, list[Message]], object]] = {
    "a question": lambda owner, conversation, said: messages.ask(
        owner.pk,
        conversation.pk,
        Question(uuid.uuid4(), "And?", said[-1].pk, "m", leaf=said[-1].pk),
        lambda: True,
    ),
    "another answer": lambda owner, _, said: messages.regenerate(
        owner.pk, said[-1].pk, Regeneration(uuid.uuid4(), "m"), lambda: True
    ),
    "a branch chosen": lambda owner, _, said: messages.select(owner.pk, said[-1].pk),
}


@pytest.mark.django_db
@pytest.mark.parametrize("act", ACTS)
def test_what_is_not_on_the_branch_costs_nothing(act: str) -> None:
    owner = User.objects.create(username="owner")
    few, many = (with_many_beside(owner, number) for number in (3, 1500))
    costs = [steps_of(lambda place=place: ACTS[act](owner, *place)) for place in (few, many)]
    assert costs[1] < 2 * costs[0] + 20, costs


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
def test_those_that_answer_nothing_are_not_looked_for_in_all_conversations() -> None:
    """Also where the database has counted: it takes them for as few as answer the same."""
    owner = User.objects.create(username="owner")
    for _ in range(10):
        stored_conversation(owner.pk, ["A text"] * 10)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(f"EXPLAIN QUERY PLAN {END}", ["", "", 1, "", ""])
        plans = [step for *_, step in cursor.fetchall() if step.startswith("SEARCH r ")]
    assert len(plans) == 2
    assert all("(conversation_id=?)" in plan for plan in plans), plans
