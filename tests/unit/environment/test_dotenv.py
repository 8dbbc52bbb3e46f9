"""What a file `.env` may look like, and what is said of one that cannot be."""

import io
import os
from pathlib import Path

import environ
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from chat.providers.configuration import Faults
from chatsite.environment import Environment, dotenv
from tests.support.settings import read_file

UNDERSTOOD = {
    "A=1\nB=two words\n": {"A": "1", "B": "two words"},
    "\n  \n# A=1\n  # more\nexport A=1": {"A": "1"},
    "A=": {"A": ""},
    "A=a#b=c": {"A": "a#b=c"},
    "A=#ff0000": {"A": "#ff0000"},
    "A=$abc": {"A": "$abc"},
    "A='$abc # and \\ \"this\"'": {"A": '$abc # and \\ "this"'},
    "A='it's'": {"A": "it's"},
    'A="it\'s \\"so\\" \\\\ #"': {"A": 'it\'s "so" \\ #'},
    'A="one\n\ntwo \\"2\\"\n# three"\nB=2': {"A": 'one\n\ntwo "2"\n# three', "B": "2"},
    "A='\none\n'\nB=2": {"A": "\none\n", "B": "2"},
    "A=it’s “so” now": {"A": "it’s “so” now"},
    "A=1\nA=2": {"A": "2"},
    "A=tab\there": {"A": "tab\there"},
    "A= 1 ": {"A": " 1 "},
}
NOT_UNDERSTOOD = {
    "A": (1, dotenv.NOT_UNDERSTOOD),
    "A=1\n B=2": (2, dotenv.NOT_UNDERSTOOD),
    "A =1": (1, dotenv.NOT_UNDERSTOOD),
    "export  A=1": (1, dotenv.NOT_UNDERSTOOD),
    "A-B=1": (1, dotenv.NOT_UNDERSTOOD),
    "A=1\n\n[B]": (3, dotenv.NOT_UNDERSTOOD),
    "A=1 # one": (1, dotenv.COMMENTED),
    'A="1" # one': (1, dotenv.AFTER),
    'A="1" ': (1, dotenv.AFTER),
    "A='one\nit's two'": (1, dotenv.AFTER),
    "A='one\nB='two'": (1, dotenv.AFTER),
    'A=1\nB="one\ntwo': (2, dotenv.UNCLOSED),
    'A="one\\"': (1, dotenv.UNCLOSED),
    'A="one\\ntwo"': (1, dotenv.ESCAPE),
    "A=“1”": (1, dotenv.TYPOGRAPHIC),
    "A=„1“": (1, dotenv.TYPOGRAPHIC),
    "A=`1`": (1, dotenv.TYPOGRAPHIC),
    "A=1\x00": (1, dotenv.CONTROLS),
    "A='\x1b[1m'": (1, dotenv.CONTROLS),
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_a_file_is_understood(text: str) -> None:
    entries, faults = dotenv.parse(text)
    assert faults == []
    assert {entry.name: entry.value for entry in entries} == UNDERSTOOD[text]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_a_line_that_is_not_understood_is_said(text: str) -> None:
    _, faults = dotenv.parse(text)
    assert [(fault.line, fault.what) for fault in faults] == [NOT_UNDERSTOOD[text]]


class AsBefore(environ.Env):
    """django-environ's own reader, into variables of its own."""


@settings(max_examples=300, deadline=None)
@given(some.text("AB=1 '\"\\#$n\n", max_size=30).map(lambda rest: f"A={rest}"))
@example("A='it's'")
@example('A="\\a\\\\"')
def test_what_was_understood_means_the_same_or_is_said(text: str) -> None:
    AsBefore.ENVIRON = before = dict[str, str]()
    AsBefore.read_env(io.StringIO(text))
    entries, faults = dotenv.parse(text)
    has_lines = any("\n" in entry.value for entry in entries)
    assert faults or has_lines or {entry.name: entry.value for entry in entries} == before


# As a file


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(os, "environ", {"GIVEN": "here"})
    monkeypatch.setattr(Environment, "read_file", read_file)
    return Environment()


def written(folder: Path, content: bytes) -> Path:
    (folder / ".env").write_bytes(content)
    return folder / ".env"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfA=1\nB='\xc3\xa9'", b"A=1\r\nB=\xc3\xa9\r\n", b"A=1\rB=\xc3\xa9\r"])
def test_marks_and_ends_of_lines_of_all_kinds(tmp_path: Path, env: Environment, content: bytes) -> None:
    env.read_file(written(tmp_path, content))
    assert (env.text("A"), env.text("B")) == ("1", "é")
    assert env.source("B") == ".env, line 2"


def test_the_process_counts_more_than_the_file(tmp_path: Path, env: Environment) -> None:
    env.read_file(written(tmp_path, b"GIVEN=there\nOTHER=there"))
    assert (env.text("GIVEN"), env.source("GIVEN")) == ("here", "environment")
    assert (env.text("OTHER"), os.environ["OTHER"]) == ("there", "there")


def test_dollars_are_nothing_but_dollars(tmp_path: Path, env: Environment) -> None:
    """django-environ takes what begins with one for the name of another variable, and gives nothing without it."""
    env.read_file(written(tmp_path, b"A=$abc\nB='$GIVEN'\nC=a$GIVEN\\$b$$\nD=$$\nE=$GIVEN"))
    assert [env.text(name) for name in "ABCD"] == ["$abc", "$GIVEN", "a$GIVEN\\$b$$", "$$"]
    with pytest.raises(Faults, match=r"E is a \$ and the name of another variable"):
        env.text("E")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nB=caf\xe9 s3cret", ".env is not written in UTF-8 (line 2)."),
        ("A=1\n".encode("utf-16"), ".env is not written in UTF-8 (line 1)."),
        (b"A=1\nB s3cret", f".env, line 2, {dotenv.NOT_UNDERSTOOD}."),
    ],
)
def test_a_file_that_cannot_be_is_said_without_what_it_says(
    tmp_path: Path, env: Environment, content: bytes, said: str
) -> None:
    with pytest.raises(Faults) as raised:
        env.read_file(written(tmp_path, content))
    assert str(raised.value) == said


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, env: Environment) -> None:
    env.read_file(tmp_path / ".env")
    (tmp_path / ".env").symlink_to("nowhere")
    with pytest.raises(Faults, match=r"\.env cannot be read \(No such file or directory\)"):
        env.read_file(tmp_path / ".env")


