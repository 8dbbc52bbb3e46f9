"""Conversations as documents: what is exported can be read back, and nothing else can."""

import contextlib
import io
import json
import tracemalloc
import uuid
import zipfile
from base64 import b64encode
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Literal, cast

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as DatabaseTestCase

from chat.attachments.inspection import Inspected, Limits, inspect
from chat.conversations.listing import listing
from chat.conversations.messages import continue_
from chat.conversations.turns import Continuation
from chat.core.endings import Status
from chat.core.reply import Part, Reply
from chat.core.tool_parts import YES, Call, Decision, Outcome, Result, Source, pending, read, written
from chat.core.tree import MessageTree
from chat.errors import BadInput, Conflict
from chat.i18n import in_english
from chat.import_export.chatgpt import read_chatgpt
from chat.import_export.database import with_content
from chat.import_export.document import (
    SavedAttachment,
    SavedConversation,
    SavedFeedback,
    SavedGeneration,
    SavedMessage,
    SavedPart,
    one_line,
    read_document,
)
from chat.import_export.file_reader import is_wanted
from chat.import_export.files import Zip, file_name, json_pieces
from chat.import_export.importing import Inspect, begin_import, import_file, preview
from chat.import_export.markdown import markdown_pieces
from chat.import_export.reading import read_here
from chat.import_export.records import Record, decoded, encoded
from chat.live.events import end_data, frames_since, start_data
from chat.models import Attachment, AttachmentContent, Conversation, Generation, Message, MessageAttachment
from tests.support.attachments import attach, attach_image, png, stored_attachment
from tests.support.documents import as_it_is, as_json, branch_of, documents, saved, streamed

LIMITS = Limits(pixels=0, pages=0, characters=0)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
endings = st.sampled_from([status for status in Status if status not in (Status.RUNNING, Status.WAITING)])
"""Those that stay as they are: what ran or waited elsewhere does neither here."""
rounds = st.builds(
    lambda pk, words, status: [
        written(Call(pk, words, words, {"of": words}, changes=True, asks=True)),
        written(Decision((pk,), YES, words)),
        written(Result(pk, status, words, 0.5)),
        written(Source(1, words, "https://example.com/")),
    ],
    st.uuids(version=4).map(str),
    texts,
    st.sampled_from(list(Outcome)),
)


@st.composite
def generations(draw: st.DrawFn, length: int) -> SavedGeneration:
    return SavedGeneration(
        model=draw(texts.filter(bool)),
        status=draw(endings),
        begins_at=0,
        ends_at=length,
        created_at=draw(times),
        first_piece_at=draw(st.none() | times),
        ended_at=draw(times),
        finish_reason=draw(texts),
        prompt_tokens=draw(st.none() | st.integers(0, 10**6)),
        completion_tokens=draw(st.none() | st.integers(0, 10**6)),
        left_out=draw(st.integers(0, 10**6)),
        error=draw(texts),
    )


feedback = st.builds(SavedFeedback, value=st.sampled_from(["up", "down"]), comment=texts)


@st.composite
def messages(draw: st.DrawFn, above: list[SavedMessage]) -> SavedMessage:
    parent: SavedMessage | None = draw(st.none() | st.sampled_from(above)) if above else None
    role: Literal["user", "assistant"] = draw(st.sampled_from(["user", "assistant"])) if parent else "user"
    kinds = ["text", "reasoning"] if role == "assistant" else ["text"]
    pieces = st.builds(Part, st.sampled_from(kinds), texts.filter(bool)).map(lambda part: [part])
    runs = draw(st.lists(pieces | rounds if role == "assistant" else pieces, max_size=3))
    parts = Reply(part for run in runs for part in run).parts()
    length = sum(map(len, parts))
    return SavedMessage(
        id=draw(st.uuids(version=4)),
        parent=parent.id if parent else None,
        role=role,
        created_at=draw(times),
        parts=[SavedPart.model_validate({"kind": part.kind, "text": part.text}) for part in parts],
        generations=[draw(generations(length))] if role == "assistant" else [],
        feedback=draw(st.none() | feedback) if role == "assistant" else None,
    )


