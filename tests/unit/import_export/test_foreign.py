"""What other programs export: the files in exports/ are written after what these programs write."""

import contextlib
import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.core.tree import MessageTree
from chat.errors import BadInput
from chat.import_export import reading
from chat.import_export.chatgpt import read_chatgpt
from chat.import_export.claude import read_claude
from chat.import_export.document import SavedConversation, SavedMessage, read_document
from chat.import_export.file_reader import Unreadable, all_documents
from chat.import_export.foreign import Node, Tree, conversation, fenced, moment, said, uuid_of
from chat.import_export.librechat import read_librechat
from chat.import_export.openwebui import read_openwebui
from tests.support.documents import as_json, branch_of, documents

EXPORTS = Path(__file__).parent / "exports"
NAMES = sorted(path.name for path in EXPORTS.iterdir())


def export(name: str) -> Any:
    return json.loads((EXPORTS / name).read_text())


def found(name: str) -> list[SavedConversation]:
    with (EXPORTS / name).open("rb") as file:
        return list(documents(file, name))


def told(document: SavedConversation) -> list[tuple[int | None, str, str, str]]:
    """By message: the number of its parent, who said it (the model, of an answer), what was thought, what was said."""
    numbers = {message.id: number for number, message in enumerate(document.messages)}
    return [
        (None if each.parent is None else numbers[each.parent], speaker(each), thought(each), each.text)
        for each in document.messages
    ]


def speaker(message: SavedMessage) -> str:
    return message.generations[0].model if message.generations else message.role


def thought(message: SavedMessage) -> str:
    return "".join(part.text for part in message.parts if part.kind == "reasoning")


def shown(document: SavedConversation) -> list[str]:
    return [message.text for message in branch_of(document)]


def endings(document: SavedConversation) -> list[str]:
    return [run.status.value for message in document.messages for run in message.generations]


@pytest.mark.parametrize("name", NAMES)
def test_each_export_is_read_as_documents_of_ours_and_the_same_each_time(name: str) -> None:
    assert found(name) == found(name)
    for document in found(name):
        assert read_document(json.loads(as_json(document))) == document


def test_a_spoken_conversation_has_its_words() -> None:
    spoken, _ = found("chatgpt.json")
    assert told(spoken) == [
        (None, "user", "", "What is the capital of Norway?"),
        (0, "gpt-4o-realtime", "", "It is Oslo."),
    ]


def test_thoughts_are_reasoning_of_the_answer_that_they_led_to() -> None:
    _, reasoned = found("chatgpt.json")
    thoughts = "**Trying divisors**\n\n7 × 13 = 91.\n\n**Concluding**\n\nThought for 4s"
    assert told(reasoned) == [
        (None, "user", "", "Is 91 a prime?"),
        (0, "o3", thoughts, "No: 7 × 13."),
        (1, "user", "", "[sieve.png]"),
        (0, "gpt-4o", "", "It is not"),
    ]
    assert endings(reasoned) == ["complete", "length"]
    assert reasoned.messages[1].generations[0].reasoning_ms == 4000
    assert shown(reasoned)[-1] == "[sieve.png]"


def test_claudes_blocks_and_branches_are_read() -> None:
    branched, old = found("claude.json")
    assert told(branched) == [
        (None, "user", "", "Count the r in strawberry."),
        (0, "Claude", "s-t-r-a-w-b-e-r-r-y", "Let me look.\n\nThere are three."),
        (1, "user", "", "And in this?\n\n[words.txt]\n\n````\nraspberry\n```\nx\n````\n\n[photo.png]"),
        (2, "Claude", "", "Three again."),
        (0, "Claude", "", "Two, I think."),
    ]
    assert shown(branched)[-1] == "Three again."
    assert branched.messages[1].created_at.isoformat() == "2026-02-03T10:00:02.123456+00:00"
    assert [row[:2] for row in told(old)] == [(None, "user"), (0, "Claude"), (1, "user")]
    assert (old.title, old.titled_by, shown(old)[-1]) == ("Hello!", "words", "[scan.pdf]")


