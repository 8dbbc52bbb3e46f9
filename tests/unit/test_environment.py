"""What the environment says, and what is said of what cannot be: switches, files, proxies."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from chat.live import redis_client
from chatsite.environment import Environment, services


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


@pytest.mark.parametrize(
    ("value", "proxies"),
    [
        ("", []),
        ("0", 0),
        (" 2 ", 2),
        ("127.0.0.1", ["127.0.0.1"]),
        (" 10.0.0.0/24, ::1,unix", ["10.0.0.0/24", "::1", "unix"]),
        ("-1", "is no number of proxies: -1"),
        ("nginx", "names what is no address or network of a proxy: 'nginx'"),
        ("1,2", "names what is no address or network of a proxy: '1'"),
        ("0.0.0.0/0", "trusts everybody, who may then say any address: '0.0.0.0/0'"),
    ],
)
def test_proxies_are_counted_or_named(monkeypatch: pytest.MonkeyPatch, value: str, proxies: object) -> None:
    monkeypatch.setenv("SOME_PROXIES", value)
    if not isinstance(proxies, str):
        assert Environment().proxies("SOME_PROXIES") == proxies
        return
    with pytest.raises(ImproperlyConfigured) as raised:
        Environment().proxies("SOME_PROXIES")
    assert str(raised.value) == f"SOME_PROXIES {proxies}"


@pytest.mark.parametrize("url", ["", "redis://:pass@host:6379/0", "rediss://host?ssl_ca_certs=/a/file", "unix:///a/b"])
def test_the_address_of_a_redis(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", f" {url}\n")
    assert Environment().redis("SOME_URL") == url


def test_a_redis_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_client, "find_spec", lambda name: None)
    monkeypatch.setenv("SOME_URL", "redis://:s3cret@host")
    with pytest.raises(
        ImproperlyConfigured, match=r"SOME_URL is set, but the package redis is not installed: "
    ) as said:
        Environment().redis("SOME_URL")
    assert "s3cret" not in str(said.value)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("", ""),
        ("redis://me:s3cret@host/1", "redis://me:********@host/1"),
        ("unix:///a?password=s3cret&db=1", "unix:///a?password=********&db=1"),
    ],
)
def test_the_password_of_a_redis_is_hidden(url: str, masked: str) -> None:
    assert services.masked_redis(url) == masked