@st.composite
def text_files(draw: st.DrawFn) -> SavedAttachment:
    text = draw(texts.filter(lambda text: text.strip() and text[0] != "\ufeff"))
    return draw(uploaded(text.encode(), r"[a-zäß你]{1,9}\.(txt|py|md)"))


@st.composite
def uploaded(draw: st.DrawFn, content: bytes, name: str) -> SavedAttachment:
    """As an upload of `content` is stored."""
    found = inspect(content, LIMITS)
    return SavedAttachment(
        id=draw(st.uuids(version=4)),
        kind=cast(Literal["image", "text", "pdf"], found.kind),
        name=draw(st.from_regex(name, fullmatch=True)),
        media_type=found.media_type,
        width=found.width,
        height=found.height,
        created_at=draw(times),
        data=found.data,
        text=found.text,
    )


@st.composite
def tiny_images(draw: st.DrawFn) -> SavedAttachment:
    content = png(draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.tuples(*[st.integers(0, 255)] * 3)))
    return draw(uploaded(content, r"[a-z]{1,9}\.png"))


files = st.lists(text_files() | tiny_images(), max_size=4, unique_by=lambda each: each.id)


def leaves(tree: list[SavedMessage]) -> list[SavedMessage]:
    parents = {message.parent for message in tree}
    return [message for message in tree if message.id not in parents]


@st.composite
def conversations(draw: st.DrawFn, files: st.SearchStrategy[list[SavedAttachment]] = files) -> SavedConversation:
    """Any tree, with any files."""
    tree, pool = list[SavedMessage](), draw(files)
    for _ in range(draw(st.integers(0, 8))):
        message = draw(messages(tree))
        if pool and message.role == "user":
            borne = draw(st.lists(st.sampled_from(pool), max_size=3, unique_by=lambda each: each.id))
            message = message.model_copy(update={"attachments": [each.id for each in borne]})
        if message.id not in {other.id for other in tree}:
            tree.append(message)
    by_id = {each.id: each for each in pool}
    return SavedConversation(
        attachments=[by_id[pk] for pk in dict.fromkeys(pk for each in tree for pk in each.attachments)],
        id=draw(st.uuids(version=4)),
        title=one_line(draw(texts)),
        titled_by=draw(st.sampled_from(["words", "model", "owner"])),
        created_at=draw(times),
        updated_at=draw(times),
        current=draw(st.sampled_from(leaves(tree))).id if tree else None,
        messages=tree,
        is_pinned=draw(st.booleans()),
        is_archived=draw(st.booleans()),
        system_prompt=draw(texts),
        temperature=draw(st.none() | st.floats(0, 2)),
        max_tokens=draw(st.none() | st.integers(1, 10**6)),
    )


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(conversations())
def test_any_tree_survives_the_file(conversation: SavedConversation) -> None:
    assert read_document(json.loads(as_json(conversation))) == conversation


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversations(), st.booleans())
def test_any_tree_survives_the_zip_and_the_array(conversation: SavedConversation, is_zip: bool) -> None:
    archive = Zip(lambda pk: streamed(conversation), in_english, as_it_is)
    array = f"[{as_json(conversation)}]".encode()
    file = io.BytesIO(b"".join(archive.add(conversation.id)) + archive.close() if is_zip else array)
    assert list(documents(file, "a file")) == [conversation]


