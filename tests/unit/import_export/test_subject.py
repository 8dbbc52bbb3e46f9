"""All that the site has of one person: whole, theirs alone, readable, harmless, and never much of it in memory."""

import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from weakref import WeakSet

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models.signals import post_init

from chat.audit import record, record_list
from chat.i18n import in_english
from chat.import_export.reading import read_here
from chat.import_export.records import Refused
from chat.import_export.subject import Section, in_steps, register, subject_zip, untold
from chat.import_export.subject.paths import attachment_path
from chat.import_export.subject.sections import LEFT_OUT, SECTIONS, STEP
from chat.models import (
    Attachment,
    Conversation,
    Message,
)
from chat.retention.holds import place
from tests.support.subject import HOSTILE, OTHERS, SECRET, use, with_everything, zip_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return with_everything("ann", HOSTILE)


class Page(HTMLParser):
    """What a browser would make of a page: its elements, where it leads, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.links, self.attributes, self.words = set[str](), list[str](), set[str](), ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def pages_in(archive: zipfile.ZipFile) -> Iterator[tuple[str, Page]]:
    for name in archive.namelist():
        if name.endswith(".html"):
            yield name, Page(archive.read(name).decode())


def test_each_kind_of_thing_is_there_as_a_page_and_as_json(ann: User) -> None:
    archive = zip_of(ann)
    assert archive.testzip() is None
    index = Page(archive.read("index.html").decode())
    assert index.links == [f"{name}.html" for name in SECTIONS]
    empty = set()
    for name in SECTIONS:
        rows = json.loads(archive.read(f"{name}.json"))
        page = archive.read(f"{name}.html").decode()
        assert page.count("<article>") == len(rows), name
        if not rows:
            assert "There is nothing." in page
            empty.add(name)
    assert empty == {"readings", "read", "acts", "kept"}, "of which there are tests below"
    account = json.loads(archive.read("account.json"))
    assert (account[0]["email"], account[0]["groups"]) == ("ann@example.org", ["group of ann"])
    assert json.loads(archive.read("prompts.json")) == [{"name": "prompt of ann", "text": HOSTILE}]
    assert json.loads(archive.read("feedback.json"))[0]["comment"] == HOSTILE
    assert json.loads(archive.read("quotas.json"))[0]["amount"] == "12.345678901"
    assert json.loads(archive.read("grants.json"))[0]["amount"] == "7"
    assert "note" not in json.loads(archive.read("feedback.json"))[0]


def test_conversations_are_pages_and_json_that_a_site_reads_again(ann: User) -> None:
    archive = zip_of(ann)
    found = [name for name in archive.namelist() if name.startswith("conversations/")]
    assert sorted({name.rpartition(".")[2] for name in found}) == ["html", "json"]
    assert len(found) == 4, "with the temporary one"
    archive.fp.seek(0)
    records = list(read_here(archive.fp, "all.zip", 0))
    assert records
    assert not [each for each in records if isinstance(each, Refused)]
    (page,) = [page for name, page in pages_in(archive) if "thought" in page.words]
    assert page.words.count(HOSTILE) >= 3
    assert {"details", "summary"} <= page.tags


def test_files_are_there_as_they_are_stored_and_none_is_a_page(ann: User) -> None:
    archive = zip_of(ann)
    for row in Attachment.objects.all():
        path = attachment_path(row)
        assert re.fullmatch(r"files/[a-z0-9_-]+\.(txt|png)", path), path
        assert archive.read(path) == bytes(row.content.data)
    assert Attachment.objects.count() == 3


def test_every_word_is_escaped_and_nothing_runs_or_comes_from_elsewhere(ann: User) -> None:
    archive, found = zip_of(ann), 0
    for name, page in pages_in(archive):
        assert not page.tags & {"script", "img", "iframe", "link", "object", "form"}, name
        assert not {each for each in page.attributes if each.startswith("on")}, name
        for link in page.links:
            if not link.startswith("#"):
                assert normpath(join(dirname(name), link)) in archive.namelist(), (name, link)
        found += HOSTILE in page.words
        assert "default-src 'none'" in archive.read(name).decode()
    assert found >= 5


def test_nothing_of_others_and_no_secret_is_in_it(ann: User) -> None:
    bob = with_everything("bob", OTHERS)
    archive = zip_of(ann)
    everything = b"".join(archive.read(name) for name in archive.namelist()) + repr(archive.namelist()).encode()
    hashed = ann.password.encode()
    for word in (OTHERS.encode(), b"bob", SECRET.encode(), b"of staff alone", hashed, str(bob.pk).encode() + b"-bob"):
        assert word not in everything, word
    theirs = zip_of(bob)
    assert OTHERS in theirs.read("prompts.json").decode(), "proves that it could be there"


def test_readings_are_told_as_the_site_tells_them(ann: User, settings: Any) -> None:
    staff = User.objects.create_user("rob")
    record(staff, Conversation.objects.filter(owner=ann, is_temporary=False).get(), "Read the transcript.")
    assert json.loads(zip_of(ann).read("readings.json")) == []
    settings.CHAT_READING_NOTICE = "at once"
    (told,) = json.loads(zip_of(ann).read("readings.json"))
    assert (told["who"], told["what"]) == ("rob", "Read the transcript.")


def test_costs_lose_no_digit_and_an_unknown_one_is_none(ann: User) -> None:
    use(ann, "dear", cost=9_007_199_254_740_993)
    use(ann, "a-secret-price", cost=None)
    archive = zip_of(ann)
    costs = {"model-of-ann": "0.000000001", "dear": "9007199.254740993", "a-secret-price": None}
    for name in ("usage", "runs"):
        rows = json.loads(archive.read(f"{name}.json"))
        assert {row["model"]: row["cost"] for row in rows} == costs, name
        assert {row["currency"] for row in rows if row["cost"]} == {"EUR"}
        assert {(row["input"], row["output"]) for row in rows} == {(7, 2)}
    assert "9007199.254740993" in archive.read("usage.html").decode()


def test_staff_get_what_they_have_read_without_the_names_of_it(ann: User) -> None:
    staff = User.objects.create_user("rob")
    record(staff, Conversation.objects.filter(owner=ann, is_temporary=False).get(), "Read the transcript.")
    record_list(staff, Conversation, "Searched the list.", 1, "gardening")
    archive = zip_of(staff)
    read, searched = json.loads(archive.read("read.json"))
    assert (read["what"], searched["words"]) == ("Read the transcript.", "gardening")
    assert HOSTILE[:80] not in archive.read("read.json").decode()


def test_what_is_held_is_told_without_a_reason_and_only_own_acts_are(ann: User) -> None:
    staff, held = User.objects.create_user("rob"), Conversation.objects.filter(owner=ann).first()
    assert held
    place(staff, "a-secret-inquiry", owner_id=ann.pk, conversation_id=held.pk)
    place(staff, "a-secret-inquiry", owner_id=ann.pk)
    archive = zip_of(ann)
    assert json.loads(archive.read("kept.json")) == [{"conversation": str(held.pk)}, {"conversation": ""}]
    assert json.loads(archive.read("acts.json")) == []
    assert "a-secret-inquiry" not in "".join(archive.read(f"{name}.json").decode() for name in SECTIONS)
    acts = json.loads(zip_of(staff).read("acts.json"))
    assert [act["action"] for act in acts] == ["hold", "hold"]


def test_each_table_that_refers_to_a_user_is_told_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who adds one names it in a section (chat/import_export/subject/sections.py), or says there why it is in none."""
    assert untold() == []
    known = {model._meta.label for model in apps.get_models()}
    named = [table for section in SECTIONS.values() for table in section.tables] + list(LEFT_OUT)
    assert set(named) <= known, "some are gone"
    assert len(named) == len(set(named)), "some are named twice"
    assert all(LEFT_OUT.values())
    monkeypatch.setitem(SECTIONS, "prompts", Section("prompts", "Prompts", lambda user: [], {}))
    monkeypatch.setitem(SECTIONS, "links", Section("links", "Links", lambda user: [], {}))
    assert untold() == ["chat.Prompt", "chat.Share", "chat.ShareSection"], "of a user, of a conversation, of its link"


