"""The notice of a site: before the first question, in each of its versions, and in the way of nothing else."""

import html
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as InProcess

from chat.conversations import notice
from chat.models import Attachment, Conversation, Message, NoticeAcceptance
from tests.conftest import RunSite
from tests.support.client import Client, multipart
from tests.support.client import question as question_of
from tests.support.conversations import stored_conversation
from tests.support.upstream import ScriptedUpstream, say

PAGE = {"Accept": "text/html"}
TEXT = "# Rules of <b>this</b> house\n\nWrite **nothing** secret.\n"
CHANGED = TEXT + "\nNor anything of others.\n"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In which a site finds its notice, and another one its successor."""
    folder = tmp_path_factory.mktemp("notice")
    (folder / "first.md").write_text(TEXT)
    (folder / "second.md").write_text(CHANGED)
    return folder


@pytest.fixture
def ann(committed: None, run_site: RunSite, folder: Path, client_for: Callable[..., Client]) -> Client:
    return client_for(run_site(CHAT_NOTICE=str(folder / "first.md")))


def version_on(page: str) -> str:
    return re.findall(r'name="version" value="(\w{64})"', page)[0]


def accept(client: Client) -> None:
    assert client.post("/notice/", {"version": client.get("/notice/").json["version"]}).status == 200


def test_it_stands_in_the_place_of_the_composer_until_it_is_accepted(
    ann: Client, upstream: ScriptedUpstream, question: str
) -> None:
    page = ann.get("/?temporary", **PAGE).text
    assert "Rules of &lt;b&gt;this&lt;/b&gt; house</h2>" in page
    assert "<strong>nothing</strong>" in page
    assert 'id="composer"' not in page
    assert "What would you like to know?" not in page
    way = html.unescape(re.findall(r'action="(/notice/[^"]*)"', page)[0])
    answer = ann.post(way, form={"version": version_on(page)}, **PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, "/?temporary")
    assert 'id="composer"' in ann.get("/", **PAGE).text
    upstream.script(question, say("Hello"))
    assert ann.ask_whole(question).text == "Hello"
    assert "You accepted it on" in ann.get("/notice/", **PAGE).text


def test_nothing_new_comes_from_who_has_not_accepted_it(ann: Client) -> None:
    conversation, (_asked, said) = stored_conversation(ann.user.pk, ["Why?", "So."])
    own = f"/c/{conversation.pk}/messages/"
    wishes = [
        (f"/c/{uuid.uuid4()}/messages/", question_of("Hello")),
        (own, question_of("And then?", parent=str(said.pk))),
        (own, question_of("Why not?")),  # an edit
        (f"/messages/{said.pk}/regenerations/", {"id": str(uuid.uuid4())}),
    ]
    for path, body in wishes:
        answer = ann.post(path, body)
        assert (answer.status, answer.code, answer.json["error"]["notice"]) == (403, "notice", "/notice/"), path
    conversation.refresh_from_db()
    assert said.generations.exists()
    said.generations.update(status="stopped")
    answer = ann.post(f"/messages/{said.pk}/continuations/", {"id": str(uuid.uuid4())})
    assert (answer.status, answer.code) == (403, "notice")
    upload = ann.upload(b"words", "a.txt")
    assert (upload.status, upload.code) == (403, "notice")
    body, content_type = multipart({}, b"{}", "a.json")
    assert ann.request("POST", "/imports/", body, content_type, PAGE).status == 403
    assert (Conversation.objects.count(), Message.objects.count(), Attachment.objects.count()) == (1, 2, 0)


def test_what_a_form_sent_is_given_back(ann: Client) -> None:
    sent = {"id": str(uuid.uuid4()), "text": "A <i>long</i> question", "parent": "", "leaf": "", "model": ""}
    answer = ann.post(f"/c/{uuid.uuid4()}/messages/", form=sent, **PAGE)
    assert answer.status == 403
    assert "A &lt;i&gt;long&lt;/i&gt; question" in answer.text
    assert 'href="/notice/"' in answer.text
    assert "ask the administrator" not in answer.text


def test_what_is_ones_own_is_read_taken_along_and_erased_without_it(ann: Client) -> None:
    conversation, (_asked, said) = stored_conversation(ann.user.pk, ["Why?", "Because."])
    page = ann.get(f"/c/{conversation.pk}/", **PAGE).text
    assert "Because." in page
    assert 'id="composer"' not in page
    assert f'href="/notice/?next=%2Fc%2F{conversation.pk}%2F"' in page
    for path in ("/conversations/", "/search/?q=because", "/export/", "/settings/erasure/", "/settings/", "/archive/"):
        assert ann.get(path, **PAGE).status == 200, path
    assert ann.get(f"/c/{conversation.pk}/export/?as=json").status == 200
    assert ann.post(f"/messages/{said.pk}/feedback/", {"value": "up"}).status == 200
    assert ann.post(f"/c/{conversation.pk}/deletion/").status == 200


def test_a_new_version_asks_again_and_one_that_is_not_on_show_is_not_accepted(
    ann: Client, run_site: RunSite, folder: Path
) -> None:
    accept(ann)
    later = Client(run_site(CHAT_NOTICE=str(folder / "second.md")).url, ann.user)
    page = later.get("/", **PAGE).text
    assert "It has changed since you accepted it on" in page
    assert later.post(f"/c/{uuid.uuid4()}/messages/", question_of("Hello")).code == "notice"
    old = ann.get("/notice/").json["version"]
    answer = later.post("/notice/", form={"version": old}, **PAGE)
    assert answer.status == 409
    assert "The notice has changed since you opened it" in answer.text
    assert version_on(answer.text) != old
    assert later.post("/notice/", {"version": old}).code == "conflict"
    assert later.post("/notice/", {"version": 7}).code == "bad_input"
    assert later.post("/notice/", {"version": "x" * 65}).status in (400, 413)
    assert NoticeAcceptance.objects.count() == 1
    accept(later)
    said = later.get("/notice/").json
    assert said["text"] == CHANGED
    assert said["accepted_at"]


@pytest.mark.parametrize("way", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", ""])
def test_accepting_leads_nowhere_else(ann: Client, way: str) -> None:
    version = ann.get("/notice/").json["version"]
    answer = ann.post(f"/notice/?next={way}", form={"version": version}, **PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, "/")


@pytest.mark.django_db
def test_staff_see_who_has_accepted_what(folder: Path, settings: Any) -> None:
    settings.CHAT_NOTICE = str(folder / "first.md")
    ann, shown = User.objects.create_user("ann"), notice.current()
    assert shown
    accepted = notice.accept(ann.pk, shown.version)
    root = InProcess()
    root.force_login(User.objects.create_superuser("root"))
    listed = root.get("/admin/chat/noticeacceptance/?q=ann").content.decode()
    assert shown.version in listed
    assert "1 accepted notice" in listed
    assert "0 accepted notice" in root.get("/admin/chat/noticeacceptance/?q=an").content.decode()
    own = f"/admin/chat/noticeacceptance/{accepted.pk}/change/"
    assert root.get(own).status_code == 200
    assert root.post(own, {"version": "x"}).status_code == 403
    assert root.get(f"/admin/chat/noticeacceptance/{accepted.pk}/delete/").status_code == 403
