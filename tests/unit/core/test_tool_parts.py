"""What the parts of a reply say of tools."""

import time

import pytest

from chat.core import prompt
from chat.core.context_window import CUT, with_room_for_results
from chat.core.prompt import UNFINISHED, turn
from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.core.tokens import tokens_of
from chat.core.tool_parts import (
    CALL,
    DECISION,
    NO,
    RESULT,
    SOURCE,
    YES,
    Call,
    Decision,
    Outcome,
    Result,
    Source,
    ToolPart,
    pending,
    read,
    rounds,
    sources,
    unfinished,
    written,
)

FIND = Call("1", "find_orders", "Find orders", {"customer": "Ada"})
CANCEL = Call("2", "cancel_order", "Cancel order", {"number": 7}, changes=True, asks=True)
FOUND = Result("1", Outcome.DONE, "[7]", 0.25)
CANCELLED = Result("2", Outcome.DONE, "true", 0.5)
ONE_OF_EACH: list[ToolPart] = [
    FIND,
    CANCEL,
    Decision(("2",), NO, "not that one"),
    FOUND,
    Source(1, "An order", "/o/7"),
]


def parts(*said: ToolPart | str) -> list[Part]:
    return [Part(TEXT, each) if isinstance(each, str) else written(each) for each in said]


@pytest.mark.parametrize("part", ONE_OF_EACH, ids=lambda part: type(part).__name__)
def test_what_is_written_is_read(part: ToolPart) -> None:
    assert read(written(part)) == part


@pytest.mark.parametrize(
    "part",
    [
        Part(TEXT, "{}"),
        Part(CALL, "no JSON"),
        Part(CALL, "[]"),
        Part(CALL, '{"id": "1"}'),
        Part(CALL, '{"id": 1, "name": "a", "title": "a", "arguments": {}}'),
        Part(CALL, '{"id": "1", "name": "a", "title": "a", "arguments": {}, "asks": "no"}'),
        Part(CALL, "[" * 100_000),
        Part(RESULT, '{"id": "1", "status": "splendid", "content": ""}'),
        Part(RESULT, '{"id": "1", "status": "done", "content": "", "seconds": true}'),
        Part(DECISION, '{"calls": ["1"], "answer": "perhaps"}'),
        Part(DECISION, '{"calls": [1], "answer": "yes"}'),
        Part(SOURCE, '{"number": "1", "title": ""}'),
    ],
    ids=lambda part: part.text[:60],
)
def test_what_is_forged_says_nothing(part: Part) -> None:
    assert read(part) is None
    assert rounds([part])[0] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 400])
def test_a_number_without_end_says_nothing(number: str) -> None:
    assert read(Part(RESULT, f'{{"id": "1", "status": "done", "content": "", "seconds": {number}}}')) is None


def test_members_that_a_later_version_adds_are_ignored() -> None:
    assert read(Part(RESULT, '{"id":"1","status":"done","content":"","colour":"red"}')) == Result(
        "1", Outcome.DONE, ""
    )


def test_what_no_database_stores_is_not_written() -> None:
    part = written(Call("1", "a", "a", {"x": "\0 and \ud800"}))
    part.text.encode()
    assert "\0" not in part.text


def test_calls_side_by_side_are_a_round() -> None:
    said = parts("Let me look. ", FIND, CANCEL, FOUND, "And now ", Call("3", "a", "a", {}), "done")
    found, text = rounds(said)
    assert [[call.id for call in each.calls] for each in found] == [["1", "2"], ["3"]]
    assert [each.text for each in found] == ["Let me look. ", "And now "]
    assert text == "done"


def test_many_calls_at_once_cost_no_more_each() -> None:
    """A file may have forged hundreds of thousands."""

    def cost(count: int) -> float:
        made = parts(*(Call(f"{number}", "a", "a", {}, asks=number % 2 == 0) for number in range(count)))
        began = time.process_time()
        assert len(pending(made)) == len(unfinished(made)) == count // 2
        return time.process_time() - began

    assert cost(12_000) < 9 * cost(3_000)