def test_a_room_adds_its_own_and_takes_the_place_of_another(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECTIONS, "orders", Section("orders", "Old", lambda user: [], {}))  # which takes it out again
    register(Section("orders", "Orders", lambda user: [{"number": 7, "of": user.username}], {"number": "Number"}))
    archive = zip_of(ann)
    assert json.loads(archive.read("orders.json")) == [{"number": 7, "of": "ann"}]
    assert '<a href="orders.html">Orders</a> (1)' in archive.read("index.html").decode()


def test_of_ten_thousand_conversations_few_rows_are_in_memory_at_once(ann: User) -> None:
    made = Conversation.objects.bulk_create(Conversation(owner=ann, title=f"No. {number}") for number in range(10_000))
    del made
    alive, most, seen = WeakSet[Conversation](), 0, 0

    def count(instance: Conversation, **kwargs: Any) -> None:
        nonlocal most
        alive.add(instance)
        most = max(most, len(alive))

    post_init.connect(count, Conversation)
    try:
        for row in SECTIONS["contents"].rows(ann):
            seen += bool(row)
    finally:
        post_init.disconnect(count, Conversation)
    assert seen == 10_002
    assert STEP <= most <= 2 * STEP + 2, "those of a step, and of the one before it"


def test_the_zip_holds_few_rows_and_bytes_at_once(ann: User) -> None:
    Conversation.objects.bulk_create(Conversation(owner=ann, title=f"No. {number}") for number in range(2 * STEP))
    alive, most = WeakSet[Any](), dict[Any, int]()

    def count(sender: Any, instance: Any, **kwargs: Any) -> None:
        alive.add(instance)
        most[sender] = max(most.get(sender, 0), sum(type(each) is sender for each in alive))

    post_init.connect(count)
    try:
        largest = max(map(len, subject_zip(ann, in_english, "en")))
    finally:
        post_init.disconnect(count)
    assert max(most.values()) <= 2 * STEP + 2
    assert most[Message] <= 4
    assert largest < 100_000