def test_librechats_branches_options_and_endings_are_read() -> None:
    (story,) = found("librechat_branches.json")
    assert told(story) == [
        (None, "user", "", "Tell me a long story"),
        (0, "gpt-4o", "", "Once upon a time"),
        (1, "user", "", "Go on"),
        (2, "o1", "What comes next?", "A dragon came."),
        (0, "gpt-4o", "", "Sure. Elenor was"),
        (None, "user", "", "Tell me a short one"),
        (5, "gpt-4o", "", ""),
    ]
    assert endings(story) == ["stopped", "complete", "interrupted", "failed"]
    assert (story.system_prompt, story.temperature, story.max_tokens) == ("You tell stories.", 0.8, 500)
    rated = story.messages[3]
    assert rated.feedback
    assert (rated.feedback.value, rated.feedback.comment) == ("down", "No dragons")
    assert (rated.generations[0].prompt_tokens, rated.generations[0].completion_tokens) == (90, 12)
    assert shown(story) == ["Tell me a short one", ""]


def test_librechats_recursive_export_is_read() -> None:
    (venv,) = found("librechat_recursive.json")
    assert told(venv) == [
        (None, "user", "", "How do I activate a venv?"),
        (0, "claude-3-7-sonnet", "A shell question.", "Source its script."),
        (1, "user", "", "Thanks"),
        (2, "claude-3-7-sonnet", "", "You are welcome."),
        (1, "user", "", "lol"),
        (4, "gpt-4o", "", "Glad it helped."),
    ]
    assert venv.messages[2].created_at == venv.messages[1].created_at, "What has no time has that of the one above"
    assert shown(venv)[-1] == "Glad it helped."


def test_a_recursive_export_may_be_as_deep_as_it_is_long() -> None:
    message: dict[str, Any] = {}
    for number in range(1_500, 0, -1):
        one = {"messageId": str(number), "isCreatedByUser": bool(number % 2), "text": f"Number {number}"}
        message = one | {"createdAt": "2026-01-01T00:00:00Z", "children": [message] if message else []}
    text = nested({"conversationId": "deep", "title": "Deep", "messages": []}, message)
    records = list(reading.read(io.BytesIO(text.encode()), "deep.json", 0))
    assert records[0].messages == 1_500  # type: ignore[union-attr] # a beginning


def nested(document: dict[str, Any], message: dict[str, Any]) -> str:
    """As JSON; `json.dumps` goes no deeper than Python does."""
    head, tail = "", ""
    while message:
        (child,) = message["children"] or [{}]
        inner = json.dumps(message | {"children": []})
        head, tail, message = head + inner.removesuffix("]}"), "]}" + tail, child
    return json.dumps(document).removesuffix("]}") + head + tail + "]}"


def test_open_webuis_branches_reasoning_and_options_are_read() -> None:
    products, listed = found("openwebui.json")
    assert told(products) == [
        (None, "user", "", "What is 15 * 17?"),
        (0, "deepseek-r1", "15 × 10 + 15 × 7\nis < 300", "255"),
        (1, "user", "", "[sum.png]"),
        (0, "llama3", "I shall use the tool.", "It is 255."),
    ]
    runs = [message.generations[0] for message in products.messages if message.generations]
    assert [(run.reasoning_ms, run.prompt_tokens, run.completion_tokens) for run in runs] == [
        (3000, 10, 15),
        (2000, 7, 9),
    ]
    assert products.messages[1].feedback
    assert products.messages[1].feedback.comment == "Right"
    assert (products.system_prompt, products.temperature, products.is_pinned) == ("Be exact.", 0.2, True)
    assert shown(products)[-1] == "[sum.png]"
    assert told(listed) == [
        (None, "user", "", "Hello"),
        (0, "llama2", "", ""),
        (1, "user", "", "Hello?"),
        (2, "llama2", "", "Hi th"),
    ]
    assert (endings(listed), listed.is_archived) == (["failed", "interrupted"], True)


# What is not as these programs write it

CHATGPT, CLAUDE = (export("chatgpt.json")[1], export("claude.json")[0])
LIBRECHAT, OPENWEBUI = export("librechat_branches.json"), export("openwebui.json")[0]


def changed(data: Any, *path: str | int, to: Any) -> Any:
    """A copy in which what is at this place is something else."""
    data = copy.deepcopy(data)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return data