def test_a_call_after_a_result_begins_a_round() -> None:
    found, _text = rounds(parts(FIND, FOUND, Call("3", "a", "a", {})))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("said", "waiting", "open_"),
    [
        ([FIND], [], ["1"]),
        ([FIND, FOUND], [], []),
        ([FIND, CANCEL], ["2"], ["1"]),
        ([FIND, CANCEL, FOUND], ["2"], []),
        ([FIND, CANCEL, FOUND, Decision(("2",), YES)], [], ["2"]),
        ([FIND, CANCEL, FOUND, Decision(("2",), YES), CANCELLED], [], []),
        ([Decision(("2",), YES), CANCEL], ["2"], []),
        ([FOUND, FIND], [], ["1"]),
        ([CANCEL, Decision(("1",), YES)], ["2"], []),
    ],
)
def test_what_waits_follows_from_the_reply(said: list[ToolPart], waiting: list[str], open_: list[str]) -> None:
    assert [call.id for call in pending(parts(*said))] == waiting
    assert [call.id for call in unfinished(parts(*said))] == open_


def test_the_first_decision_and_the_first_result_hold() -> None:
    said = parts(CANCEL, Decision(("2",), NO), Decision(("2",), YES), CANCELLED, Result("2", Outcome.FAILED, "late"))
    (found,), _text = rounds(said)
    assert found.decisions["2"].answer == NO
    assert found.results["2"] == CANCELLED


def test_sources_stand_in_order() -> None:
    said = [Source(1, "one", "/1"), Source(2, "two", object="order 2")]
    assert list(sources(parts("a", *said))) == said


def test_what_tools_divide_are_paragraphs() -> None:
    reply = Reply(
        [*parts("Let me look.", FIND, FOUND), Part(REASONING, "so"), Part(TEXT, "There"), Part(TEXT, " it is.")]
    )
    assert reply.text == "Let me look.\n\nThere it is."
    assert Reply(parts(FIND, FOUND, "There.")).text == "There."


def test_a_model_is_told_its_calls_and_their_results() -> None:
    asked, said = turn("user", parts("Cancel it")), turn("assistant", parts("I look.", FIND, CANCEL, FOUND, "Done."))
    assert prompt.build([asked, said, turn("user", parts("Thanks"))], calls=True) == [
        {"role": "user", "content": "Cancel it"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {
                    "id": "c00000000",
                    "type": "function",
                    "function": {"name": "find_orders", "arguments": '{"customer":"Ada"}'},
                },
                {
                    "id": "c00000001",
                    "type": "function",
                    "function": {"name": "cancel_order", "arguments": '{"number":7}'},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "c00000000", "content": "[7]"},
        {"role": "tool", "tool_call_id": "c00000001", "content": UNFINISHED},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "Thanks"},
    ]


def test_a_model_without_tools_is_told_them_in_words() -> None:
    said = turn("assistant", parts("I look.", FIND, FOUND, "Done."))
    told = prompt.build([said, turn("user", parts("Thanks"))])
    assert told[0]["content"] == 'I look.\n\n[find_orders {"customer":"Ada"}: [7]]\n\nDone.'


def test_an_answer_that_ends_in_results_goes_on_by_itself() -> None:
    assert prompt.build([turn("assistant", parts(FIND, FOUND))], calls=True)[-1]["role"] == "tool"
    assert prompt.build([turn("assistant", parts(FIND, FOUND, "Do"))], calls=True)[-1]["content"] == prompt.CONTINUE


def test_the_oldest_results_are_cut_first() -> None:
    call = [Call(str(number), "a", "a", {}) for number in range(3)]
    said = [each for number in range(3) for each in (call[number], Result(str(number), Outcome.DONE, "x" * 3000))]
    turns = [turn("user", parts("go")), turn("assistant", parts(*said))]
    _asked, fitted = with_room_for_results(turns, 1700)
    contents = [each.results[str(number)].content for number, each in enumerate(fitted.rounds)]
    assert contents[2] == "x" * 3000
    assert contents[1].endswith(CUT)
    assert 0 < len(contents[1]) < 3000
    assert contents[0] == CUT
    assert sum(each.tokens for each in [turns[0], fitted]) <= 1700 + tokens_of(CUT)
    assert with_room_for_results(turns, 100_000) == turns
    assert with_room_for_results(turns, 0) == turns