class TestDatabase(DatabaseTestCase):
    """Hypothesis needs a transaction for each example, which this class makes."""

    def setUp(self) -> None:
        self.owner = User.objects.create(username=uuid.uuid4().hex)
        self.other = User.objects.create(username=uuid.uuid4().hex)

    @settings(max_examples=50, deadline=None)
    @given(conversations())
    def test_any_tree_survives_import_and_export(self, conversation: SavedConversation) -> None:
        assert bring(self.owner, conversation)
        assert exported_by(self.owner) == conversation

    @settings(max_examples=10, deadline=None)
    @given(conversations())
    def test_a_file_that_is_read_twice_gives_one_conversation(self, conversation: SavedConversation) -> None:
        assert [bring(self.owner, conversation) for _ in range(3)] == [True, False, False]
        assert Conversation.objects.filter(owner=self.owner).count() == 1
        assert Attachment.objects.count() == len(conversation.attachments)

    @settings(max_examples=10, deadline=None)
    @given(conversations())
    def test_two_users_may_read_the_same_file(self, conversation: SavedConversation) -> None:
        assert bring(self.owner, conversation)
        assert [bring(self.other, conversation) for _ in range(2)] == [True, False]
        assert exported_by(self.owner) == conversation
        theirs = exported_by(self.other)
        assert shape(theirs) == shape(conversation)
        assert not ids_in(theirs) & ids_in(conversation)
        assert [each.data for each in theirs.attachments] == [each.data for each in conversation.attachments]

    def test_an_id_that_is_taken_again_and_again_gives_way(self) -> None:
        """Also where somebody has foreseen which id would take its place."""
        place = with_file().id
        for pk in (FILE, uuid.uuid5(place, str(FILE))):
            stored_attachment(self.other.pk, "theirs.txt", b"Theirs", id=pk)
        assert bring(self.owner, with_file())
        assert [each.data for each in exported_by(self.owner).attachments] == [b"Hi"]
        assert Attachment.objects.filter(owner=self.other, conversation=None).count() == 2

    def test_what_is_stored_of_a_file_is_what_is_found_in_it(self) -> None:
        """Whatever a document says that it is."""
        data = with_attachment(kind="pdf", media_type="text/html", pages=7, text="A lie", name="../../etc/a\nb.html")
        assert bring(self.owner, read_document(data))
        stored = Attachment.objects.get()
        assert (stored.kind, stored.media_type, stored.pages, stored.size) == ("text", "text/plain", None, 2)
        assert stored.name == "ab.html"
        assert AttachmentContent.objects.get().text == "Hi"

    def test_what_waits_elsewhere_never_runs_here(self) -> None:
        asked = [Call(str(uuid.uuid4()), "pay", "Pay", {}, changes=True, asks=True) for _ in range(2)]
        looked = Call(str(uuid.uuid4()), "find", "Find", {})
        parts = [*map(written, [*asked, looked]), written(Decision((asked[0].id,), YES))]
        data = with_message(1, parts=[{"kind": part.kind, "text": part.text} for part in parts])
        data["messages"][1]["generations"] = [run_of_small() | {"status": "waiting", "begins_at": 0, "ends_at": 4}]
        assert bring(self.owner, read_document(data))
        message = Message.objects.get(conversation__owner=self.owner, role="assistant")
        stored = message.reply.parts()
        assert pending(stored) == []
        results = [read(part) for part in stored[4:]]
        statuses = {each.id: each.status for each in results if isinstance(each, Result)}
        assert statuses == {asked[1].id: "stopped", asked[0].id: "unknown", looked.id: "stopped"}
        assert message.generations.get().status == "stopped"

    def test_an_import_that_fails_leaves_no_file_behind(self) -> None:
        bad = read_document(with_attachment(data=b64encode(b"\0\1\2").decode()) | {"id": str(uuid.uuid4())})
        for file in (f"[{as_json(with_file())}, {as_json(bad)}]", "[{}, " + as_json(small()) + "]"):
            with pytest.raises(BadInput, match=r"attached in “Why|not a conversation"):
                import_file(begin_import(self.owner.pk), io.BytesIO(file.encode()), "a file", at_once, read_here)
        assert not Attachment.objects.exists()
        assert not Conversation.objects.exists()

    def test_what_cannot_come_refuses_itself_alone(self) -> None:
        """What a look has refused is left out, and the rest comes; a yes is one to what was refused."""
        bad = read_document(with_attachment(data=b64encode(b"\0\1\2").decode()) | {"id": str(uuid.uuid4())})
        long = with_file().model_dump(mode="json") | {"id": str(uuid.uuid4()), "system_prompt": "x" * 100_001}
        many = as_json(small().model_copy(update={"id": uuid.uuid4()}))
        file = f"[{as_json(bad)}, {as_json(with_file())}, {{}}, {json.dumps(long)}, {many}]".encode()
        looked = preview(self.owner.pk, io.BytesIO(file), "a file", at_once, read_here)
        assert (looked.conversations, looked.messages, looked.attachments, looked.titles) == (2, 4, 1, ["Why?"] * 2)
        faults = [refusal.fault.message for refusal in looked.refusals]
        assert faults[0].startswith("note.txt, attached in “Why?”: This is neither an image nor text nor a PDF")
        assert faults[1:] == [
            "In a file, conversation 3: This is not a conversation that was exported from this site.",
            "Its system prompt has 100,001 characters; 100,000 are allowed.",
        ]
        without = looked.refused
        assert without == {1, 3, 4}
        begun = begin_import(self.owner.pk, looked.messages)
        assert import_file(begun, io.BytesIO(file), "a file", at_once, read_here, without) == 2
        assert Attachment.objects.count() == 1
        other = preview(self.owner.pk, io.BytesIO(file.replace(b"{}", b"[]")), "a file", at_once, read_here)
        again = preview(self.owner.pk, io.BytesIO(file), "a file", at_once, read_here)
        assert (again.known, again.digest == looked.digest, other.digest == looked.digest) == (2, True, False)

    def test_what_a_site_allows_it_reads_back(self) -> None:
        with override_settings(CHAT_INPUT_CHARS=200_000):
            assert bring(self.owner, small().model_copy(update={"system_prompt": "x" * 150_000}))
            assert len(exported_by(self.owner).system_prompt) == 150_000

    def test_what_was_deleted_comes_anew(self) -> None:
        """Once, however often it is read, and also when the one that was deleted has been erased meanwhile."""
        for _ in range(3):
            assert [bring(self.owner, with_file()) for _ in range(2)] == [True, False]
            Conversation.objects.update(deleted_at=NOON)
        assert [bring(self.owner, with_file()) for _ in range(2)] == [True, False]
        Conversation.with_deleted.exclude(deleted_at=None).delete()
        assert not bring(self.owner, with_file())
        assert shape(exported_by(self.owner)) == shape(with_file())
        assert Attachment.objects.count() == 1

    def test_whatever_is_taken_is_streamed_to_its_end(self) -> None:
        """Each number at its bound."""
        most = 2**31 - 1
        run = run_of_small() | {"status": "running", "created_at": "9999-12-30T00:00:00Z", "error": "100 %s"}
        run |= {"begins_at": 8, "reasoning_ms": most, "prompt_tokens": most, "left_out": most, "ended_at": None}
        ended = run | {"status": "length", "begins_at": 0, "ends_at": 0, "created_at": "1970-01-01T00:00:00Z"}
        data = with_message(1, generations=[ended] * 999 + [run])
        assert bring(self.owner, read_document(data | {"updated_at": "9999-12-30T00:00:00Z", "max_tokens": 1_000_000}))
        last = Generation.objects.select_related("message__conversation").get(number=999)
        assert list(listing(self.owner.pk).groups)
        for generation in (last, Generation.objects.select_related("message__conversation").get(number=0)):
            assert start_data(generation)["title"] == "Why?"
            frames, _ = frames_since(generation.message.reply.until(generation.ends_at), 0)
            assert frames.count(b"event: text") == (1 if generation == last else 0)
            assert end_data(generation.ending)["message"] == "100 %s"
        with pytest.raises(Conflict, match="continued too often"):
            continue_(self.owner.pk, ANSWERED, Continuation(uuid.uuid4(), "m"), lambda: True)

    def test_what_is_somebody_elses_is_not_exported(self) -> None:
        bring(self.owner, small())
        assert saved(self.owner.pk, small().id)
        assert saved(self.other.pk, small().id) is None

    def test_attachments_are_exported_in_the_order_of_their_messages(self) -> None:
        bring(self.owner, small())
        question = Message.objects.get(pk=ASKED)
        image, note = attach_image(question, "a.png"), attach(question, "note.txt", "Grüße".encode())
        MessageAttachment.objects.filter(attachment=image).update(number=5)
        document = exported_by(self.owner)
        assert document.messages[0].attachments == [note.pk, image.pk]
        assert [each.model_dump(exclude={"id", "created_at"}) for each in document.attachments] == [
            described("text", "note.txt", "text/plain", "Grüße".encode(), text="Grüße"),
            described("image", "a.png", "image/png", png(), width=3, height=2),
        ]

    def test_a_branch_is_shown_to_its_end(self) -> None:
        assert bring(self.owner, small().model_copy(update={"current": ASKED}))
        assert Conversation.objects.get().current_id == ANSWERED

    def test_what_was_running_is_interrupted(self) -> None:
        data = small().model_dump(mode="json")
        data["messages"][1]["generations"][0] |= {"status": "running", "ends_at": None, "ended_at": None}
        bring(self.owner, read_document(data))
        again = saved(self.owner.pk, small().id)
        assert again
        assert again.messages[1].generations[0].status == "interrupted"
        assert again.messages[1].generations[0].ends_at == len("Because.")