@pytest.mark.parametrize(
    ("read", "data", "words"),
    [
        (read_chatgpt, changed(CHATGPT, "mapping", "q", "message", "content", "parts", to=None), "ChatGPT's export"),
        (read_chatgpt, changed(CHATGPT, "mapping", "q", "message", "create_time", to=1e300), "ChatGPT's export"),
        (read_chatgpt, changed(CHATGPT, "mapping", "q", "message", "create_time", to=-1), "ChatGPT's export"),
        (read_chatgpt, changed(CHATGPT, "mapping", "q", "children", to=["q"]), "follows itself"),
        (read_chatgpt, changed(CHATGPT, "mapping", "a2", "children", to=["q2"]), "follows itself"),
        (read_chatgpt, changed(CHATGPT, "mapping", to={}), "no message that can be shown"),
        (read_claude, changed(CLAUDE, "chat_messages", to=None), "Claude's export"),
        (read_claude, changed(CLAUDE, "chat_messages", to=[]), "no message that can be shown"),
        (read_claude, changed(CLAUDE, "uuid", to=5), "Claude's export"),
        (read_claude, changed(CLAUDE, "created_at", to="yesterday"), "Claude's export"),
        (read_claude, changed(CLAUDE, "chat_messages", 0, "sender", to="tool"), "Claude's export"),
        (read_claude, changed(CLAUDE, "chat_messages", 0, "content", to="text"), "Claude's export"),
        (read_claude, changed(CLAUDE, "chat_messages", 0, "uuid", to="c2"), "the same id"),
        (read_claude, changed(CLAUDE, "chat_messages", 0, "parent_message_uuid", to="c1"), "follows itself"),
        (read_claude, changed(CLAUDE, "chat_messages", 0, "parent_message_uuid", to="c5"), "follows itself"),
        (read_librechat, changed(LIBRECHAT, "messages", to={}), "LibreChat has exported"),
        (read_librechat, changed(LIBRECHAT, "messages", to=[]), "LibreChat has exported"),
        (read_librechat, changed(LIBRECHAT, "messages", 0, to="hello"), "LibreChat has exported"),
        (read_librechat, changed(LIBRECHAT, "messages", 0, "createdAt", to="12345-01-01"), "LibreChat has exported"),
        (read_librechat, changed(LIBRECHAT, "messages", 0, "messageId", to="l2"), "the same id"),
        (read_librechat, changed(LIBRECHAT, "messages", 0, "parentMessageId", to="l5"), "follows itself"),
        (read_openwebui, changed(OPENWEBUI, "chat", to=None), "Open WebUI's export"),
        (read_openwebui, changed(OPENWEBUI, "chat", to={}), "no message that can be shown"),
        (read_openwebui, changed(OPENWEBUI, "created_at", to=True), "Open WebUI's export"),
        (read_openwebui, changed(OPENWEBUI, "chat", "history", "messages", "w1", to=None), "Open WebUI's export"),
        (
            read_openwebui,
            changed(OPENWEBUI, "chat", "history", "messages", "w1", "parentId", to="w4"),
            "follows itself",
        ),
    ],
)
def test_what_is_not_as_they_write_it_is_refused_in_words(
    read: Callable[[Any], SavedConversation], data: Any, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        read(data)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_claude, changed(CLAUDE, "chat_messages", 1, "content", 0, "thinking", to=None)),
        (read_claude, changed(CLAUDE, "chat_messages", 3, "attachments", 0, to={})),
        (read_librechat, changed(LIBRECHAT, "options", to={"temperature": 9, "max_tokens": -1, "promptPrefix": 5})),
        (read_librechat, changed(LIBRECHAT, "messages", 4, "content", to=[None, {"type": "text"}, 5])),
        (read_librechat, changed(LIBRECHAT, "messages", 1, "tokenCount", to=2**40)),
        (read_openwebui, changed(OPENWEBUI, "chat", "params", to={"temperature": "hot", "max_tokens": True})),
        (read_openwebui, changed(OPENWEBUI, "chat", "history", "messages", "w3", "output", to=[None, {}, 5])),
        (read_openwebui, changed(OPENWEBUI, "chat", "history", "messages", "w2", "usage", to={"prompt_tokens": "x"})),
        (read_openwebui, changed(OPENWEBUI, "chat", "history", "messages", "w2", "annotation", to={"rating": "x"})),
        (read_openwebui, changed(OPENWEBUI, "chat", "history", "currentId", to="gone")),
        (read_chatgpt, changed(CHATGPT, "mapping", "t1", "message", "content", "thoughts", to=[None, {"summary": 5}])),
        (read_chatgpt, changed(CHATGPT, "mapping", "recap", "message", "metadata", to={"finished_duration_sec": "x"})),
        (read_chatgpt, changed(CHATGPT, "title", to="Two\nlines\0" * 99)),
    ],
)
def test_what_is_odd_beside_the_words_takes_nothing_from_them(
    read: Callable[[Any], SavedConversation], data: Any
) -> None:
    assert len(read(data).messages) >= 3


