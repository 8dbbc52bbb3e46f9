"""What a message shows of the tools that its model called: rows in their order, as text; what waits, as a form."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils import translation

from chat.core.endings import Status
from chat.core.json_text import cut, indented
from chat.core.reply import REASONING, TEXT, Part
from chat.core.tool_parts import NO, YES, Call, Decision, Outcome, Result, Source, ToolPart
from chat.models import Conversation, Generation, Message
from chat.models.branches import spots
from chat.templatetags.tool_rows import safe_address, took, whereabouts
from tests.support.conversations import stored_conversation, written_with_tools

FIND = Call("a", "find_orders", "Find orders", {"customer": "Meier", "open_only": True})
CANCEL = Call("b", "cancel_order", "Cancel an order", {"number": 17}, changes=True, asks=True)
SEND = Call("c", "search_web", "Search the web", {"query": "Meier"}, outside=True, asks=True)


def say(text: str) -> Part:
    return Part(TEXT, text)


@pytest.fixture
def answer(db: None) -> Message:
    _, messages = stored_conversation(User.objects.create(username="ann").pk, ["Why?", "Because."])
    return messages[-1]


def shown(message: Message, *parts: Part | ToolPart, status: Status = Status.COMPLETE, most: int | None = None) -> str:
    """The message's HTML, without blank space between its lines."""
    written_with_tools(message, parts, status)
    conversation = Conversation.objects.get(pk=message.conversation_id)
    (loaded,) = conversation.load([message.pk], most, spots([message.pk]))
    context: dict[str, Any] = {"message": loaded, "role": loaded.role, "generation": loaded.generation}
    html = render_to_string("chat/message/_message.html", context | {"conversation": conversation})
    return re.sub(r"\n\s*", "\n", html)


def states(html: str) -> list[tuple[str, str]]:
    return re.findall(r'data-call="(\w)"[^>]* data-state="(\w+)"', html)


def test_text_and_rounds_stand_in_their_order(answer: Message) -> None:
    html = shown(
        answer, say("Let me see."), FIND, Result("a", Outcome.DONE, "[]", 0.25), say("None."), Part(REASONING, "Hm"),
        Call("d", "now", "Look at the clock", {}), Result("d", Outcome.FAILED, "No clock."), say("So."),
    )  # fmt: skip
    order = ["Let me see.", "Find orders", "None.", "Look at the clock", "So."]
    assert sorted(order, key=html.index) == order
    assert states(html) == [("a", "done"), ("d", "failed")]
    assert html.count('class="message__body"') == 3
    assert '<span class="call__state">0.3 s</span>' in html
    assert '<span class="call__state">failed</span>' in html
    assert "<form" not in html


def test_what_was_called_at_once_folds_together(answer: Message) -> None:
    several = [Call(pk, "find", f"Find {pk}", {}) for pk in "abc"]
    html = shown(answer, *several, *[Result(pk, Outcome.DONE, "1", 1) for pk in "ab"], Result("c", Outcome.FAILED, ""))
    assert html.count('class="message__round round"') == 1
    assert '<span class="call__title" dir="auto">Find a, Find b, Find c</span>' in html
    assert "2 of 3 done" in html
    assert '<details class="round__fold">' in html
    assert 'class="message__body"' not in html, "It has said nothing"
    assert '<details class="round__fold" open>' in shown(answer, FIND, Result("a", Outcome.DONE, "1", 1))