def at_once(file: IO[bytes], limits: Limits) -> Inspected:
    """What a file is, without a process of its own for each."""
    return inspect(file.read(), limits)


def bring(owner: User, conversation: SavedConversation, inspect: Inspect = at_once) -> bool:
    """Imports it. False: it was there already."""
    file = io.BytesIO(as_json(conversation).encode())
    return import_file(begin_import(owner.pk), file, "a file", inspect, read_through) == 1


def read_through(file: IO[bytes], name: str, limit: int) -> Generator[Record, None, None]:
    """As a process of its own says it, without one."""
    return (decoded(json.loads(encoded(record))) for record in read_here(file, name, limit))


def ids_in(conversation: SavedConversation) -> set[uuid.UUID]:
    return {message.id for message in conversation.messages} | {file.id for file in conversation.attachments}


def exported_by(owner: User) -> SavedConversation:
    """As the owner's only conversation reads when it has been a file."""
    document = saved(owner.pk, Conversation.objects.get(owner=owner).pk)
    assert document
    return read_document(json.loads("".join(json_pieces(streamed(document), with_content))))


def described(kind: str, name: str, media_type: str, data: bytes, **known: Any) -> dict[str, Any]:
    nothing = {"width": None, "height": None, "pages": None, "text": ""}
    return nothing | {"kind": kind, "name": name, "media_type": media_type, "data": data} | known