def test_steps_lose_no_row_where_many_are_of_one_moment(ann: User) -> None:
    moment = Conversation.objects.filter(owner=ann).latest("created_at").created_at
    Conversation.objects.bulk_create(
        Conversation(owner=ann, title=str(number), created_at=moment) for number in range(2 * STEP + 1)
    )
    found = [row.pk for row in in_steps(Conversation.objects.filter(owner=ann), "created_at")]
    assert len(found) == len(set(found)) == 2 * STEP + 3


def test_the_command_writes_a_file_for_its_maker_alone(ann: User, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "ann.zip"
    call_command("subject", "ann", output=str(file), language="de")
    assert file.stat().st_mode & 0o777 == 0o600
    assert '<html lang="de">' in zipfile.ZipFile(file).read("index.html").decode()
    with pytest.raises(CommandError, match="cannot be written: File exists"):
        call_command("subject", "ann", output=str(file))
    for unknown in ("nobody", "0", "9" * 30):
        with pytest.raises(CommandError, match=f"There is no user '{unknown}'"):
            call_command("subject", unknown, output=str(tmp_path / "nobody.zip"))
    with pytest.raises(CommandError, match="There is no language 'xx'"):
        call_command("subject", "ann", output=str(tmp_path / "xx.zip"), language="xx")
    assert [each.name for each in tmp_path.iterdir()] == ["ann.zip"]


def test_the_command_knows_people_by_name_before_it_does_by_id(ann: User, tmp_path: Path) -> None:
    def told(said: str) -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.zip"
        call_command("subject", said, output=str(file))
        name: str = json.loads(zipfile.ZipFile(file).read("account.json"))[0]["name"]
        return name

    assert told(str(ann.pk)) == "ann"
    User.objects.create_user(str(ann.pk))
    assert told(str(ann.pk)) == str(ann.pk)


def test_the_command_says_which_tables_it_knows_nothing_of(
    ann: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.delitem(LEFT_OUT, "chat.SearchEntry")
    call_command("subject", "ann", output=str(tmp_path / "ann.zip"))
    assert "Not in it, though they refer to users: chat.SearchEntry." in capsys.readouterr().err


def test_nothing_is_left_of_a_file_that_is_not_whole(
    ann: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(user: Any) -> Iterator[Any]:
        yield {"number": 1}
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(SECTIONS, "broken", Section("broken", "Broken", fails, {"number": "Number"}))
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("subject", "ann", output=str(tmp_path / "a.zip"))
    assert list(tmp_path.iterdir()) == []