@pytest.mark.parametrize(
    ("status", "parts", "expected"),
    [
        (Status.RUNNING, [FIND], "running"),
        (Status.INTERRUPTED, [FIND], "unfinished"),
        (Status.WAITING, [CANCEL], "waiting"),
        (Status.RUNNING, [CANCEL], "waiting"),
        (Status.RUNNING, [CANCEL, Decision(("b",), YES)], "running"),
        (Status.INTERRUPTED, [CANCEL, Decision(("b",), YES)], "unfinished"),
        (Status.COMPLETE, [CANCEL, Decision(("b",), NO), Result("b", Outcome.DECLINED, "")], "declined"),
        (Status.COMPLETE, [CANCEL, Decision(("b",), YES), Result("b", Outcome.UNKNOWN, "")], "unknown"),
    ],
)
def test_a_call_says_how_it_stands(answer: Message, status: Status, parts: list[ToolPart], expected: str) -> None:
    if status == Status.RUNNING:
        answer.generations.update(lease_until=answer.created_at)
    written_with_tools(answer, parts)
    Generation.objects.update(status=status, **({"ends_at": None} if status == Status.RUNNING else {}))
    conversation = Conversation.objects.get(pk=answer.conversation_id)
    (loaded,) = conversation.load([answer.pk], None, spots([answer.pk]))
    context = {"message": loaded, "role": loaded.role, "generation": loaded.generation, "conversation": conversation}
    html = render_to_string("chat/message/_message.html", context)
    assert [state for _, state in states(html)] == [expected]
    assert ("decision__what" in html) == (expected == "waiting" and status != Status.RUNNING)


def test_what_waits_is_a_form_that_needs_no_scripts(answer: Message) -> None:
    html = shown(answer, say("I would."), CANCEL, status=Status.WAITING)
    assert f'action="/messages/{answer.pk}/continuations/"' in html
    assert re.findall(r'name="answer\.b" value="(\w+)"', html) == ["yes", "no", "no"]
    assert 'name="reason.b"' in html
    assert '<dt dir="auto">number</dt><dd class="data" dir="auto">17</dd>' in html
    assert "It changes something." in html
    assert "away from this site" not in html
    assert " data-pending" in html
    assert ">Continue<" not in html
    both = shown(answer, CANCEL, SEND, status=Status.WAITING)
    assert both.count('type="radio"') == 4
    assert "It sends what follows away from this site." in both
    assert "Send the decisions" in both


def test_what_waits_in_an_answer_that_was_interrupted_waits_too(answer: Message) -> None:
    html = shown(answer, FIND, CANCEL, status=Status.INTERRUPTED)
    assert states(html)[:2] == [("a", "unfinished"), ("b", "waiting")]
    assert "decision__what" in html
    assert ">Continue<" not in html
    assert ">Continue<" in shown(answer, FIND, status=Status.INTERRUPTED), "without a word there is what was called"


def test_what_has_gone_on_below_is_not_decided_here(answer: Message) -> None:
    Message.objects.create(conversation=answer.conversation, parent=answer, role="user", number=9)
    assert "decision__what" not in shown(answer, CANCEL, status=Status.WAITING)


def test_a_decision_is_shown_with_its_reason(answer: Message) -> None:
    html = shown(answer, CANCEL, Decision(("b",), NO, "<b>not</b> mine"), Result("b", Outcome.DECLINED, "No."))
    assert "No, because: &lt;b&gt;not&lt;/b&gt; mine" in html
    assert 'data-answer="no"' in html


@pytest.mark.parametrize("text", ['<img src=x onerror="alert(1)">', "**bold** [1]", '{"a": "</div><script>"}'])
def test_what_was_given_and_what_came_of_it_is_text(answer: Message, text: str) -> None:
    parts: list[ToolPart] = [
        Call("a", text, text, {text: text}),
        Result("a", Outcome.DONE, text, 1),
        Source(1, text, "/x", text),
    ]
    html = shown(answer, *parts)
    waiting = shown(answer, Call("a", text, text, {text: text}, asks=True), status=Status.WAITING)
    for made in (html, waiting):
        assert "<img" not in made
        assert "<script" not in made
        assert "<strong" not in made


def test_a_long_result_is_cut_where_a_line_ends(answer: Message) -> None:
    html = shown(answer, FIND, Result("a", Outcome.DONE, "line of it\n" * 500, 1))
    assert html.count("line of it\n") == 500
    assert html.count("Show all of it") == 1
    assert cut("ab\n" * 1000) == ("ab\n" * 666, "ab\n" * 334)
    assert cut("x" * 2001) == ("x" * 2000, "x")
    assert cut("x" * 2000) == ("x" * 2000, "")