def shape(conversation: SavedConversation) -> list[tuple[int | None, str, str]]:
    """The tree without its ids."""
    number = {message.id: index for index, message in enumerate(conversation.messages)}
    return [
        (None if message.parent is None else number[message.parent], message.role, message.text)
        for message in conversation.messages
    ]


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ASKED, ANSWERED, FILE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=7)


def small() -> SavedConversation:
    generation = SavedGeneration(
        model="m",
        status=Status.COMPLETE,
        begins_at=0,
        ends_at=8,
        created_at=NOON,
        ended_at=NOON + timedelta(seconds=1),
    )
    return SavedConversation(
        id=uuid.UUID(int=3),
        title="Why?",
        created_at=NOON,
        updated_at=NOON,
        current=ANSWERED,
        messages=[
            SavedMessage(id=ASKED, parent=None, role="user", created_at=NOON, parts=[part("Why?")]),
            SavedMessage(
                id=ANSWERED,
                parent=ASKED,
                role="assistant",
                created_at=NOON,
                parts=[part("Because.")],
                generations=[generation],
            ),
        ],
    )


def part(text: str) -> SavedPart:
    return SavedPart(kind="text", text=text)


def with_file() -> SavedConversation:
    note = SavedAttachment(
        id=FILE, kind="text", name="note.txt", media_type="text/plain", created_at=NOON, data=b"Hi", text="Hi"
    )
    asked, answered = small().messages
    asked = asked.model_copy(update={"attachments": [FILE]})
    return small().model_copy(update={"messages": [asked, answered], "attachments": [note]})


# What is refused


def damaged(**changes: Any) -> dict[str, Any]:
    return small().model_dump(mode="json") | changes


def with_attachment(number: int = 0, **changes: Any) -> dict[str, Any]:
    data = with_file().model_dump(mode="json")
    data["attachments"][number] |= changes
    return data


def bearing(number: int, *ids: uuid.UUID) -> dict[str, Any]:
    """The message with that number has these attachments."""
    data = with_file().model_dump(mode="json")
    data["messages"][number]["attachments"] = list(map(str, ids))
    return data


def run_of_small() -> dict[str, Any]:
    run: dict[str, Any] = small().model_dump(mode="json")["messages"][1]["generations"][0]
    return run


def with_run(**changes: Any) -> dict[str, Any]:
    """The answer was written by this generation."""
    return with_message(1, generations=[run_of_small() | changes])


