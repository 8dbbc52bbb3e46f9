"""Each setting of the site, with a value that cannot be: at the start, or by a check, it is named."""

import os
import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from chat.providers.configuration import Faults
from chatsite.environment import Environment, services
from chatsite.settings import env
from tests.support.settings import read_file
from tests.support.site import ROOT

SETTINGS = ROOT / "chatsite/settings.py"
READ = set(re.findall(r'env\.\w+\(\s*"(\w+)"', SETTINGS.read_text()))

COUNTED = [
    name
    for name in sorted(READ)
    if re.search(r"_PER_|_BYTES$|_CHARS$|_PIXELS$|_PAGES$|_SECONDS$|_TOKENS$|_ROUNDS$", name)
]
SWITCHES = [
    "DEBUG",
    "OIDC_ONLY",
    "CHAT_ATTACHMENTS",
    "CHAT_SHARING",
    "CHAT_SIGNUP",
    "TRUST_X_FORWARDED_PROTO",
    "CHAT_TRACES",
    "CHAT_SEPARATE_ROLES",
    "CHAT_AUDIT_PRUNE",
]
SWITCHES += [
    name for name in sorted(READ) if re.match(r"(SECURE|SESSION|CSRF)_.*(SECURE|REDIRECT|SUBDOMAINS|PRELOAD)$", name)
]
CANNOT_BE: dict[str, list[str]] = {
    **{name: ["many", "-1", "", "1e9x", "9" * 30] for name in COUNTED},
    **{name: ["onn", "on # one"] for name in SWITCHES},
    "SECRET_KEY": ["", " "],
    "ALLOWED_HOSTS": [
        *("https://chat.example.org", "chat.example.org:8000", "chat.example.org/", "*.example.org", "bücher.example"),
        *("a.example b.example", "::1", "chat.example.org,“b.example”"),
    ],
    "CSRF_TRUSTED_ORIGINS": ["chat.example.org", "https://chat.example.org/", "https://"],
    "DATABASE_URL": [
        *(
            "",
            "nonsense",
            "mysql://u:s3cret@h/d",
            "sqlite://",
            "sqlite:///",
            "sqlite://db.sqlite3",
            "sqlite://:memory:",
        ),
        *("postgres://u:s3cret@h:port/d", "postgres://u:s3cret@h:99999/d", "postgres://u:s3/cret@h/d"),
        *("postgres://u:s3cret@h", "postgres://u:s3?cret@h/d", "postgres://u:s3cret@[h/d", "sqlite:///a.sqlite3 "),
        *("postgres://u:s3cret@%2Frun%2Fpostgresql/d", "'sqlite:///a.sqlite3'"),
    ],
    "REDIS_URL": [
        "host:6379",
        "http://:s3cret@h",
        "redis://:s3cret@h:port",
        "redis://h/?db=s3cret",
        "redis://h/?s3cret=1",
    ],
    "EMAIL_URL": [
        *("mail.example.org", "http://me:s3cret@mail.example.org", "smtp://", "smtp://me:s3cret@mail.example.org:x"),
        "smtp://me:s3/cret@mail.example.org:25",
    ],
    "DEFAULT_FROM_EMAIL": ["", "Chat", "chat@", "a@example.org\nBcc: b@example.org"],
    "TIME_ZONE": ["", "Europe/Berln", "../etc/passwd", "/etc/localtime", "Europe"],
    "CHAT_LOG_LEVEL": ["", "verbose", "20"],
    "CHAT_LOG_FORMAT": ["", "xml"],
    "CHAT_REQUEST_THREADS": ["0", "1001"],
    "CHAT_DB_CONNECTIONS": ["0", "19", "some"],
    "CHAT_ACCOUNT_QUEUE": ["-1"],
    "CHAT_AUDIT_WORDS_DAYS": ["-1", "1000000"],
    "CHAT_RETENTION_DAYS": ["-1", "36501", "1.5", "", "never"],
    "CHAT_READING_REASON": ["", "on", "asked,required"],
    "CHAT_READING_NOTICE": ["", "on", "-1", "1.5", "100000", "later"],
    "CHAT_CURRENCY": ["", "euro", "eur", "€", "EURO"],
    "CHAT_QUOTA_OUTPUT_TOKENS": ["", "0", "-1", "1.5", "1000001", "many"],
    "CHAT_CURRENCY_RATE": ["", "much", "-1", "nan", "inf", "0,92"],
    "CHAT_TRUSTED_PROXIES": ["nginx", "0.0.0.0/0"],
    "CHAT_MFA": ["", "yes"],
    "CHAT_TITLES": ["", "on"],
    "CHAT_PROVIDERS": ["nowhere.toml", "."],
    "CHAT_NOTICE": ["nowhere.md", "."],
    "OPENAI_API_KEY": ["sk-é-s3cret", '"sk-s3cret"', "“sk-s3cret”", "sk-s3cret\nsk"],
    "OPENAI_BASE_URL": [
        *("127.0.0.1:9901", "ftp://s3cret.example.org/v1", "https://", "https://h:port/v1", "https://h/v1?key=s3cret"),
        *("http:/h/v1", "“https://h/v1”", "https://h /v1"),
    ],
    "CHAT_VISION_MODELS": ["nosuch"],
    "CHAT_TOOL_MODELS": ["nosuch"],
    "CHAT_MCP_SERVERS": ["nowhere.toml", "."],
    "CHAT_MCP_SECRETS": ["nowhere.toml", "."],
    "CHAT_MCP_USER_HEADER": ["X User", "X-User:", "Host"],
    "CHAT_METRICS_TOKEN": ["“s3cret”"],
    "CHAT_AUDIT_KEY": ["“s3cret”"],
    "CHAT_AUDIT_LOG": ["", "on"],
}
BY_CHECK: dict[str, Any] = {
    "OIDC_ISSUER": "id.example.org",
    "OIDC_CLIENT_ID": "",
    "OIDC_ALLOWED_DOMAINS": "*.example.org",
    "OIDC_STAFF_GROUPS": "staff",
    "CHAT_ALLOWED": "chat",
    "CHAT_TOOLS": ["search_conversation"],
    "CHAT_CONFIRM": "chatsite.nowhere.confirm",
}
ANY_TEXT = {
    "OIDC_CLIENT_SECRET": "the provider says what it is",
    "OIDC_NAME": "what people read",
    "OIDC_MFA": "the provider says what they are",
    "SECRET_KEY_FALLBACKS": "what SECRET_KEY was",
    "OIDC_GROUPS_CLAIM": "the provider says what it is",
    "OIDC_ALLOWED_GROUPS": "the provider's groups",
    "CHAT_MODELS": "the service says what they are",
    "CHAT_TITLE_MODEL": "the service says what it is",
    "CHAT_SYSTEM_PROMPT": "words",
    "CHAT_AUDIT_KEY_FALLBACKS": "what CHAT_AUDIT_KEY was",
    "CHAT_QUOTA_CONTACT": "words",
    "CHAT_METRICS_TOKEN": "whatever it is, Prometheus says the same",
}
MANY = [(name, value) for name, values in CANNOT_BE.items() for value in values]
DEBUG = {"DEBUG": "on", "SECRET_KEY": "k"}