def test_bytes_that_are_no_text_are_said(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "A", "caf\udce9 s3cret")
    with pytest.raises(Faults) as raised:
        env.text("A")
    assert str(raised.value) == "A is not written in UTF-8."


# What is secret


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("SECRET_KEY", "********"),
        ("SECRET_KEY_FALLBACKS", "********"),
        ("OIDC_CLIENT_SECRET", "********"),
        ("OPENAI_API_KEY", "********"),
        ("CHAT_CONTEXT_TOKENS", None),
    ],
)
def test_what_is_secret_is_known_by_its_name(
    env: Environment, monkeypatch: pytest.MonkeyPatch, name: str, masked: str | None
) -> None:
    monkeypatch.setitem(os.environ, name, "one,two")
    assert env.names(name) == ["one", "two"]
    assert env.readings[name].masked == masked


# A setting in a file of its own


def test_a_secret_may_stand_in_a_file(tmp_path: Path, env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("\ufeffs3cret\r\nof two lines\r\n\r\n")
    monkeypatch.setitem(os.environ, "KEY_FILE", " key")
    env.read_contents(tmp_path, ["KEY", "OTHER"])
    assert env.whole_text("KEY") == "s3cret\nof two lines"
    assert env.source("KEY") == "key, by KEY_FILE (environment)"
    assert env.whole_text("OTHER", "none") == "none"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nowhere", b"", "KEY_FILE names a file that cannot be read (No such file or directory): 'nowhere'"),
        (".", b"", "KEY_FILE names a file that cannot be read (Is a directory): '.'"),
        ("key", b"\xff", "KEY_FILE names a file that is not written in UTF-8 (line 1): 'key'"),
        ("key", b"k" * 1_000_001, "KEY_FILE names a file that is larger than 1000000 bytes: 'key'"),
    ],
)
def test_a_file_that_cannot_be_a_secret_is_said(
    tmp_path: Path, env: Environment, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, said: str
) -> None:
    (tmp_path / "key").write_bytes(content)
    monkeypatch.setitem(os.environ, "KEY_FILE", name)
    with pytest.raises(Faults) as raised:
        env.read_contents(tmp_path, ["KEY"])
    assert str(raised.value) == said


def test_a_secret_in_two_places_is_said(tmp_path: Path, env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("one")
    monkeypatch.setitem(os.environ, "KEY_FILE", "key")
    monkeypatch.setitem(os.environ, "KEY", "two")
    with pytest.raises(Faults, match="KEY is set, and KEY_FILE as well"):
        env.read_contents(tmp_path, ["KEY"])