def with_message(number: int, **changes: Any) -> dict[str, Any]:
    data = small().model_dump(mode="json")
    data["messages"][number] |= changes
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "not a conversation"),
        ({"format": "something"}, "not a conversation"),
        (damaged(version=2), "version"),
        (damaged(id="1"), "at id"),
        (damaged(title="x" * 81), "at title"),
        (damaged(created_at="2026-01-01"), "at created_at"),
        (damaged(current=str(uuid.UUID(int=9))), "current"),
        (damaged(messages=None), "at messages"),
        (with_message(1, id=str(ASKED)), "two messages"),
        (with_message(1, parent=str(uuid.UUID(int=9))), "does not stand before it"),
        (with_message(0, parent=str(ANSWERED)), "does not stand before it"),
        (with_message(0, role="assistant"), "answers no message"),
        (with_message(0, role="root"), "role"),
        (with_message(1, parts=[{"kind": "<b>", "text": ""}]), "kind"),
        *[
            (with_message(1, parts=[{"kind": kind, "text": "{}"}]), "kind")
            for kind in ("end", "reset", "gone", "tool")
        ],
        (with_message(0, parts=[{"kind": "reasoning", "text": "x"}]), "only an assistant's message has reasoning"),
        (with_message(0, parts=None), "at messages.0.parts"),
        (damaged(current=None), "the current message is not in the conversation"),
        (damaged(messages=[]), "the current message is not in the conversation"),
        (damaged(created_at="1969-12-31T23:59:59Z"), "at created_at"),
        (damaged(updated_at="9999-12-31T00:00:00Z"), "at updated_at"),
        (damaged(updated_at=10**20), "at updated_at"),
        (with_message(0, created_at="-0001-01-01T00:00:00Z"), "at messages.0.created_at"),
        *[(damaged(max_tokens=tokens), "at max_tokens") for tokens in (0, -1, 1_000_001, 2**31 - 1, 1.5, "many")],
        *[(damaged(temperature=warm), "at temperature") for warm in (-0.1, 2.1, float("nan"), float("inf"))],
        (damaged(system_prompt="x" * 1_000_001), "at system_prompt"),
        (damaged(titled_by="nobody"), "at titled_by"),
        (with_run(model=""), "at messages.1.generations.0.model"),
        (with_run(model="x" * 201), "at messages.1.generations.0.model"),
        (with_run(status="done"), "at messages.1.generations.0.status"),
        (with_message(1, parts=[{"kind": "tool_call", "text": "{}"}]), "this is no tool_call"),
        (with_message(0, parts=[{"kind": "source", "text": "{}"}]), "this is no source"),
        (with_run(status="napping"), "at messages.1.generations.0.status"),
        (with_run(reasoning_ms=2**31), "at messages.1.generations.0.reasoning_ms"),
        (with_run(prompt_tokens=-1), "at messages.1.generations.0.prompt_tokens"),
        (with_run(left_out=2**31), "at messages.1.generations.0.left_out"),
        (with_run(finish_reason="x" * 101), "at messages.1.generations.0.finish_reason"),
        (with_run(code="x" * 51), "at messages.1.generations.0.code"),
        (with_run(error="x" * 2001), "at messages.1.generations.0.error"),
        (with_run(begins_at=9), "positions"),
        (with_message(1, generations=[run_of_small()] * 1_001), "at messages.1.generations"),
        (with_attachment(media_type="x" * 101), "at attachments.0.media_type"),
        (with_attachment(width=2**31), "at attachments.0.width"),
        (with_attachment(id=5), "at attachments.0.id"),
        (with_message(0, feedback={"value": "up"}), "only an assistant's message has feedback"),
        (with_message(1, feedback={"value": "sideways"}), "at messages.1.feedback.value"),
        (with_message(1, feedback={"value": "up", "comment": "x" * 2001}), "at messages.1.feedback.comment"),
        (with_message(1, parts=[part("Be").model_dump()]), "positions"),
        (with_attachment(data="SGk"), "at attachments.0.data, this is not base64"),
        (with_attachment(data="SG k="), "at attachments.0.data, this is not base64"),
        (with_attachment(data="Gr\u00fc="), "at attachments.0.data, this is not base64"),
        (with_attachment(data=None), "at attachments.0.data, this is not base64"),
        (with_attachment(name="x" * 121), "at attachments.0.name"),
        (with_attachment(kind="video"), "at attachments.0.kind"),
        (bearing(0), f"no message has attachment {FILE}"),
        (bearing(0, FILE, uuid.UUID(int=9)), f"attachment {uuid.UUID(int=9)}, which a message has, is not in"),
        (bearing(0, FILE, FILE), f"message {ASKED} has the same attachment twice"),
        (with_message(0, role="system", attachments=[str(FILE)]), "an instruction has no attachments"),
        (with_file().model_dump(mode="json") | {"attachments": with_attachment()["attachments"] * 2}, "the same id"),
    ],
)
def test_a_damaged_document_is_refused_in_words(data: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_document(data)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_document, damaged(messages=[[]] * 300_000)),
        (read_document, with_message(0, parts=[[]] * 300_000)),
        (read_document, with_message(0, generations=[0] * 300_000)),
        (read_document, with_message(0, attachments=[0] * 300_000)),
        (read_document, damaged(attachments=[0] * 300_000)),
        (read_chatgpt, {"mapping": {str(number): [] for number in range(300_000)}}),
        (read_chatgpt, {"mapping": {"a": {"children": [[]] * 300_000}}}),
    ],
)
def test_a_document_is_checked_up_to_its_first_fault(read: Callable[[Any], SavedConversation], data: Any) -> None:
    """A list of all its faults took 340 bytes for each."""
    tracemalloc.start()
    try:
        with pytest.raises(BadInput):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("conversations.json", True),
        ("a/b/conversations-12.json", True),
        ("conversations/2026/a.json", True),
        ("x/conversations/.json.json", True),
        ("conversations-.json", False),
        ("conversations-x.json", False),
        ("myconversations.json", False),
        ("conversations/a.json.txt", False),
        ("conversations/.json", False),
        ("__MACOSX/conversations.json", False),
        ("conversations/" * 4_000, False),
        ("json", False),
    ],
)
def test_the_names_in_a_zip_say_which_entries_are_read(name: str, is_read: bool) -> None:
    assert is_wanted(name) == is_read


