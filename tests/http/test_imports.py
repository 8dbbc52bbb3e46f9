"""Conversations to bring along: looked into first, then all of a file or nothing."""

import hashlib
import html
import io
import json
import re
import resource
import time
import uuid
import zipfile
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image, ImageChops

from chat.models import Attachment, Conversation, Generation, Import, Message
from chat.models.imports import LEASE
from chat.retention.imports import end_dead_imports
from tests.conftest import RunSite
from tests.support.client import Answer, Client
from tests.support.conversations import stored_conversation
from tests.support.documents import as_json, saved
from tests.support.files import claiming, decoded, image, pdf, photo
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EXPORTS = Path(__file__).parents[1] / "unit/import_export/exports"


def conversation(title: str, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """A document with one question."""
    message = {"id": str(uuid.uuid4()), "parent": None, "role": "user", "created_at": at.isoformat()}
    return {
        "format": "chatsite-conversation",
        "id": str(uuid.uuid4()),
        "title": title,
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "current": message["id"],
        "messages": [message | {"parts": [{"kind": "text", "text": title}]}],
    } | fields


def chatgpts(title: str, text: str) -> dict[str, Any]:
    said = {"author": {"role": "user"}, "create_time": 1.7e9, "content": {"content_type": "text", "parts": [text]}}
    node = {"id": "q", "message": said, "parent": None, "children": []}
    pk = str(uuid.uuid4())
    return {"title": title, "create_time": 1.7e9, "mapping": {"q": node}, "current_node": "q", "conversation_id": pk}


def zipped(files: dict[str, object], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return sink.getvalue()


def post(client: Client, content: object, confirm: str = "", pk: object = "") -> Answer:
    """`content` as bytes, or as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = f'--b\r\nContent-Disposition: form-data; name="confirm"\r\n\r\n{confirm}\r\n'
    head += f'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n{pk}\r\n'
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="mine.json"\r\n\r\n'
    body = head.encode() + data + b"\r\n--b--\r\n"
    return client.request("POST", "/imports/", body, "multipart/form-data; boundary=b", {"Accept": "text/html"})


class Page(HTMLParser):
    """What stands in the findings, and the digest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.digest = ""
        self.feed(html.partition('id="findings"')[2].partition("<button")[0])

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if dict(attrs).get("name") == "confirm":
            self.digest = dict(attrs)["value"] or ""


def bring(client: Client, content: object) -> Answer:
    """Look, and then import."""
    return post(client, content, confirm=Page(post(client, content).text).digest)


def titles(client: Client) -> list[str]:
    """In the order of the list."""
    assert client.user
    return [each.title for each in Conversation.objects.owned_by(client.user).recent()]


def test_a_look_says_what_would_come_and_stores_nothing(alice: Client) -> None:
    files = {f"conversations/2026/{n}.json": conversation(f"Nr <{n}>") for n in range(7)}
    reply = post(alice, zipped(files | {"README.txt": b"Hi", "../../etc/conversations.txt": b"no"}))
    words = " ".join(Page(reply.text).words.split())
    assert reply.status == 200
    assert "7 conversations would come, with 7 messages" in words
    assert "Nr <0> Nr <1> Nr <2> Nr <3> Nr <4> and 2 more" in words
    assert titles(alice) == []


def test_a_yes_imports_it_all_and_a_second_time_nothing(alice: Client) -> None:
    content = zipped({"conversations/2026/a.json": conversation("One"), "conversations/b.json": conversation("Two")})
    reply = bring(alice, content)
    assert (reply.status, reply.headers["Location"]) == (302, "/settings/import/?imported=2")
    assert "2 conversations have been imported." in alice.get(reply.headers["Location"], Accept="text/html").text
    assert sorted(titles(alice)) == ["One", "Two"]
    assert "Nothing in this file is new" in post(alice, content).text
    assert "2 are there already" in post(alice, content).text


def test_a_yes_to_another_file_is_none(alice: Client) -> None:
    digest = Page(post(alice, conversation("One")).text).digest
    assert "1 conversation would come" in post(alice, conversation("Two"), confirm=digest).text
    assert titles(alice) == []


def test_what_one_site_exports_another_user_imports(alice: Client, bob: Client, question: str) -> None:
    assert alice.user
    assert bob.user
    alice.ask_whole(question)
    pk = Conversation.objects.get(owner=alice.user).pk
    Conversation.objects.filter(pk=pk).update(
        is_pinned=True, system_prompt="Be brief.", temperature=0.5, max_tokens=100
    )
    assert bring(bob, alice.get("/export/").body).status == 302
    theirs = Conversation.objects.get(owner=bob.user)
    assert (theirs.is_pinned, theirs.system_prompt, theirs.temperature, theirs.max_tokens) == (
        True,
        "Be brief.",
        0.5,
        100,
    )
    assert [message.text for message in theirs.branch()] == [
        message.text for message in Conversation.objects.get(pk=pk).branch()
    ]
    assert question in bob.get(f"/c/{theirs.pk}/").text


def test_what_the_model_was_not_shown_is_still_said(alice: Client, bob: Client, question: str) -> None:
    assert bob.user
    page = alice.ask_whole(question)
    assert page.start
    Generation.objects.filter(pk=page.start["generation"]).update(left_out=2)
    assert bring(bob, alice.get("/export/").body).status == 302
    theirs = Conversation.objects.get(owner=bob.user)
    assert "Messages left out: 2." in bob.get(f"/c/{theirs.pk}/", Accept="text/html").text


def test_conversations_that_share_ids_get_others(alice: Client) -> None:
    """Within one file, and twice the same one in it."""
    first, second = conversation("First"), conversation("Second")
    second |= {"messages": first["messages"], "current": first["current"]}
    bring(alice, [first, second, first])
    assert sorted(titles(alice)) == ["First", "Second"]
    assert [each.branch()[0].text for each in Conversation.objects.all()] == ["First", "First"]


def test_one_that_is_in_the_trash_comes_anew(alice: Client) -> None:
    assert alice.user
    stored, _ = stored_conversation(alice.user.pk, ["Hello?"])
    document = saved(alice.user.pk, stored.pk)
    assert document
    assert alice.post(f"/c/{stored.pk}/deletion/", {}).status == 200
    assert bring(alice, as_json(document).encode()).status == 302
    (again,) = Conversation.objects.owned_by(alice.user)
    assert (again.pk == stored.pk, [message.text for message in again.branch()]) == (False, ["Hello?"])
    assert "Nothing in this file is new" in post(alice, as_json(document).encode()).text


# What ends in a question


def test_what_ends_in_a_question_is_answered(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    """By the button of its page, once."""
    asked = conversation(question)
    bring(alice, asked)
    pk = asked["messages"][0]["id"]
    page = alice.get(f"/c/{asked['id']}/", Accept="text/html").text
    assert "This question has no answer yet." in page
    assert f'action="/messages/{pk}/regenerations/"' in page
    upstream.script(question, say("Forty-two."), finish(), done())
    new = str(uuid.uuid4())
    for _ in range(2):
        with alice.stream("POST", f"/messages/{pk}/regenerations/", {"id": new}) as stream:
            answer = stream.rest()
            assert (answer.text, answer.start and answer.start["parent"]) == ("Forty-two.", pk)
    assert len(upstream.asked(question)) == 1
    assert "This question has no answer yet." not in alice.get(f"/c/{asked['id']}/", Accept="text/html").text
    refused = alice.post(f"/messages/{pk}/regenerations/", {"id": str(uuid.uuid4())})
    assert (refused.status, refused.code) == (400, "bad_input")
    alice.ask_whole(question + " And why?", asked["id"], parent=new)


def test_a_form_answers_it_too(alice: Client, question: str) -> None:
    asked = conversation(question)
    bring(alice, asked)
    form = {"id": str(uuid.uuid4()), "model": ""}
    reply = alice.post(f"/messages/{asked['messages'][0]['id']}/regenerations/", form=form)
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{asked['id']}/")


def test_what_is_sent_below_an_unanswered_question_follows_it(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    """The model is shown both, as it is where an answer has failed without a word."""
    asked = conversation(f"First: {question}")
    bring(alice, asked)
    alice.ask_whole(question, asked["id"], parent=asked["messages"][0]["id"])
    (request,) = upstream.asked(question)
    assert [message["content"] for message in request.json["messages"]] == [f"First: {question}", question]
    again = alice.post(
        f"/c/{asked['id']}/messages/", {"id": str(uuid.uuid4()), "text": "More", "parent": asked["messages"][0]["id"]}
    )
    assert again.status == 200


def test_ids_that_somebody_has_foreseen_give_way(alice: Client, bob: Client) -> None:
    """Those that take the place of what is somebody else's follow from them, so that anybody can have them first."""
    assert alice.user
    theirs, mine = conversation("Theirs"), conversation("Mine")
    message, place = uuid.UUID(mine["messages"][0]["id"]), uuid.uuid5(uuid.UUID(mine["id"]), str(alice.user.pk))
    foreseen = [
        uuid.UUID(mine["id"]),
        place,
        message,
        uuid.uuid5(place, str(message)),
        uuid.uuid5(uuid.UUID(mine["id"]), str(message)),
    ]
    for number, pk in enumerate(foreseen[:2]):
        bring(bob, conversation(f"At {number}", id=str(pk)))
    for number, pk in enumerate(foreseen[2:]):
        other = conversation(f"Message {number}", current=str(pk))
        other["messages"][0]["id"] = str(pk)
        bring(bob, other)
    assert Message.objects.filter(pk__in=foreseen).count() == 3
    assert bring(alice, [theirs, mine]).status == 302
    assert sorted(titles(alice)) == ["Mine", "Theirs"]
    assert len(titles(bob)) == 5


def in_a_zip(data: object) -> bytes:
    return zipped({"user.json": {}, "conversations.json": data})


@pytest.mark.parametrize("wrap", [lambda data: data, in_a_zip])
def test_chatgpts_export_is_imported_too(alice: Client, wrap: Callable[[object], object]) -> None:
    data = [chatgpts("First", "Hello?"), chatgpts("Second", "x" * 200_000)]
    assert bring(alice, wrap(data)).status == 302
    assert sorted(titles(alice)) == ["First", "Second"]


def test_they_are_merged_into_the_list_by_their_last_change(alice: Client) -> None:
    assert alice.user
    for title, day in (("Old", 0), ("New", 20)):
        stored, _ = stored_conversation(alice.user.pk, ["Hello?"])
        Conversation.objects.filter(pk=stored.pk).update(title=title, updated_at=NOON + timedelta(days=day))
    days = {"Oldest": -1, "Newest": 30, "Between": 10}
    bring(alice, [conversation(title, NOON + timedelta(days=day)) for title, day in days.items()])
    assert titles(alice) == ["Newest", "New", "Between", "Old", "Oldest"]
    stored.refresh_from_db()
    stored.touch(current=stored.current)
    assert titles(alice)[0] == "New"


# What is attached


def with_files(title: str, *files: tuple[str, bytes]) -> dict[str, Any]:
    """A document whose question has these, and says of each that it is a text."""
    document = conversation(title)
    document["attachments"] = [
        {
            "id": str(uuid.uuid4()),
            "kind": "text",
            "name": name,
            "media_type": "text/plain",
            "created_at": NOON.isoformat(),
            "data": b64encode(data).decode(),
        }
        for name, data in files
    ]
    document["messages"][0]["attachments"] = [each["id"] for each in document["attachments"]]
    return document


def test_what_was_attached_on_one_site_is_attached_on_another(alice: Client, bob: Client, question: str) -> None:
    """A PNG to the pixel, a PDF to the byte, a photo as good as the same."""
    assert bob.user
    files = {"a.png": image("PNG"), "b.jpg": photo(), "c.pdf": pdf(["One", "Two"]), "d.py": "print('ü')".encode()}
    alice.ask_whole(question, attachments=[alice.attach(content, name) for name, content in files.items()])
    content = alice.get("/export/").body
    look = " ".join(Page(post(bob, content).text).words.split())
    assert "4 attached files would come with them." in look
    assert not Attachment.objects.filter(owner=bob.user).exists()
    assert bring(bob, content).status == 302
    theirs = Attachment.objects.filter(owner=bob.user).select_related("content", "conversation__owner")
    assert {each.name for each in theirs} == set(files)
    for each in theirs:
        mine = Attachment.objects.select_related("content").get(name=each.name, owner=alice.user)
        assert each.pk != mine.pk
        assert each.conversation.owner == bob.user
        same = ("kind", "media_type", "width", "height", "pages", "characters", "created_at")
        assert [getattr(each, name) for name in same] == [getattr(mine, name) for name in same]
        assert each.content.text == mine.content.text
        if each.name == "b.jpg":
            assert (
                most_apart(decoded(bytes(each.content.data)), decoded(bytes(mine.content.data))) < 32
            )  # red beside blue
        else:
            assert bytes(each.content.data) == bytes(mine.content.data)
    message = Conversation.objects.get(owner=bob.user).messages.get(role="user")
    assert [each.name for each in message.attachments] == list(files)
    for name in files:
        assert str(message.pk) in bob.get(f"/search/?q={name}", Accept="text/html").text


def most_apart(one: Image.Image, other: Image.Image) -> int:
    """How far the pixels of two images of one size differ at most, of 255."""
    return max(high for _low, high in ImageChops.difference(one, other).getextrema())


def test_files_beyond_the_storage_of_their_owner_are_not_imported(
    run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    alice = client_for(run_site(CHAT_STORAGE_PER_USER="2000"))
    content = with_files("Two", ("a.txt", b"a" * 1100), ("b.txt", b"b" * 1100))
    for confirm in ("", "yes", hashlib.sha256(json.dumps(content).encode()).hexdigest()):
        reply = post(alice, content, confirm)
        assert reply.status == 413
        assert "take 0 of the 2,000 bytes that are yours here" in Page(reply.text).words
    assert not Attachment.objects.exists()
    assert bring(alice, with_files("One", ("a.txt", b"a" * 1100))).status == 302


def test_where_nothing_can_be_attached_no_file_is_imported(
    run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    alice = client_for(run_site(CHAT_ATTACHMENTS="off"))
    reply = post(alice, with_files("One", ("a.txt", b"a")))
    assert "a.txt, attached in “One”: No files can be attached on this site." in Page(reply.text).words
    assert bring(alice, conversation("One")).status == 302


# What is broken

BROKEN_LATE = [conversation("Bad", version=99), conversation("Worse", messages=None)]


def bomb() -> bytes:
    return zipped({"conversations/a.json": b" " * 21_000_000})


def with_wrong_bytes(name: str = "conversations.json", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip whose directory is whole, and an entry of which is not: its checksum, or what is compressed."""
    content = bytearray(zipped({name: json.dumps([chatgpts("One", "x" * 999)]).encode()}, compression))
    content[30 + len(name) + 40] ^= 0xFF
    return bytes(content)


def many_files() -> bytes:
    return zipped({f"{number}.txt": b"" for number in range(10_001)})


LONG_NAMES = zipped({"conversations/" * 4_500 + f"{number}.txt": b"" for number in range(10)})


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (BROKEN_LATE, 400, "In mine.json, conversation 1: The file is damaged: at version"),
        (zipped({"conversations/a.json": [], "conversations/b.json": {}}), 400, "conversations/b.json"),
        (b'[{"format": ', 400, "conversation 1: This is not JSON in UTF-8."),
        (b"\xff\xfe", 400, "This is not JSON in UTF-8."),
        (b"", 400, "This is not JSON in UTF-8."),
        (b"[" * 100_000, 400, "It is nested too deeply."),
        ([], 400, "There are no conversations in this file."),
        (zipped({"user.json": {}}), 400, "There are no conversations in this file."),
        (
            in_a_zip([]).replace(b"PK\1\2", b"PK\1\3"),
            400,
            "The zip is damaged.",
        ),
        (with_wrong_bytes(), 400, "The zip is damaged."),
        (with_wrong_bytes(compression=zipfile.ZIP_STORED), 400, "The zip is damaged."),
        (LONG_NAMES, 400, "There are no conversations in this file."),
        (zipped({"conversations.json": b"[]"}, zipfile.ZIP_LZMA), 400, "packed in a way"),
        (bomb, 413, "What is in the zip is larger than 20,000,000 bytes."),
        (b"[{}" + b"," * 9 + b"]", 400, "conversation 1: This is not a conversation"),
        (many_files, 413, "more than 10,000 files"),
        (with_files("Zip", ("a.zip", zipped({}))), 400, "a.zip, attached in “Zip”: This is neither an image nor text"),
        ([with_files("Cut", ("x/b.png", image("PNG")[:60]))], 400, "b.png, attached in “Cut”:"),
        (with_files("Bomb", ("c.png", claiming(100_000, 100_000))), 400, "This image has 10,000,000,000 pixels"),
        (with_files("Long", ("d.txt", b"d" * 200_001)), 400, "more text than a model can be shown"),
        (with_files("Large", ("e.txt", b"e" * 1_000_001)), 400, "This file has 1,000,001 bytes; 1,000,000 are"),
        (with_files("Many", *[("f.txt", b"f")] * 501), 413, "more than 500 attached files"),
        (with_files("Odd") | {"attachments": [{"id": "x"}]}, 400, "at attachments.0.id"),
        (conversation("Late", created_at="0001-01-01T00:00:00+14:00"), 400, "at created_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_file_imports_nothing_and_says_why(
    run_site: RunSite, client_for: Callable[..., Client], content: object, status: int, words: str
) -> None:
    alice = client_for(run_site(CHAT_IMPORT_BYTES="2000000", CHAT_ATTACHMENT_BYTES="1000000"))
    content = content() if callable(content) else content
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    for confirm in ("", hashlib.sha256(data).hexdigest()):
        reply = post(alice, content, confirm=confirm)
        assert reply.status == status
        assert words in Page(reply.text).words
    assert Message.objects.count() == Attachment.objects.count() == 0


def test_what_cannot_be_read_is_named_and_after_a_yes_the_rest_comes(alice: Client) -> None:
    """Whole conversations: one whose parts, version or file are wrong, one that is none, and what follows no JSON."""
    parts = chatgpts("Parts", "")
    parts["mapping"]["q"]["message"]["content"]["parts"] = None
    files: dict[str, object] = {
        "conversations/a.json": [conversation("Good"), parts, conversation("New", version=99)],
        "conversations/b.json": {},
        "conversations/c.json": json.dumps(conversation("Fine")).encode() + b"]",
        "conversations/d.json": with_files("Cut", ("x/b.png", image("PNG")[:60])),
        "conversations/e.json": json.dumps([conversation("Last")]).encode()[:-1] + b",,]",
    }
    content = zipped(files)
    look = Page(post(alice, content).text)
    words = " ".join(look.words.split())
    assert "3 conversations would come, with 3 messages: Good Fine Last" in words
    assert "6 conversations cannot be read and would not come:" in words
    for said in (
        "Parts In conversations/a.json, conversation 2: This is not a conversation of ChatGPT's export.",
        "New In conversations/a.json, conversation 3: The file is damaged: at version",
        "In conversations/b.json, conversation 1: This is not a conversation that was exported from this site.",
        "In conversations/c.json, conversation 2: This is not JSON in UTF-8, so that nothing after it can be read.",
        "Cut b.png, attached in “Cut”: This image",
        "In conversations/e.json, conversation 2: This is not JSON",
    ):
        assert said in words
    assert titles(alice) == []
    assert post(alice, content, confirm=hashlib.sha256(content).hexdigest()).status == 200
    assert titles(alice) == [], "A yes to the file alone is none to what is left out"
    assert post(alice, content, confirm=look.digest).headers["Location"] == "/settings/import/?imported=3"
    assert sorted(titles(alice)) == ["Fine", "Good", "Last"]
    assert Attachment.objects.filter(owner=alice.user).count() == 0
    assert "3 are there already" in post(alice, content).text


@pytest.mark.parametrize(
    "name", ["chatgpt.json", "claude.json", "librechat_branches.json", "librechat_recursive.json", "openwebui.json"]
)
def test_other_programs_exports_are_imported_exported_and_gone_on_with(
    alice: Client, name: str, question: str
) -> None:
    content = (EXPORTS / name).read_bytes()
    assert bring(alice, content).status == 302
    mine = Conversation.objects.owned_by(alice.user)
    assert mine
    for each in mine:
        page = alice.get(f"/c/{each.pk}/", Accept="text/html").text
        assert all(html.escape(message.text) in page for message in each.branch())
        alice.ask_whole(f"{question} {each.pk}", str(each.pk), parent=str(each.current_id))
    for generation in Generation.objects.filter(message__conversation__in=mine):
        assert alice.follow(str(generation.pk)).rest().end
    assert "Nothing in this file is new" in post(alice, alice.get("/export/").body).text


def test_a_file_over_the_limit_is_refused(run_site: RunSite, client_for: Callable[..., Client]) -> None:
    alice = client_for(run_site(CHAT_IMPORT_BYTES="2000000"))
    assert post(alice, chatgpts("Fits", "x" * 1_900_000)).status == 200
    reply = post(alice, chatgpts("Does not", "x" * 2_100_000))
    assert reply.status == 413
    assert "larger than" in reply.text


def test_without_a_file_it_asks_for_one(alice: Client) -> None:
    reply = alice.post("/imports/", form={}, Accept="text/html")
    assert reply.status == 400
    assert "Choose a file first." in reply.text


# What it costs others


def long_conversation(title: str, count: int) -> dict[str, Any]:
    """A document with so many messages, each below the one before."""
    document, above = conversation(title), None
    document["messages"] = []
    for number in range(count):
        role = ("user", "assistant")[number % 2]
        message = {"id": str(uuid.uuid4()), "parent": above, "role": role, "created_at": NOON.isoformat()}
        document["messages"].append(message | {"parts": [{"kind": "text", "text": f"Number {number} of {title}"}]})
        above = message["id"]
    return document | {"current": above}


@pytest.mark.alone
def test_while_a_long_file_is_imported_others_are_answered_and_nobody_sees_a_part_of_it(
    run_site: RunSite, client_for: Callable[..., Client], question: str
) -> None:
    site = run_site(own=True, CHAT_MESSAGES_PER_MINUTE="0")
    alice, bob = client_for(site), client_for(site)
    memory = resident(site.pid)
    reply = bring(alice, long_conversation("Long", 30_000))
    path, waits, seen = "/imports/" + reply.headers["Location"].partition("import=")[2] + "/", [], []
    while (found := alice.get(path).json)["status"] == "running":
        seen.append(found["stored"])
        assert titles(alice) == [] or alice.get(path).json["status"] == "done"  # by now
        began = time.monotonic()
        bob.ask_whole(f"{question} {len(seen)}")
        bob.get("/", Accept="text/html")
        waits.append(time.monotonic() - began)
    assert waits
    assert max(waits) < 4  # a question and a page
    assert seen == sorted(seen)
    assert (found["status"], found["stored"], found["messages"]) == ("done", 30_000, 30_000)
    assert resident(site.pid) - memory < 300_000_000
    assert titles(alice) == ["Long"]
    assert "1 conversation has been imported." in alice.get(reply.headers["Location"], Accept="text/html").text
    long = Conversation.objects.get(title="Long")
    assert len(long.tree().path(long.current_id)) == 30_000
    site.close()


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize(
    "data",
    [
        lambda: b'{"format": "chatsite-conversation", "messages": [' + b"[]," * 999_999 + b"[]]}",
        lambda: b"[" + b"[]," * 6_000_000 + b"[]]",
        lambda: b'{"mapping": {' + b",".join(b'"%d":[]' % n for n in range(500_000)) + b"}}",
    ],
    ids=["faults", "documents", "nodes"],
)
def test_a_small_file_takes_no_memory_of_the_site(alice: Client, site: Site, data: Callable[[], bytes]) -> None:
    content = zipped({"conversations.json": data()})
    post(alice, conversation("First"))
    memory = resident(site.pid)
    assert post(alice, content).status == 400
    assert resident(site.pid) - memory < 50_000_000


def test_what_an_import_left_whose_process_is_gone_is_erased(
    run_site: RunSite, client_for: Callable[..., Client]
) -> None:
    site = run_site(own=True)
    alice = client_for(site)
    content = [with_files("With a file", ("a.txt", b"a")), long_conversation("Long", 6_000)]
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(bring, alice, content)  # for its end, for some seconds
        eventually(Message.objects.exists, "a first part of the import")
        site.kill()
        with pytest.raises(ConnectionError):  # RemoteDisconnected is one
            waiting.result()
    begun = Import.objects.get(status="running")
    again = post(client_for(run_site()), conversation("One"))
    assert again.status == 200
    Import.objects.update(renewed_at=timezone.now() - LEASE)
    end_dead_imports()
    begun.refresh_from_db()
    assert (begun.status, begun.code) == ("failed", "interrupted")
    assert Conversation.with_deleted.count() == Message.objects.count() == Attachment.objects.count() == 0
    site.start()
    assert "The import was interrupted" in alice.get(f"/settings/import/?import={begun.pk}", Accept="text/html").text
    assert alice.get(f"/imports/{begun.pk}/").json["error"]["code"] == "interrupted"
    assert bring(alice, conversation("One")).status == 302
    assert titles(alice) == ["One"]
    site.close()


def test_one_import_of_a_user_is_under_way_at_a_time(alice: Client) -> None:
    assert alice.user
    begun = Import.objects.create(owner=alice.user, messages=5, stored=2, renewed_at=timezone.now())
    reply = bring(alice, conversation("One"))
    assert reply.status == 409
    assert "Another import of yours is under way." in Page(reply.text).words
    page = alice.get("/settings/import/", Accept="text/html").text
    assert "Messages imported: 2 of 5" in page
    assert f'content="3; url=/settings/import/?import={begun.pk}"' in page
    assert 'type="file"' not in page
    Import.objects.update(renewed_at=timezone.now() - LEASE)
    assert bring(alice, conversation("One")).status == 302


def test_a_yes_that_is_sent_twice_leads_to_the_import_that_it_began(alice: Client, bob: Client) -> None:
    content, pk = long_conversation("Long", 3_000), uuid.uuid4()
    looked = post(alice, content)
    assert re.search('name="id" value="[0-9a-f-]{36}"', looked.text)
    digest = Page(looked.text).digest
    with ThreadPoolExecutor(2) as threads:
        led = [
            each.headers.get("Location") for each in threads.map(lambda _: post(alice, content, digest, pk), range(2))
        ]
    # Whoever waits for it long enough sees its end at once.
    assert set(led) <= {f"/settings/import/?import={pk}", "/settings/import/?imported=1"}
    eventually(Import.objects.filter(pk=pk, status="done").exists, "the end of the import", 30)
    again = post(alice, content, digest, pk)
    assert (again.status, again.headers["Location"]) == (302, f"/settings/import/?import={pk}")
    assert "1 conversation has been imported." in alice.get(again.headers["Location"], Accept="text/html").text
    assert titles(alice) == ["Long"]
    assert post(bob, content, digest, pk).status == 409  # somebody else's id


def test_text_that_was_imported_takes_its_owners_storage(run_site: RunSite, client_for: Callable[..., Client]) -> None:
    alice = client_for(run_site(CHAT_STORAGE_PER_USER="2000"))
    large = conversation("Large")
    large["messages"][0]["parts"][0]["text"] = "ä" * 800
    assert bring(alice, large).status == 302
    for confirm in (False, True):
        another = conversation("Another", system_prompt="x" * 300)
        reply = bring(alice, another) if confirm else post(alice, another)
        assert reply.status == 413
        assert "of the 2,000 bytes that are yours here" in Page(reply.text).words
    assert alice.upload(b"x" * 300, "a.txt").status == 413
    assert titles(alice) == ["Large"]
