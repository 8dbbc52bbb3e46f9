"""The notice that users accept: its file, its versions, and who has accepted which."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from chat.conversations import messages, notice
from chat.conversations.notice_file import MOST_BYTES, read_notice
from chat.conversations.turns import Question
from chat.core.markdown import as_html
from chat.errors import Conflict, NotAccepted
from chat.models import Conversation, NoticeAcceptance
from chat.providers.registry import registry


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    settings.CHAT_NOTICE = str(tmp_path / "notice.md")
    return write(tmp_path / "notice.md", "# Rules\n\nBe *kind*.")


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ann")


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    notice._read.cache_clear()
    return file


def test_a_version_is_what_sha256sum_says(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfabc\r\n")
    read = read_notice(tmp_path / "a")
    assert read.text == "abc\r\n"
    (tmp_path / "b").write_bytes(b"abc")
    assert read_notice(tmp_path / "b").version == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert read.version != read_notice(tmp_path / "b").version


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"cannot be read \(No such file or directory\)"),
        (b"a\nb\n\xff", r"is not written in UTF-8 \(line 3\)"),
        (b" \n", "says nothing"),
        (b"x" * (MOST_BYTES + 1), "is larger than 100000 bytes"),
    ],
)
def test_a_file_that_cannot_be_one_is_said(
    tmp_path: Path, settings: Any, content: bytes | None, sentence: str
) -> None:
    settings.CHAT_NOTICE = str(tmp_path / f"{uuid4()}.md")
    if content is not None:
        Path(settings.CHAT_NOTICE).write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=f"CHAT_NOTICE names a file that {sentence}"):
        notice.current()


def test_as_large_as_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * MOST_BYTES)
    assert len(read_notice(tmp_path / "a").text) == MOST_BYTES


def test_html_is_of_the_markdown_alone() -> None:
    made = as_html(
        "# One\n\n<b>x</b> [a](javascript:alert(1)) ![b](https://example.org/c.png)\n\n|a|\n|-|\n|1|\n\n~~d~~"
    )
    assert "<h2>One</h2>" in made
    assert "&lt;b&gt;x&lt;/b&gt;" in made
    assert "javascript:alert(1)" in made  # as text
    assert "<img" not in made
    assert 'href="javascript' not in made
    assert "<table>" in made
    assert "<s>d</s>" in made


def test_without_one_nothing_is_asked(user: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert notice.current() is None
        assert notice.pending(user.pk) is None
        notice.check_accepted(user.pk)


def test_each_look_takes_one_query(file: Path, user: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert notice.pending(user.pk)
    with django_assert_num_queries(1), pytest.raises(NotAccepted):
        notice.check_accepted(user.pk)


def test_a_new_version_asks_again_and_says_when_the_last_was_accepted(file: Path, user: User) -> None:
    first = notice.current()
    assert first
    accepted = notice.accept(user.pk, first.version)
    assert notice.accept(user.pk, first.version) == accepted, "a double click"
    assert notice.pending(user.pk) is None
    notice.check_accepted(user.pk)
    write(file, "# Other rules")
    standing = notice.pending(user.pk)
    assert standing
    assert standing.accepted_before == accepted.at
    with pytest.raises(Conflict):
        notice.accept(user.pk, first.version)
    write(file, "# Rules\n\nBe *kind*.")
    assert notice.pending(user.pk) is None, "what was accepted stays so"


def test_one_accepts_for_oneself(file: Path, user: User) -> None:
    shown = notice.current()
    assert shown
    notice.accept(user.pk, shown.version)
    with pytest.raises(NotAccepted):
        notice.check_accepted(User.objects.create_user("bob").pk)


def test_nothing_is_stored_of_a_question_without_it(file: Path, user: User) -> None:
    asked = Question(uuid4(), "Why?", None, registry().models[0].key)
    with pytest.raises(NotAccepted):
        messages.ask(user.pk, uuid4(), asked, lambda: True)
    assert not Conversation.with_deleted.exists()
    shown = notice.current()
    assert shown
    notice.accept(user.pk, shown.version)
    assert messages.ask(user.pk, uuid4(), asked, lambda: True).is_new


def test_what_was_stored_is_joined_whatever_has_changed(file: Path, user: User) -> None:
    """A retry of what the site has is no new question."""
    place, asked = uuid4(), Question(uuid4(), "Why?", None, registry().models[0].key)
    shown = notice.current()
    assert shown
    notice.accept(user.pk, shown.version)
    messages.ask(user.pk, place, asked, lambda: True)
    write(file, "Other rules")
    assert not messages.ask(user.pk, place, asked, lambda: True).is_new


def test_it_goes_with_its_user(file: Path, user: User) -> None:
    shown = notice.current()
    assert shown
    notice.accept(user.pk, shown.version)
    assert "ann" not in str(NoticeAcceptance.objects.get())
    user.delete()
    assert not NoticeAcceptance.objects.exists()
