"""Switches with more positions, the file that CHAT_PROVIDERS names, and what is said of one that cannot be."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatsite.environment import Environment


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (None, None),
        ("", False),
        ("off", False),
        (" On\n", True),
        ("1", True),
        (" Members", "members"),
        ("public", "public"),
    ],
)
def test_a_switch_may_have_more_positions(said: str | None, read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SWITCH", said) if said is not None else monkeypatch.delenv("SOME_SWITCH", raising=False)
    assert Environment().switch_or("SOME_SWITCH", ("members", "public"), default=None) == read


def test_what_a_switch_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SWITCH", "member")
    with pytest.raises(
        ImproperlyConfigured, match="SOME_SWITCH is neither on nor off nor members nor public: 'member'"
    ):
        Environment().switch_or("SOME_SWITCH", ("members", "public"), default=None)


def read(folder: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    if content is not None:
        (folder / "it.toml").write_bytes(content)
    monkeypatch.setenv("SOME_FILE", " it.toml\n")
    return Environment().toml("SOME_FILE", folder, "providers")


def test_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, '[[providers]]\nname = "é"'.encode(), monkeypatch) == [{"name": "é"}]
    monkeypatch.setenv("SOME_FILE", str(tmp_path / "it.toml"))
    assert Environment().toml("SOME_FILE", Path("/nowhere"), "providers") == [{"name": "é"}]


def test_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_FILE", raising=False)
    assert Environment().toml("SOME_FILE", Path("/nowhere"), "providers") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "SOME_FILE names a file that cannot be read (No such file or directory): 'it.toml'"),
        (b'[[providers]]\nname = "sk-secret', "SOME_FILE names a file that is no TOML ("),
        (b"\xff", "SOME_FILE names a file that is no TOML ("),
        (b'[[models]]\nname = "m"', "SOME_FILE names a file that has not [[providers]] and nothing else: 'it.toml'"),
        (b"", "SOME_FILE names a file that has not [[providers]] and nothing else: 'it.toml'"),
        (b'key = "sk-secret"\n[[providers]]\nname = "m"', "has not [[providers]] and nothing else"),
    ],
)
def test_what_cannot_be_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        read(tmp_path, content, monkeypatch)
    assert sentence in str(raised.value)
    assert "sk-secret" not in str(raised.value)
