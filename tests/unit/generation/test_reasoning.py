"""How long a model reasoned, and how that is said."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from chat.conversations import messages
from chat.conversations.turns import Continuation, Question
from chat.core.endings import Status
from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.generation.finishing import finish, interrupt
from chat.generation.stopwatch import Stopwatch
from chat.models import Generation, Message
from chat.templatetags.chat import reasoning_title

NOW = datetime(2026, 3, 5, tzinfo=UTC)


class TestStopwatch:
    def test_adds_up_what_lies_between_start_and_stop(self) -> None:
        times = iter([10.0, 12.0, 20.0, 20.5])
        stopwatch = Stopwatch(lambda: next(times))
        assert stopwatch.seconds == 0
        for _ in range(2):
            stopwatch.start()
            stopwatch.start()
            stopwatch.stop()
            stopwatch.stop()
        assert stopwatch.seconds == 2.5

    def test_tells_the_time_while_it_runs(self) -> None:
        times = iter([10.0, 13.0])
        stopwatch = Stopwatch(lambda: next(times))
        stopwatch.start()
        assert stopwatch.seconds == 3.0


@pytest.fixture
def generation(db: None) -> Generation:
    owner = User.objects.create(username="thinker")
    return messages.ask(owner.pk, uuid.uuid4(), Question(uuid.uuid4(), "Why?", None, "m"), lambda: True).generation


def title(generation: Generation) -> str:
    return reasoning_title(Message.objects.get(pk=generation.message_id))


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "Thought for less than a second"),
        (999, "Thought for less than a second"),
        (1000, "Thought for 1 s"),
        (12_499, "Thought for 12 s"),
        (12_500, "Thought for 13 s"),
        (59_499, "Thought for 59 s"),
        (59_500, "Thought for 1 min 0 s"),
        (125_000, "Thought for 2 min 5 s"),
        (None, "Reasoning"),
    ],
)
def test_title_says_how_long_it_took(generation: Generation, milliseconds: int | None, said: str) -> None:
    finish(generation, Status.COMPLETE, Reply([Part(REASONING, "Hm"), Part(TEXT, "So")]), reasoning_ms=milliseconds)
    assert title(generation) == said


def test_title_of_what_is_being_written(generation: Generation) -> None:
    generation.message.parts.create(number=0, kind=REASONING, text="Hm")
    assert title(generation) == "Thinking…"
    generation.message.parts.create(number=1, kind=TEXT, text="So")
    assert title(generation) == "Reasoning"


def test_title_of_a_message_that_is_not_there() -> None:
    assert reasoning_title(None) == "Reasoning"


@pytest.mark.parametrize(("second", "total"), [(500, 2500), (None, None)])
def test_a_message_takes_as_long_as_all_of_its_generations(
    generation: Generation, second: int | None, total: int | None
) -> None:
    reply = Reply([Part(REASONING, "Hm"), Part(TEXT, "So")])
    finish(generation, Status.STOPPED, reply, reasoning_ms=2000)
    wish = Continuation(uuid.uuid4(), "m")
    more = messages.continue_(generation.owner_id, generation.message_id, wish, lambda: True).generation
    message = Message.objects.get(pk=generation.message_id)
    assert message.reasoning_ms == 2000
    finish(more, Status.COMPLETE, reply, reasoning_ms=second)
    message = Message.objects.get(pk=generation.message_id)
    assert message.reasoning_ms == total


def test_who_was_interrupted_cannot_tell(generation: Generation) -> None:
    generation.message.parts.create(number=0, kind=REASONING, text="Hm")
    assert interrupt([generation.pk]) == 1
    assert title(generation) == "Reasoning"