def settings_with(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, file: Path = SETTINGS) -> dict[str, Any]:
    monkeypatch.setattr(os, "environ", {"OPENAI_API_KEY": "sk-1"} | variables)
    return runpy.run_path(str(file))


def test_every_setting_is_looked_at() -> None:
    """And read by a method that notes it, for `manage.py settings`."""
    assert sorted(READ) == sorted({*CANNOT_BE, *BY_CHECK, *ANY_TEXT}) == sorted(env.readings)


@pytest.mark.parametrize(("name", "value"), MANY)
def test_what_cannot_be_is_named_at_the_start(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Faults) as raised:
        settings_with({"DATABASE_URL": "sqlite:///db.sqlite3", "SECRET_KEY": "k"} | {name: value}, monkeypatch)
    (sentence,) = raised.value.sentences
    assert sentence.startswith(f"{name} ")
    assert len(sentence) < 300
    assert "s3" not in sentence


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Faults) as raised:
        settings_with({name: values[0] for name, values in CANNOT_BE.items()}, monkeypatch)
    assert {sentence.split()[0] for sentence in raised.value.sentences} == {*CANNOT_BE} - {"SECRET_KEY"} | {
        "SECRET_KEY"
    }


@pytest.mark.django_db  # Django 6's checks ask it what it can
@pytest.mark.parametrize("name", BY_CHECK)
def test_what_cannot_be_is_named_by_a_check(name: str, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "https://id.example.org", "chat"
    setattr(settings, name, [BY_CHECK[name]] if "DOMAINS" in name or "GROUPS" in name else BY_CHECK[name])
    assert [found.msg for found in run_checks() if found.msg.startswith(f"{name} ") and found.is_serious()]


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("ALLOWED_HOSTS", "chat.example.org, .example.org,127.0.0.1,[::1],*", None),
        ("CSRF_TRUSTED_ORIGINS", "https://chat.example.org:8443,http://[::1]:8000,https://*.example.org", None),
        ("TIME_ZONE", " America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("CHAT_MFA", "Staff", "staff"),
        ("CHAT_CURRENCY", " EUR ", "EUR"),
        ("OPENAI_BASE_URL", "http://[::1]:8080/v1 ", "http://[::1]:8080/v1"),
        ("DEFAULT_FROM_EMAIL", "Chat <chat@example.org>", "Chat <chat@example.org>"),
        ("OPENAI_API_KEY", "$sk_1/2+3==", "$sk_1/2+3=="),
        ("OPENAI_API_KEY", " not needed ", "not needed"),
    ],
)
def test_what_can_be_is_taken(name: str, value: str, meant: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings_with(DEBUG | {name: value}, monkeypatch)
    assert made[name] == (meant or [each.strip() for each in value.split(",")])


@pytest.mark.parametrize(
    ("said", "config"),
    [
        ("sqlite:///a.sqlite3", {"NAME": "/site/a.sqlite3"}),
        ("sqlite:////data/a.sqlite3?timeout=5", {"NAME": "/data/a.sqlite3", "OPTIONS": {"timeout": 5}}),
        ("postgres:////run/postgresql/chat", {"NAME": "chat", "HOST": "/run/postgresql"}),
        ("postgresql://u:%2F%40@h:5433/chat", {"NAME": "chat", "HOST": "h", "PORT": 5433, "PASSWORD": "/@"}),
        ("postgres://u@h1:1,h2:2/chat", {"HOST": "h1,h2", "PORT": "1,2"}),
        ("postgres:///?service=chat", {"OPTIONS": {"service": "chat"}}),
    ],
)
def test_databases_that_can_be(said: str, config: dict[str, Any]) -> None:
    made = services.database(Path("/site"), said)
    assert {name: made[name] for name in config} == config


def test_a_database_that_would_be_another_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sqlite3").touch()
    with pytest.raises(ValueError, match=f"write {tmp_path}/a.sqlite3"):
        services.database(Path("/site"), "sqlite:///a.sqlite3")


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("sqlite:////data/a.sqlite3", "sqlite:////data/a.sqlite3"),
        ("postgres://u:p%23%2F@h:1/d?sslmode=require", "postgres://u:********@h:1/d?sslmode=require"),
        ("postgres://u:p#x@h/d", "postgres://u:********@h/d"),
        ("postgres:///d?password=p", "postgres:///d?password=********"),
    ],
)
def test_passwords_of_databases_are_hidden(said: str, masked: str) -> None:
    assert services.masked(said, services.database(Path("/site"), said)) == masked


def test_a_file_of_settings_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "read_file", read_file)
    (tmp_path / "chatsite").mkdir()
    file = Path(shutil.copy(SETTINGS, tmp_path / "chatsite"))
    (tmp_path / "prompt.md").write_text("Be brief.\nSay “hello”.\n")
    (tmp_path / ".env").write_bytes(
        b"\xef\xbb\xbfDEBUG=on\r\nSECRET_KEY=$ecret\r\nCHAT_SYSTEM_PROMPT_FILE=prompt.md\r\nDATABASE_URL=sqlite:///a\r\n"
    )
    made = settings_with({}, monkeypatch, file)
    assert (made["DEBUG"], made["SECRET_KEY"]) == (True, "$ecret")
    assert made["CHAT_SYSTEM_PROMPT"] == "Be brief.\nSay “hello”."
    assert made["DATABASES"]["default"]["NAME"] == str(tmp_path / "a")
    (tmp_path / ".env").write_text("SECRET_KEY=1\nwrong\nCHAT_MFA=wrong")
    with pytest.raises(Faults) as raised:
        settings_with({}, monkeypatch, file)
    assert [sentence.split(" ")[0] for sentence in raised.value.sentences] == [".env,", "CHAT_MFA"]