NAMES_OF_MEMBERS = [
    "uuid",
    "chat_messages",
    "sender",
    "content",
    "text",
    "type",
    "messages",
    "children",
    "chat",
    "history",
]
IDS = {"id": "a", "uuid": "a", "conversationId": "a", "messageId": "a", "created_at": 1, "title": "t"}


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(NAMES_OF_MEMBERS), inner, max_size=4).map(lambda each: IDS | each)
        ),
    )
)
def test_any_json_is_read_or_refused(data: Any) -> None:
    for read in (read_chatgpt, read_claude, read_librechat, read_openwebui):
        with contextlib.suppress(BadInput):
            assert isinstance(read(data), SavedConversation)


def test_one_that_cannot_be_read_refuses_itself_alone() -> None:
    """Of whatever program: each stands in an array with good ones of others."""
    damaged = changed(CHATGPT, "mapping", "q", "message", "content", "parts", to=None)
    file = io.BytesIO(json.dumps([CLAUDE, damaged, LIBRECHAT, {"name": "What is this?"}, OPENWEBUI, 5]).encode())
    told = [
        (each.title, each.fault.message) if isinstance(each, Unreadable) else each.title
        for each in all_documents(file, "all.json", 0)
    ]
    assert told == [
        "Letters",
        ("Thought about", "In all.json, conversation 2: This is not a conversation of ChatGPT's export."),
        "A long story",
        (
            "What is this?",
            "In all.json, conversation 4: This is not a conversation that was exported from this site.",
        ),
        "Products",
        ("", "In all.json, conversation 6: This is not a conversation that was exported from this site."),
    ]


def test_what_follows_what_is_no_json_is_refused_with_it() -> None:
    text = json.dumps([CLAUDE, LIBRECHAT])[:-100]
    first, cut = all_documents(io.BytesIO(text.encode()), "cut.json", 0)
    assert isinstance(first, SavedConversation)
    assert isinstance(cut, Unreadable)
    assert "conversation 2: This is not JSON in UTF-8, so that nothing after it" in cut.fault.message


# Trees


def tree(*nodes: tuple[str, str | None, str]) -> SavedConversation:
    """Of names, parents and roles: `user`, `assistant`, or `tool`."""
    speaking: dict[str, Any] = {"user": "user", "assistant": "assistant"}
    made = {name: Node(speaking.get(role), said(("text", name))) for name, _parent, role in nodes}
    grown = Tree.of(made, {name: parent for name, parent, _role in nodes})
    began = moment(0)
    return conversation(uuid_of("tree"), grown, nodes[-1][0], title="", began=began, model="m", updated_at=began)


@pytest.mark.parametrize(
    ("nodes", "messages"),
    [
        (
            [("q", None, "user"), ("a", "q", "assistant"), ("t", "a", "tool"), ("b", "t", "assistant")],
            [(None, "q"), (0, "a\n\nb")],
        ),
        (
            [("q", None, "user"), ("a", "q", "assistant"), ("b", "a", "assistant"), ("r", "a", "user")],
            [(None, "q"), (0, "a"), (0, "a\n\nb"), (1, "r")],
        ),
        (
            [("q", None, "user"), ("t", "q", "tool"), ("a", "t", "assistant"), ("b", "t", "assistant")],
            [(None, "q"), (0, "a"), (0, "b")],
        ),
        ([("q", None, "user"), ("r", "q", "user"), ("a", "r", "assistant")], [(None, "q"), (0, "r"), (1, "a")]),
        ([("a", None, "assistant"), ("q", "a", "user")], [(None, "q")]),
        ([("q", "gone", "user"), ("r", None, "user")], [(None, "q"), (None, "r")]),
    ],
)
def test_what_stands_between_two_questions_is_one_answer(
    nodes: list[tuple[str, str | None, str]], messages: list[tuple[int | None, str]]
) -> None:
    document = tree(*nodes)
    assert [(row[0], row[3]) for row in told(document)] == messages
    shape = MessageTree((each.id, each.parent, each.role) for each in document.messages)
    assert all(
        shape.role(shape.parent(each.id) or each.id) == "user" for each in document.messages if each.generations
    )


def test_nothing_in_a_file_closes_its_block() -> None:
    assert fenced("a\n  ```` \nb") == "`````\na\n  ```` \nb\n`````"