def test_the_document_that_the_cases_damage_is_whole() -> None:
    assert read_document(damaged()) == small()
    assert read_document(with_attachment()) == with_file()


def test_a_document_from_before_there_were_attachments_is_read() -> None:
    data = damaged()
    del data["attachments"]
    for message in data["messages"]:
        del message["attachments"]
    assert read_document(data) == small()


def test_members_of_later_versions_are_ignored() -> None:
    assert read_document(damaged(later=True)) == small()


def test_a_title_is_one_line() -> None:
    assert read_document(damaged(title=" Why\n\u2028not? ")).title == "Why not?"


def test_what_no_database_holds_is_replaced() -> None:
    assert read_document(with_message(0, parts=[part("a").model_dump() | {"text": "a\0\ud800"}])).messages[0].text == (
        "a\ufffd\ufffd"
    )


# Files


def as_markdown(conversation: SavedConversation) -> str:
    return "".join(markdown_pieces(streamed(conversation), in_english))


def test_markdown_has_the_branch_on_show() -> None:
    sibling = small().messages[1].model_copy(update={"id": uuid.UUID(int=4), "parts": [part("Not shown")]})
    conversation = small().model_copy(update={"messages": [*small().messages, sibling]})
    assert as_markdown(conversation) == "# Why?\n\n2026-01-01\n\n## You\n\nWhy?\n\n## m\n\nBecause.\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "note.txt (text)"),
        ({"kind": "pdf", "name": "report.pdf", "pages": 12}, "report.pdf (PDF, 12 pages)"),
        ({"kind": "pdf", "name": "letter.pdf", "pages": 1}, "letter.pdf (PDF, 1 page)"),
        ({"kind": "image", "name": "a.png", "width": 1024, "height": 768}, "a.png (image, 1024 × 768)"),
    ],
)
def test_markdown_names_what_is_attached(changes: dict[str, Any], words: str) -> None:
    conversation = read_document(with_attachment(**changes))
    assert f"## You\n\nWhy?\n\nAttached: {words}\n\n## m\n" in as_markdown(conversation)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is Django?", "what-is-django-00000000.json"),
        ("../../etc/passwd", "etcpasswd-00000000.json"),
        ("\r\nSet-Cookie: a", "set-cookie-a-00000000.json"),
        ("你好", "conversation-00000000.json"),
        ("", "conversation-00000000.json"),
    ],
)
def test_a_title_becomes_a_harmless_file_name(title: str, name: str) -> None:
    assert file_name(small().model_copy(update={"title": title}), "json") == name


