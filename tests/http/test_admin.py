"""What staff see: the list of conversations, a transcript, and the record of who has read it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.admin.attachments import SHOWN
from chat.admin.conversations import READINGS
from chat.audit import ERASED, record
from chat.core.endings import Status
from chat.core.pagination import MOST_ON_PAGE
from chat.models import (
    Attachment,
    AttachmentContent,
    Conversation,
    Feedback,
    Generation,
    Message,
    MessagePart,
    NoticeAcceptance,
    Quota,
    QuotaGrant,
    Reading,
)
from chat.models.generation import STATUSES
from tests.support.attachments import attach, attach_image, png, stored_attachment
from tests.support.staff import somebody

LIST = "/admin/chat/conversation/"
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)

Committing = Callable[..., AbstractContextManager[object]]

pytestmark = pytest.mark.django_db


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Committing) -> Committing:
    """What is to be done after a commit, done at its end: all of a test is one transaction."""
    return django_capture_on_commit_callbacks


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def staff() -> Client:
    """May view conversations, and nothing else."""
    return somebody("stefan", "view_conversation")


def auditor() -> Client:
    """May see who has read what, and nothing else."""
    User.objects.filter(username="auditor").delete()
    return somebody("auditor", "view_reading")


def key_of(username: str) -> Any:
    return User.objects.get(username=username).pk


def page_of(conversation: Conversation, view: str = "change") -> str:
    return f"{LIST}{conversation.pk}/{view}/"


def talk(owner: User, *texts: str, model: str = "gpt-test", **fields: Any) -> Conversation:
    """A conversation of questions and answers in turn."""
    conversation = Conversation.objects.create(owner=owner, **({"title": texts[0]} | fields))
    last = None
    for text in texts:
        last = answer(last, text, model=model) if last and last.role == "user" else ask(conversation, last, text)
    conversation.current = last
    conversation.save()
    return conversation


def ask(conversation: Conversation, parent: Message | None, text: str) -> Message:
    return say(conversation, parent, "user", text)


def answer(question: Message, text: str, **fields: Any) -> Message:
    message = say(question.conversation, question, "assistant", text)
    generate(message, **fields)
    return message


def say(conversation: Conversation, parent: Message | None, role: str, text: str) -> Message:
    number = conversation.messages.count() + 1
    message = Message.objects.create(conversation=conversation, parent=parent, role=role, number=number)
    MessagePart.objects.create(message=message, number=0, text=text)
    return message


def generate(message: Message, **fields: Any) -> Generation:
    ended = {"status": "complete", "model": "gpt-test", "ends_at": 10_000, "ended_at": NOW}
    number = message.generations.count()
    fields = {"owner": message.conversation.owner, "number": number} | ended | fields
    return Generation.objects.create(message=message, **fields)


def rate(conversation: Conversation, value: str, comment: str = "") -> None:
    """The first of its answers that has no feedback yet."""
    message = conversation.messages.filter(role="assistant", feedback=None).first()
    Feedback.objects.create(message=message, value=value, comment=comment)


def words(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def rows(response: Any) -> list[list[str]]:
    """The cells of the list, as they read."""
    (body,) = re.findall(r"<tbody>(.*)</tbody>", response.content.decode(), re.DOTALL) or [""]
    cells = [re.findall(r"<t[hd] class=\"field-[^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells if row]


def titles(response: Any) -> set[str]:
    assert response.status_code == 200
    return {row[0] for row in rows(response)}


class TestList:
    def test_shows_owner_title_model_count_and_activity(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Old question", "Old answer", model="gpt-old", updated_at=NOW)
        answer(ask(conversation, conversation.current, "More?"), "More.", model="gpt-new")
        Conversation.objects.create(owner=owner, updated_at=NOW - timedelta(days=1))
        assert rows(staff.get(LIST)) == [
            ["Old question", "olga", "gpt-new", "4", "March 5, 2026, noon", "–"],
            ["New conversation", "olga", "–", "0", "March 4, 2026, noon", "–"],
        ]

    def test_model_is_that_of_the_latest_generation_whatever_the_clock_said(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "Hello", model="gpt-old")
        message = conversation.current
        assert message
        generate(message, model="gpt-continued", created_at=NOW - timedelta(days=9000))
        assert rows(staff.get(LIST))[0][2] == "gpt-continued"

    def test_puts_the_newest_activity_first(self, staff: Client, owner: User) -> None:
        for day in (2, 3, 1):
            talk(owner, f"Day {day}", updated_at=NOW + timedelta(days=day))
        assert [row[0] for row in rows(staff.get(LIST))] == ["Day 3", "Day 2", "Day 1"]

    @pytest.mark.parametrize("column", range(5))
    def test_sorts_by_each_column(self, staff: Client, owner: User, column: int) -> None:
        talk(owner, "A")
        talk(User.objects.create_user("zoe"), "Z", "z", model="z", updated_at=NOW + timedelta(days=9999))
        assert [row[0] for row in rows(staff.get(LIST, {"o": column}))] == ["A", "Z"]
        assert [row[0] for row in rows(staff.get(LIST, {"o": f"-{column}"}))] == ["Z", "A"]

    def test_escapes_what_models_and_users_write(self, staff: Client, owner: User) -> None:
        talk(owner, "<script>alert(1)</script>", "x", model="<b>bold</b>")
        page = staff.get(LIST).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        assert "<script>alert" not in page
        assert "<b>bold" not in page

    def test_bears_the_sites_name(self, staff: Client) -> None:
        assert "Chatsite administration" in words(staff.get("/admin/"))


class TestSearch:
    @pytest.fixture(autouse=True)
    def _conversations(self, owner: User) -> None:
        talk(owner, "Gardening", "How do I prune roses?", "In spring.", "And in autumn?", "Hardly.")
        talk(User.objects.create_user("zoe"), "Cooking", "Boil water")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("olg", {"Gardening"}),
            ("COOK", {"Cooking"}),
            ("prune roses", {"Gardening"}),
            ("hardly", {"Gardening"}),
            ("roses hardly olga", {"Gardening"}),
            ('"prune roses"', {"Gardening"}),
            ('"roses prune"', set()),
            ("roses water", set()),
            ("o", {"Gardening", "Cooking"}),
            ("100%", set()),
            ("_", set()),
            ('"', set()),
            ("", {"Gardening", "Cooking"}),
        ],
    )
    def test_finds_owner_title_and_text(self, staff: Client, query: str, found: set[str]) -> None:
        response = staff.get(LIST, {"q": query})
        assert titles(response) == found
        assert len(rows(response)) == len(found)

    def test_finds_what_lies_across_two_rows(self, staff: Client, owner: User) -> None:
        message = talk(owner, "Ponds", "When do frogs h").current
        assert message
        MessagePart.objects.create(message=message, number=1, text="ibernate?")
        MessagePart.objects.create(message=message, number=2, kind="reasoning", text=" They sing")
        assert titles(staff.get(LIST, {"q": "hibernate"})) == {"Ponds"}
        assert titles(staff.get(LIST, {"q": '"hibernate? They"'})) == set()

    def test_survives_nul(self, staff: Client) -> None:
        assert staff.get(LIST, {"q": "a\0b"}).status_code == 200


class TestFilters:
    @pytest.fixture(autouse=True)
    def _conversations(self, owner: User) -> None:
        mixed = talk(owner, "Mixed", "One", model="gpt-a", updated_at=NOW - timedelta(days=9000))
        assert mixed.current
        answer(mixed.current, "Two", model="gpt-b", status="failed")
        plain = talk(owner, "Plain", "One", model="gpt-b")
        rate(mixed, "up")
        rate(mixed, "down")
        rate(plain, "down", "Too short.")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("model=gpt-a", {"Mixed"}),
            ("model=gpt-b", {"Mixed", "Plain"}),
            ("status=failed", {"Mixed"}),
            ("status=complete", {"Mixed", "Plain"}),
            ("status=stopped", set()),
            ("status=failed&model=gpt-a&q=mixed", {"Mixed"}),
            ("feedback=up", {"Mixed"}),
            ("feedback=down", {"Mixed", "Plain"}),
            ("feedback=comment", {"Plain"}),
            ("feedback=unknown", {"Mixed", "Plain"}),
            ("feedback=up&_facets=True", {"Mixed"}),
            ("updated_at__gte=2020-01-01+00:00:00%2B00:00", {"Plain"}),
            ("updated_at__lt=2020-01-01+00:00:00%2B00:00", {"Mixed"}),
            ("model=unknown", {"Mixed", "Plain"}),
            ("model=%00", {"Mixed", "Plain"}),
            ("status=unknown", {"Mixed", "Plain"}),
            ("status=failed&_facets=True", {"Mixed"}),
        ],
    )
    def test_narrow_the_list(self, staff: Client, query: str, found: set[str]) -> None:
        assert titles(staff.get(f"{LIST}?{query}")) == found

    def test_offer_all_models_and_endings(self, staff: Client) -> None:
        page = staff.get(LIST).content.decode()
        offered = re.findall(r'href="\?(?:model|status)=([\w-]+)"', page)
        assert offered == ["gpt-a", "gpt-b", *(status.value for status in Status)]
        assert "last activity" in page


class TestPermissions:
    @pytest.fixture
    def conversation(self, owner: User) -> Conversation:
        return talk(owner, "Secret question", "Secret answer")

    @pytest.mark.parametrize("view", ["", "change", "history"])
    def test_reading_takes_the_permission_to_view(self, conversation: Conversation, view: str) -> None:
        path = page_of(conversation, view) if view else LIST
        others = ["change_conversation", "delete_conversation", "add_conversation", "view_message"]
        for client, status in [
            (Client(), 302),
            (somebody("visitor", "view_conversation", is_staff=False), 302),
            (somebody("editor", *others), 403),
        ]:
            response = client.get(path)
            assert response.status_code == status
            assert b"Secret" not in response.content
        assert not Reading.objects.exists()
        assert b"Secret" in somebody("reader", "view_conversation").get(path).content
        assert b"Secret" in somebody("root", is_superuser=True).get(path).content

    def test_nobody_adds(self, conversation: Conversation) -> None:
        root = somebody("root", is_superuser=True)
        assert root.get(f"{LIST}add/").status_code == 403
        assert root.post(f"{LIST}add/", {"title": "x"}).status_code == 403
        assert "add/" not in root.get(LIST).content.decode().partition('id="content"')[2]
        assert Conversation.objects.count() == 1

    def test_nobody_changes(self, conversation: Conversation) -> None:
        root = somebody("root", is_superuser=True)
        assert root.post(page_of(conversation), {"title": "Changed"}).status_code == 403
        conversation.refresh_from_db()
        assert conversation.title == "Secret question"
        page = root.get(page_of(conversation)).content.decode().partition('id="content"')[2]
        assert not re.search("<(input|textarea|select|button)", page)

    def test_deleting_takes_the_permission_to_delete(
        self, conversation: Conversation, staff: Client, committing: Committing
    ) -> None:
        bulk = {"action": "delete_selected", "_selected_action": str(conversation.pk), "post": "yes"}
        assert staff.post(page_of(conversation, "delete"), {"post": "yes"}).status_code == 403
        staff.post(LIST, bulk)
        assert Conversation.objects.count() == 1
        for page in (staff.get(LIST), staff.get(page_of(conversation))):
            assert "delete" not in page.content.decode().partition('id="content"')[2].lower()
        other = talk(conversation.owner, "Another")
        remover = somebody("remover", "view_conversation", "delete_conversation")
        assert page_of(conversation, "delete") in remover.get(page_of(conversation)).content.decode()
        with committing(execute=True):
            assert remover.post(page_of(conversation, "delete"), {"post": "yes"})["Location"] == LIST
            remover.post(LIST, bulk | {"_selected_action": str(other.pk)})
        assert not Conversation.objects.exists()
        assert not MessagePart.objects.exists()

    def test_deleting_an_owner_takes_both_permissions(self, conversation: Conversation) -> None:
        path = f"/admin/auth/user/{conversation.owner_id}/delete/"
        half = somebody("half", "view_user", "delete_user")
        assert "doesn't have permission to delete" in words(half.get(path)).replace("’", "'").replace("&#x27;", "'")
        assert half.post(path, {"post": "yes"}).status_code == 403
        both = somebody("both", "view_user", "delete_user", "delete_conversation")
        assert both.post(path, {"post": "yes"}).status_code == 302
        assert not Conversation.objects.exists()

    @pytest.mark.parametrize("way", ["page", "action"])
    def test_nothing_that_goes_with_an_owner_holds_their_deletion_up(
        self, conversation: Conversation, way: str, committing: Committing
    ) -> None:
        owner = conversation.owner
        NoticeAcceptance.objects.create(owner=owner, version="9f")
        Quota.objects.create(user=owner, unit="tokens", period="day", amount=1)
        QuotaGrant.objects.create(user=owner, unit="tokens", period="day", first_day="2026-01-01", amount=1)
        root, users = somebody("root", is_superuser=True), "/admin/auth/user/"
        chosen = {"action": "delete_selected", "_selected_action": owner.pk} if way == "action" else {}
        with committing(execute=True):
            root.post(f"{users}{owner.pk}/delete/" if way == "page" else users, {"post": "yes"} | chosen)
        assert not User.objects.filter(pk=owner.pk).exists()


class TestAttachments:
    @pytest.fixture
    def conversation(self, owner: User) -> Conversation:
        return talk(owner, "Secret question", "Secret answer")

    @pytest.fixture
    def picture(self, conversation: Conversation) -> Attachment:
        return attach_image(conversation.messages.all()[0], "<b>a</b>.png")

    @pytest.fixture
    def note(self, conversation: Conversation, picture: Attachment) -> Attachment:
        text = "\n<script>alert(1)</script>"
        return attach(conversation.messages.all()[0], "note.pdf", b"%PDF-", text=text, kind="pdf", pages=2)

    def address(self, attachment: Attachment, conversation: Conversation | None = None) -> str:
        return f"{LIST}{(conversation or attachment.conversation).pk}/attachments/{attachment.pk}/"

    def test_stand_below_their_message_as_hostile_input(
        self, staff: Client, conversation: Conversation, picture: Attachment, note: Attachment
    ) -> None:
        response = staff.get(page_of(conversation))
        page, text = response.content.decode().partition('id="content"')[2], words(response)
        assert "&lt;b&gt;a&lt;/b&gt;.png" in page
        assert "<b>a" not in page
        assert "image 3 × 2" in text
        assert "note.pdf PDF 2 pages 5 bytes Its text &lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert re.findall(r'<img[^>]*src="([^"]*)"', page) == [f"{self.address(picture)}thumbnail/"]
        assert self.address(note) in page
        assert text.index("Secret question") < text.index("note.pdf") < text.index("Secret answer")

    def test_show_the_beginning_of_a_long_text(
        self, staff: Client, conversation: Conversation, note: Attachment
    ) -> None:
        assert "only the beginning" not in words(staff.get(page_of(conversation)))
        AttachmentContent.objects.filter(pk=note.pk).update(text="x" * (SHOWN + 1))
        Attachment.objects.filter(pk=note.pk).update(characters=SHOWN + 1)
        page = words(staff.get(page_of(conversation)))
        assert "x" * SHOWN in page
        assert "x" * (SHOWN + 1) not in page
        assert "only the beginning" in page

    def test_a_message_without_text_has_its_files(self, staff: Client, conversation: Conversation) -> None:
        question = conversation.messages.all()[0]
        question.parts.all().delete()
        attach(question, "a.txt", b"Hello")
        page = words(staff.get(page_of(conversation)))
        assert "a.txt" in page
        assert "No text." not in page

    def test_an_image_alone_is_shown_and_all_else_saved(
        self, staff: Client, picture: Attachment, note: Attachment
    ) -> None:
        image, small = (staff.get(self.address(picture) + view) for view in ("", "thumbnail/"))
        file = staff.get(self.address(note))
        assert (image["Content-Type"], image.content) == ("image/png", png())
        assert image["Content-Disposition"].startswith("inline")
        assert (small["Content-Type"], small.content) == ("image/png", png(1, 1))
        assert (file.content, file["Content-Disposition"]) == (b"%PDF-", 'attachment; filename="note.pdf"')
        for response in (image, small, file):
            assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert response["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in response["Cache-Control"]
        assert staff.get(f"{self.address(note)}thumbnail/").status_code == 404

    def test_a_large_one_is_not_held_whole(
        self, staff: Client, note: Attachment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("chat.models.AttachmentContent.PIECE", 4)
        file, head = staff.get(self.address(note)), staff.head(self.address(note))
        assert (file.streaming, file["Content-Length"]) == (True, "5")
        assert (head.streaming, head["Content-Length"], head.content) == (False, "5", b"")

    def test_each_reading_is_recorded_without_a_name(
        self, staff: Client, conversation: Conversation, picture: Attachment
    ) -> None:
        for view in ("", "thumbnail/"):
            staff.get(self.address(picture) + view)
        entries = Reading.objects.order_by("pk")
        assert {(entry.user_name, entry.object_key) for entry in entries} == {("stefan", str(conversation.pk))}
        assert [entry.action for entry in entries] == [
            f"Read attachment {picture.pk}.",
            f"Read the thumbnail of attachment {picture.pk}.",
        ]

    @pytest.mark.parametrize("view", ["", "thumbnail/"])
    def test_reading_takes_the_permission_to_view_conversations(self, picture: Attachment, view: str) -> None:
        path = self.address(picture) + view
        others = ["change_conversation", "delete_conversation", "view_attachment", "change_attachment", "view_message"]
        for client, status in [
            (Client(), 302),
            (somebody("visitor", "view_conversation", is_staff=False), 302),
            (somebody("editor", *others), 403),
        ]:
            response = client.get(path)
            assert response.status_code == status
            assert b"PNG" not in response.content
        assert not Reading.objects.exists()
        assert b"PNG" in somebody("reader", "view_conversation").get(path).content

    def test_what_is_of_another_conversation_or_of_none_or_deleted_is_not_there(
        self, staff: Client, owner: User, conversation: Conversation, picture: Attachment
    ) -> None:
        unsent = stored_attachment(owner.pk, "unsent.txt", b"Unsent")
        for path in (self.address(picture, talk(owner, "Another")), self.address(unsent, conversation)):
            assert staff.get(path).status_code == 404
        Conversation.objects.filter(pk=conversation.pk).update(deleted_at=NOW)
        assert staff.get(self.address(picture)).status_code == 404
        assert not Reading.objects.exists()

    def test_have_no_pages_of_their_own(self, picture: Attachment) -> None:
        root = somebody("root", is_superuser=True)
        for model in ("attachment", "attachmentcontent", "messageattachment"):
            assert root.get(f"/admin/chat/{model}/").status_code == 404


class TestTranscript:
    def test_reads_from_top_to_bottom(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "First question", "First answer", "Second question", "Second answer")
        text = words(staff.get(page_of(conversation)))
        said = ["First question", "First answer", "Second question", "Second answer"]
        assert re.findall("(?:First|Second) (?:question|answer)", text.partition(f"Id {conversation.pk}")[2]) == said
        assert re.findall("(User|Assistant) #([0-9])", text) == [
            ("User", "1"),
            ("Assistant", "2"),
            ("User", "3"),
            ("Assistant", "4"),
        ]
        assert " of " not in text

    def test_as_plain_text_it_is_laid_out_by_no_script_and_recorded_as_well(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "**Question**", "> > Answer")
        before, script = Reading.objects.count(), "chat/js/pages/transcript"
        page = staff.get(page_of(conversation))
        assert script in page.content.decode()
        assert 'href="?plain=1"' in page.content.decode()
        plain = staff.get(page_of(conversation) + "?plain=1")
        assert script not in plain.content.decode()
        assert "&gt; &gt; Answer" in plain.content.decode()
        assert Reading.objects.count() == before + 2

    def test_shows_branches_one_after_the_other(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Q1", "A1", "Q2", "A2")
        q1, a1, *_ = conversation.messages.all()
        answer(q1, "A1 again")
        edited = ask(conversation, a1, "Q2 edited")
        conversation.current = answer(edited, "A2 edited")
        conversation.save()
        other_root = ask(conversation, None, "Q1 edited")
        answer(other_root, "A1 edited")
        turns = staff.get(page_of(conversation)).context["turns"]
        assert [
            (turn.parts[0].text, turn.noun, turn.place, turn.alternatives, turn.level, turn.is_current)
            for turn in turns
        ] == [
            ("Q1", "Question", 1, 2, 1, True),
            ("A1", "Answer", 1, 2, 2, True),
            ("Q2", "Question", 1, 2, 3, False),
            ("A2", "Answer", 1, 1, 3, False),
            ("Q2 edited", "Question", 2, 2, 3, True),
            ("A2 edited", "Answer", 1, 1, 3, True),
            ("A1 again", "Answer", 2, 2, 2, False),
            ("Q1 edited", "Question", 2, 2, 1, False),
            ("A1 edited", "Answer", 1, 1, 1, False),
        ]
        assert [turn.follows and turn.follows.number for turn in turns] == [
            *[None] * 4,
            2,
            None,
            1,
            None,
            None,
        ]

    def test_marks_alternatives_and_the_current_branch(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Q", "A one")
        question = conversation.messages.get(number=1)
        conversation.current = answer(question, "A two")
        conversation.save()
        answer(question, "A three")
        text = words(staff.get(page_of(conversation)))
        assert "Answer 1 of 3 Assistant" in text
        assert "Answer 2 of 3 current Assistant" in text
        assert "Answer 3 of 3 Assistant #4" in text
        assert text.count("follows #1") == 2
        assert "Question" not in text

    def test_keeps_white_space_and_escapes_text(self, staff: Client, owner: User) -> None:
        hostile = "  a\n\n\tb <img src=x onerror=alert(1)> {{ 7 }} &amp; </div></li></ol>"
        conversation = talk(owner, "Hi", hostile, title="<i>title</i>")
        page = staff.get(page_of(conversation)).content.decode()
        escaped = hostile.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f'<div class="turn__text" dir="auto">{escaped}</div>' in page
        assert "<img" not in page.partition('id="content"')[2]
        assert "<i>title" not in page

    def test_folds_reasoning_and_other_parts_where_they_stand(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi")
        message = say(conversation, conversation.current, "assistant", "ignored")
        message.parts.all().delete()
        for number, (kind, text) in enumerate(
            [("reasoning", "Let me <think>"), ("text", "So"), ("tool", '{"a": 1}'), ("text", "it is")]
        ):
            MessagePart.objects.create(message=message, number=number, kind=kind, text=text)
        page = staff.get(page_of(conversation)).content.decode()
        folded = re.findall(r"<details[^>]*>\s*<summary>(\w+)</summary>\s*<div[^>]*>(.*?)</div>\s*</details>", page)
        assert folded == [("Reasoning", "Let me &lt;think&gt;"), ("Tool", "{&quot;a&quot;: 1}")]
        assert [page.index(text) for text in ("Let me", ">So<", "&quot;a", ">it is<")] == sorted(
            page.index(text) for text in ("Let me", ">So<", "&quot;a", ">it is<")
        )

    def test_tells_what_its_reader_thinks_of_an_answer(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Q1", "A1", "Q2", "A2", "Q3", "A3")
        rate(conversation, "up")
        rate(conversation, "down", "Wrong:\n<b>2</b>")
        page = words(staff.get(page_of(conversation)))
        assert page.count("Its reader found") == 2
        good, bad, none = (page.index(f"A{number}") for number in (1, 2, 3))
        assert good < page.index("Its reader found this answer good") < bad
        assert bad < page.index("Its reader found this answer bad") < page.index("Wrong: &lt;b&gt;2&lt;/b&gt;") < none

    def test_says_where_there_is_no_text(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "x")
        assert conversation.current
        conversation.current.parts.all().delete()
        assert "No text." in words(staff.get(page_of(conversation)))

    def test_tells_how_each_generation_went(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi")
        assert conversation.current
        message = answer(
            conversation.current,
            "Hello",
            status="truncated",
            finish_reason="",
            ends_at=5,
            created_at=NOW,
            first_piece_at=NOW + timedelta(seconds=0.25),
            ended_at=NOW + timedelta(seconds=4.25),
            prompt_tokens=12,
            completion_tokens=100,
        )
        generate(
            message,
            model="gpt-other",
            status="failed",
            begins_at=5,
            ends_at=5,
            created_at=NOW + timedelta(minutes=1),
            ended_at=NOW + timedelta(minutes=2),
            finish_reason="tool_calls",
            code="timeout",
            error="<b>Too long.</b>",
        )
        text = words(staff.get(page_of(conversation)))
        assert (
            "Model gpt-test Ending cut by the model&#x27;s service "
            "The user reads The connection to the model broke off before the answer was finished. "
            "Finish reason – Tokens 12 in, 100 out Positions 0 to 5 Started March 5, 2026, 12:00:00 "
            "First piece after 0.25 s Duration 4.25 s Speed 25.0 tokens/s"
        ) in text
        assert (
            "Model gpt-other Ending failed Error &lt;b&gt;Too long.&lt;/b&gt; Error code timeout "
            "Finish reason tool_calls Tokens – in, – out Positions 5 to 5 Started March 5, 2026, 12:01:00 "
            "First piece after – Duration 60.00 s Speed –"
        ) in text

    @pytest.mark.parametrize("status", [status.value for status in Status])
    def test_names_every_ending(self, staff: Client, owner: User, status: str) -> None:
        running = {"ends_at": None, "ended_at": None, "lease_until": NOW} if status == "running" else {}
        conversation = talk(owner, "Hi")
        assert conversation.current
        answer(conversation.current, "x", status=status, **running)
        label = str(dict(STATUSES)[status]).replace("'", "&#x27;")
        assert f"Ending {label} " in words(staff.get(page_of(conversation)))

    def test_shows_messages_whose_parent_is_elsewhere(self, staff: Client, owner: User) -> None:
        """No rule in the database forbids it, and nothing may be hidden from who reads."""
        elsewhere = talk(owner, "Elsewhere", "x")
        conversation = talk(owner, "Hi")
        ask(conversation, elsewhere.current, "Stray")
        assert "Stray" in words(staff.get(page_of(conversation)))

    def test_unknown_conversation_leads_back(self, staff: Client) -> None:
        for path in (f"{LIST}7b1c1f3e-0000-4000-8000-000000000000/change/", f"{LIST}nonsense/change/"):
            assert staff.get(path).status_code == 302
        assert not Reading.objects.exists()


class TestRecord:
    def test_of_every_reading(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "Hello")
        staff.get(LIST)
        listed = Reading.objects.get()
        assert (listed.action, listed.object_key, listed.object_name, listed.hits) == ("Read the list.", "", "", 1)
        listed.delete()
        before = timezone.now()
        staff.get(page_of(conversation))
        entry = Reading.objects.get()
        assert (entry.user_name, entry.object_key, entry.object_name) == ("stefan", str(conversation.pk), "Hi")
        assert (entry.user_key, entry.object_kind) == (str(key_of("stefan")), "chat.conversation")
        assert entry.action == "Read the transcript."
        assert before <= entry.created_at <= timezone.now()
        staff.get(page_of(conversation))
        somebody("root", is_superuser=True).get(page_of(conversation))
        assert [entry.user_name for entry in Reading.objects.order_by("pk")] == ["stefan", "stefan", "root"]

    def test_of_a_reading_by_another_method(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Secret?")
        assert "Secret?" in words(staff.options(page_of(conversation)))
        assert Reading.objects.count() == 1

    def test_shows_in_the_history(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "Hello")
        assert "Nobody of the staff" in words(staff.get(page_of(conversation, "history")))
        assert page_of(conversation, "history") in staff.get(page_of(conversation)).content.decode()
        history = words(staff.get(page_of(conversation, "history")))
        assert "stefan Read the transcript." in history
        assert "stefan" not in words(staff.get(page_of(talk(owner, "Other"), "history"))).partition("Action")[2]

    def test_a_long_history_has_pages(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "Hello")
        user = User.objects.get(username="stefan")
        for number in range(READINGS + 1):
            record(user, conversation, f"Read {number}.")
        first = words(staff.get(page_of(conversation, "history")))
        assert "Read 0." in first
        assert f"Read {READINGS}." not in first
        assert f"Read {READINGS}." in words(staff.get(page_of(conversation, "history") + "?p=2"))

    def test_outlives_the_conversation(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, "Hi", "Hello")
        staff.get(page_of(conversation))
        conversation.delete()
        assert Reading.objects.get().object_name == "Hi"

    def test_outlives_who_has_read(self, staff: Client, owner: User, committing: Committing) -> None:
        root = somebody("root", is_superuser=True)
        conversation = talk(owner, "Hi", "Hello")
        staff.get(page_of(conversation))
        reader = User.objects.get(username="stefan")
        path = f"/admin/auth/user/{reader.pk}/delete/"
        assert "log entr" not in words(root.get(path)).partition("Summary")[2].lower()
        with committing(execute=True):
            root.post(path, {"post": "yes"})
        assert not User.objects.filter(username="stefan").exists()
        assert User.objects.count() == 2, "The owner and the administrator: nobody stands in for who is gone"
        entry = Reading.objects.get(object_key=str(conversation.pk))
        assert (entry.action, entry.object_name) == ("Read the transcript.", "Hi")
        assert (entry.user_key, entry.user_name) == (str(reader.pk), f"(erased {reader.pk})")
        assert f"(erased {reader.pk})" in words(root.get(page_of(conversation, "history")))

    def test_keeps_no_name_of_what_was_deleted(self, staff: Client, owner: User, committing: Committing) -> None:
        root = somebody("root", is_superuser=True)
        conversation, other = talk(owner, "Hi", "Hello"), talk(owner, "Hi again", "Hello")
        for each in (conversation, other):
            staff.get(page_of(each))
        with committing(execute=True):
            root.post(page_of(conversation, "delete"), {"post": "yes"})
            root.post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"})
        assert not User.objects.filter(pk=owner.pk).exists()
        readings, deletions = Reading.objects.all(), LogEntry.objects.all()
        assert (len(readings), [entry.action_flag for entry in deletions]) == (2, [DELETION] * 2)
        assert {reading.object_name for reading in readings} == {ERASED}
        assert {entry.object_repr for entry in deletions} == {ERASED}


class TestReadings:
    """The page of the record."""

    PATH = "/admin/chat/reading/"

    @pytest.fixture(autouse=True)
    def _readings(self, staff: Client, owner: User) -> None:
        self.first, self.second = talk(owner, "Gardening"), talk(owner, "Cooking")
        staff.get(page_of(self.first))
        somebody("zoe", "view_conversation").get(page_of(self.second))

    def found(self, query: str = "") -> list[tuple[str, str, str]]:
        page = auditor().get(f"{self.PATH}?{query}")
        assert page.status_code == 200
        return [(row[1], row[2], row[4]) for row in rows(page)]

    def test_shows_the_newest_first(self) -> None:
        assert self.found() == [
            ("zoe", "Read the transcript.", "Cooking"),
            ("stefan", "Read the transcript.", "Gardening"),
        ]

    def test_finds_by_user_and_by_object(self) -> None:
        assert [row[0] for row in self.found("q=stefan")] == ["stefan"]
        assert [row[2] for row in self.found("q=cook")] == ["Cooking"]
        assert [row[2] for row in self.found(f"q={self.first.pk}")] == ["Gardening"]
        assert [row[0] for row in self.found(f"q={key_of('zoe')}")] == ["zoe"]
        assert self.found("q=nobody") == []
        assert len(self.found("object_kind=chat.conversation")) == 2

    def test_takes_a_permission_of_its_own(self, staff: Client) -> None:
        for client, status in [(Client(), 302), (staff, 403), (somebody("x", "change_reading"), 403)]:
            assert client.get(self.PATH).status_code == status
        assert auditor().get(self.PATH).status_code == 200

    def test_nobody_adds_changes_or_deletes(self) -> None:
        root = somebody("root", is_superuser=True)
        reading = Reading.objects.all()[0]
        for path in ("add/", f"{reading.pk}/delete/"):
            assert root.get(self.PATH + path).status_code == 403
            assert root.post(self.PATH + path, {"post": "yes"}).status_code == 403
        assert root.get(f"{self.PATH}{reading.pk}/change/").status_code == 200
        assert root.post(f"{self.PATH}{reading.pk}/change/", {"user_name": "x"}).status_code == 403
        bulk = {"action": "delete_selected", "_selected_action": str(reading.pk), "post": "yes"}
        root.post(self.PATH, bulk)
        assert Reading.objects.exclude(object_kind="chat.reading").count() == 2
        assert Reading.objects.get(pk=reading.pk).user_name == reading.user_name


class TestSize:
    def queries(self, client: Client, path: str) -> int:
        client.get(path)  # what is cached once a process, is
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    def test_list_makes_as_many_queries_for_many_rows_as_for_one(self, staff: Client, owner: User) -> None:
        path = f"{LIST}?q=a&model=gpt-test"
        talk(owner, "a", "b")
        few = self.queries(staff, LIST), self.queries(staff, path)
        for number in range(30):
            talk(User.objects.create_user(f"user-{number}"), "a", "b", "c", "d", model=f"gpt-{number % 5}")
        assert (self.queries(staff, LIST), self.queries(staff, path)) == few

    def test_transcript_makes_as_many_queries_for_many_messages_as_for_one(self, staff: Client, owner: User) -> None:
        short = talk(owner, "Hi", "Hello")
        attach(short.messages.get(number=1), "a.txt", b"Hello")
        long = talk(owner, *(f"Text {number}" for number in range(40)))
        for message in long.messages.filter(role="user"):
            generate(answer(message, "Again"), begins_at=5)
            rate(long, "up")
            attach(message, "a.txt", b"Hello")
        assert self.queries(staff, page_of(long)) == self.queries(staff, page_of(short))

    def test_deletion_makes_as_many_queries_for_many_messages_as_for_one(self, owner: User) -> None:
        root = somebody("root", is_superuser=True)
        short = talk(owner, "Hi", "Hello")
        long = talk(owner, *(f"Text {number}" for number in range(40)))
        assert self.queries(root, page_of(long, "delete")) == self.queries(root, page_of(short, "delete"))

    @pytest.fixture
    def chain(self, owner: User) -> Conversation:
        return talk(owner, *(f"Text {number}." for number in range(2000)))

    def test_two_thousand_messages_in_a_chain(self, staff: Client, owner: User, chain: Conversation) -> None:
        page = staff.get(page_of(chain))
        numbers = []
        path: str | None = ""
        while path is not None:
            part = staff.get(page_of(chain) + path).content.decode()
            numbers += re.findall(r'class="turn__text" dir="auto">Text (\d+)\.<', part)
            assert part.count('class="turn turn--') <= MOST_ON_PAGE
            later = re.search(r'href="(\?from=[^"]+)">Show later messages', part)
            path = later[1] if later else None
        assert numbers == [str(number) for number in range(2000)]
        assert "Show earlier messages" in part
        few = staff.get(page_of(talk(owner, "Hi", "Hello")))
        assert depth(page) == depth(few)
        root = somebody("root", is_superuser=True)
        for path in (page_of(chain, "delete"), f"/admin/auth/user/{owner.pk}/delete/"):
            assert "Messages: 200" in words(root.get(path))
        assert root.post(page_of(chain, "delete"), {"post": "yes"}).status_code == 302
        assert not Conversation.objects.filter(pk=chain.pk).exists()

    def test_two_hundred_branchings_in_a_chain(self, staff: Client, owner: User) -> None:
        conversation = talk(owner, *(f"Text {number}." for number in range(200)))
        for message in conversation.messages.filter(role="user"):
            answer(message, "Again")
        page = staff.get(page_of(conversation))
        assert page.context["turns"][199].level == 100
        assert set(re.findall(r"turn--indent-(\d+)", page.content.decode())) == set("0123456")
        assert depth(page) == depth(staff.get(page_of(talk(owner, "Hi", "Hello"))))


class Depth(HTMLParser):
    """How deep the elements of a page are nested."""

    VOID = ("meta", "link", "input", "br", "img", "path")

    def __init__(self) -> None:
        super().__init__()
        self.now = self.deepest = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.now += tag not in self.VOID
        self.deepest = max(self.deepest, self.now)

    def handle_endtag(self, tag: str) -> None:
        self.now -= tag not in self.VOID


def depth(response: Any) -> int:
    parser = Depth()
    parser.feed(response.content.decode())
    assert parser.now == 0, "an element is not closed"
    return parser.deepest


class TestPolicy:
    @pytest.mark.parametrize("page", ["/admin/", LIST, "transcript", "delete", "history"])
    def test_allows_all_that_the_pages_bring(self, owner: User, page: str) -> None:
        conversation = talk(owner, "Hi", "Hello")
        client = somebody("root", is_superuser=True)
        view = {"transcript": "change"}.get(page, page)
        response = client.get(page if page.startswith("/") else page_of(conversation, view))
        assert response.status_code == 200
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert "style-src 'self'" in response["Content-Security-Policy"]
        html = response.content.decode()
        assert not re.search(r"<style|<script(?![^>]+(src|nonce)=)|<[^>]+\s(style|on\w+)=", html)
        assert all(address.startswith("/") for address in re.findall(r'(?:src|action)="([^"]*)"', html))