def test_sources_lead_where_they_may(answer: Message) -> None:
    html = shown(
        answer, FIND, Result("a", Outcome.DONE, "", 1), Source(1, "A page", "https://example.org/a?b"),
        Source(2, "Order 17", "/shop/17/", "order 17"), Source(3, "Bad", "javascript:alert(1)"), say("See [1]."),
    )  # fmt: skip
    assert re.findall(r'<a class="source__title" href="([^"]*)"', html) == ["https://example.org/a?b", "/shop/17/"]
    assert html.count('rel="noopener noreferrer" referrerpolicy="no-referrer"') == 2
    assert re.findall(r'source__where" dir="auto">([^<]*)<', html) == ["example.org", "order 17"]


@pytest.mark.parametrize(
    ("url", "is_good", "where"),
    [
        ("https://example.org", True, "example.org"),
        ("HTTP://user@example.org:80/", True, "user@example.org:80"),
        ("/shop/17/", True, ""),
        ("//evil.example/", False, ""),
        ("/\\evil.example/", False, ""),
        ("/\t/evil.example/", False, ""),
        ("https:\\\\evil.example", False, ""),
        ("javascript:alert(1)", False, ""),
        (" https://example.org", False, ""),
        ("data:text/html,x", False, ""),
        ("shop/17", False, ""),
        ("", False, ""),
    ],
)
def test_addresses_are_of_the_web_or_of_the_site(url: str, is_good: bool, where: str) -> None:
    source = Source(1, "It", url)
    assert (safe_address(source), whereabouts(source)) == (url if is_good else "", where)


def test_of_a_message_that_is_cut_nothing_is_decided(answer: Message) -> None:
    html = shown(answer, CANCEL, Result("b", Outcome.DONE, "x" * 500, 1), SEND, status=Status.WAITING, most=300)
    assert states(html) == [("b", "cut")]
    assert "decision__what" not in html


def test_what_cannot_be_seen_is_shown(answer: Message) -> None:
    """Or a call could show one recipient and be sent to another."""
    given = {"to": "a\u202eb\u200b@x\U000e0041", "n\u2066": ["\ufeff"], "ü": "می\u200cخواهم"}
    html = shown(answer, Call("b", "send", "Send", given, changes=True, asks=True), status=Status.WAITING)
    for text in (r"a\u202eb\u200b@x\udb40\udc41", r"n\u2066", r"\ufeff", "می\u200cخواهم"):
        assert html.count(text) == 2, text
    assert not set(html) & set("\u202e\u200b\u2066\ufeff\U000e0041")


def test_another_part_is_another_version(answer: Message) -> None:
    """What was made of a message is kept by its version."""
    versions = set()
    parts: list[ToolPart] = [CANCEL, Decision(("b",), YES), Source(1, "", "/")]
    for number in (1, 2, 3):
        written_with_tools(answer, parts[:number])
        conversation = Conversation.objects.get(pk=answer.conversation_id)
        (loaded,) = conversation.load([answer.pk], 1_000, spots([answer.pk]))
        versions.add(loaded.version)
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1,"b":[],"c":[true]}', '{\n  "a": 1,\n  "b": [],\n  "c": [\n    true\n  ]\n}'),
        ("[12345678901234567890,1.0,1e400]", "[\n  12345678901234567890,\n  1.0,\n  1e400\n]"),
        ('["a,b:{","\\"]"]', '[\n  "a,b:{",\n  "\\"]"\n]'),
        ("[NaN]", "[NaN]"),
        ('{"a":1', '{"a":1'),
        ("17", "17"),
        ("[" * 13 + "]" * 13, "[" * 13 + "]" * 13),
        ("[" * 100_000 + "]" * 100_000, "[" * 100_000 + "]" * 100_000),
    ],
)  # fmt: skip
def test_json_is_laid_out_with_its_tokens_as_they_are(text: str, expected: str) -> None:
    assert indented(text) == expected


def test_how_long_it_took() -> None:
    times = [0, 0.04, 0.05, 9.94, 9.96, 59.4, 59.6, 125]
    assert list(map(took, times)) == ["0.0 s", "0.0 s", "0.1 s", "9.9 s", "10 s", "59 s", "1 min 0 s", "2 min 5 s"]
    with translation.override("de"):
        assert took(1.5) == "1,5 s"