def test_a_zip_has_each_conversation_twice_and_leaves_out_what_is_gone() -> None:
    archive = Zip(lambda pk: streamed(small()) if pk == small().id else None, in_english, as_it_is)
    pieces = [*archive.add(small().id), *archive.add(uuid.uuid4()), archive.close()]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        document = json.loads(opened.read(names[1]))
    assert names == [
        "README.txt",
        "conversations/2026/why-00000000.json",
        "conversations/2026/why-00000000.md",
    ]
    assert read_document(document) == small()


# ChatGPT's


def node(name: str, parent: str | None, role: str = "", text: str = "", *children: str, **content: Any) -> Any:
    said = {"content_type": "text", "parts": [text]} | content
    message = {"id": name, "author": {"role": role}, "create_time": 1.7e9, "content": said} if role else None
    return {"id": name, "message": message, "parent": parent, "children": list(children)}


def exported(*nodes: Any, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Greetings",
        "create_time": 1.7e9,
        "update_time": 1.7e9 + 60,
        "mapping": {node["id"]: node for node in nodes},
        "conversation_id": "5f1c1d3e-0000-4000-8000-000000000001",
    } | fields


def branched() -> dict[str, Any]:
    """A hidden system prompt, a question, two answers (one by way of a tool), and a question after the second."""
    return exported(
        node("root", None, "", "", "system"),
        node("system", "root", "system", "", "q"),
        node("q", "system", "user", "Hello?", "tool", "b"),
        node("tool", "q", "tool", "searching", "a"),
        node("a", "tool", "assistant", "Hi."),
        node("b", "q", "assistant", "Good day.", "again"),
        node("again", "b", "user", "And?", parts=["And?", {"content_type": "image_asset_pointer"}]),
        current_node="again",
    )


def test_chatgpts_branches_are_kept_and_its_tools_left_out() -> None:
    conversation = read_chatgpt(branched())
    assert shape(conversation) == [
        (None, "user", "Hello?"),
        (0, "assistant", "Hi."),
        (0, "assistant", "Good day."),
        (2, "user", "And?"),
    ]
    assert [message.text for message in branch_of(conversation)] == ["Hello?", "Good day.", "And?"]
    assert (conversation.title, str(conversation.id)) == ("Greetings", "5f1c1d3e-0000-4000-8000-000000000001")
    tree = MessageTree((message.id, message.parent, message.role) for message in conversation.messages)
    assert len(tree.siblings(conversation.messages[1].id)) == 2


def test_the_same_export_gives_the_same_ids() -> None:
    assert read_chatgpt(branched()) == read_chatgpt(branched())


def test_what_is_read_of_chatgpt_is_a_document_of_ours() -> None:
    assert read_document(json.loads(as_json(read_chatgpt(branched())))) == read_chatgpt(branched())


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        exported(node("a", None, "user", "Hi", "a")),
        exported(node("a", None, "user", "Hi", "b", "b"), node("b", "a", "assistant", "Ho")),
        exported(create_time="yesterday"),
        exported(create_time=1e300),
        exported(mapping={"a": {"message": 5}}),
    ],
)
def test_what_is_no_export_of_chatgpts_is_refused(data: Any) -> None:
    with pytest.raises(BadInput):
        read_chatgpt(data)


MEMBERS = ["mapping", "a", "message", "children", "content", "parts"]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["mapping", "a", "message", "children", "content", "parts"]), inner, max_size=4
            )
        ),
    )
)
def test_any_json_is_read_or_refused(data: Any) -> None:
    for reader in (read_document, read_chatgpt):
        with contextlib.suppress(BadInput):
            assert isinstance(reader(data), SavedConversation)
