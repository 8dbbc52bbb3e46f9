"""`manage.py createusers`: accounts of a list, all or none, with links to choose a password by."""

import io
import re
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from errno import ENOSPC
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client

from chatsite.accounts.user_list import Faults, Row, read_list
from chatsite.management.commands import createusers
from chatsite.single_sign_on.configuration import as_providers

PASSWORD = "a-long-walk-in-the-rain"
by_the_default_mailer = pytest.mark.filterwarnings("ignore:Django 2028 will not have a default mailer")
"""Django 5.2 has no other."""
SITE = "http://testserver"
LIST = "username,email,groups,first_name,last_name,staff\nann,Ann@example.org,one|two,Ann,Smith,yes\nbob,,,,,\n"
ANN = Row(2, "ann", "ann@example.org", ("one", "two"), "Ann", "Smith", True)

Run = Callable[..., list[list[str]]]


# The list


@pytest.mark.parametrize(
    "data",
    [
        LIST.encode(),
        LIST.encode("utf-8-sig"),
        LIST.replace("\n", "\r\n").encode("utf-8-sig"),
        LIST.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"),
        LIST.replace(",", "\t").encode(),
        LIST.replace("username", " Username ").replace("yes", "ON").encode(),
        LIST.replace("ann", '"ann"', 1).encode().rstrip(b"\n"),
        (LIST.replace("staff\n", "staff,,\n").replace("yes\n", "yes,,\n") + ",,,,,,,\n\n").encode(),
    ],
    ids=["plain", "BOM", "CRLF", "semicolons", "tabs", "capitals", "quotes", "empty cells and lines"],
)
def test_a_list_is_read_as_spreadsheets_write_it(data: bytes) -> None:
    assert read_list(data) == [ANN, Row(3, "bob")]


def test_lines_are_counted_as_they_stand_in_the_file() -> None:
    rows = read_list(b'username,last_name\n\nann,"Smith\n-Jones"\nbob,\n')
    assert [(row.line, row.username) for row in rows] == [(3, "ann"), (5, "bob")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ["The first line has to name the columns"]),
        (b"ann\nbob\n", ["The first line has to name the columns"]),
        (b"username,mail\n", ["There is no column 'mail'"]),
        (b"username,username\n", ["twice"]),
        (b"username\nann\nJ\xfcrgen\n", ["Line 3 is not UTF-8"]),
        ("username\nann\n".encode("utf-16"), ["Line 1 is not UTF-8"]),
        (b"username\nann\0\n", ["Line 2 has a NUL"]),
        (b'username\n"ann\n', ["Line 2 cannot be read"]),
        (b"username,staff\nann,maybe\n,yes\nbob,no,more\n", ["Line 2: staff", "Line 3 has no", "Line 4 has more"]),
        (b"username\n" + b"x" * 5_000_000, ["more than 5,000,000 bytes"]),
    ],
    ids=range(10),
)
def test_what_is_wrong_with_a_list_is_said_by_its_line(data: bytes, said: list[str]) -> None:
    with pytest.raises(Faults) as found:
        read_list(data)
    assert len(found.value.sentences) == len(said)
    for sentence, words in zip(found.value.sentences, said, strict=True):
        assert words in sentence


# The accounts


@pytest.fixture
def administrator(db: None) -> User:
    cache.clear()
    return User.objects.create(username="root", email="root@example.org", is_superuser=True)


@pytest.fixture
def run(
    administrator: User, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs the command with a list; the rows of what it writes."""
    monkeypatch.setattr("django.contrib.auth.hashers.get_hasher", lambda *args: pytest.fail("a password is hashed"))

    def run(text: str, *options: str) -> list[list[str]]:
        file = tmp_path / "list.csv"
        file.write_text(text)
        output = io.StringIO()
        call_command("createusers", str(file), "--site", SITE, *options, stdout=output)
        return [line.split(",") for line in output.getvalue().splitlines()]

    return run


def test_accounts_are_made_as_the_list_says(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two", "three"):
        Group.objects.create(name=name)
    links = run(LIST)
    assert [line[:2] for line in links] == [["ann", "ann@example.org"], ["bob", ""]]
    ann, bob = User.objects.get(username="ann"), User.objects.get(username="bob")
    assert (ann.first_name, ann.last_name, ann.is_staff, ann.is_superuser) == ("Ann", "Smith", True, False)
    assert set(ann.groups.values_list("name", flat=True)) == {"one", "two"}
    assert EmailAddress.objects.filter(user=ann, email="ann@example.org", verified=True, primary=True).exists()
    assert not bob.is_staff
    assert not ann.has_usable_password()
    said = capsys.readouterr().err
    assert "Made 2 accounts." in said
    assert "once, until" in said


def test_a_link_lets_its_holder_choose_a_password_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    link = run("username,email\nann,ann@example.org\n")[0][2]
    monkeypatch.undo()
    assert link.startswith(f"{SITE}/accounts/password/reset/key/")
    client = Client()
    form = client.get(link.removeprefix(SITE))["Location"]
    assert client.post(form, {"password1": "ann", "password2": "ann"}).status_code == 200, "too easy"
    assert client.post(form, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    for login in ("ann", "ann@example.org"):
        client = Client()
        assert client.post("/accounts/login/", {"login": login, "password": PASSWORD})["Location"] == "/"
    assert "Location" not in Client().get(link.removeprefix(SITE)), "it has been used"
    assert link.rpartition("-")[2] not in caplog.text


def test_a_link_ends(run: Run, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    link = run("username\nann\n")[0][2]
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "Location" not in Client().get(link.removeprefix(SITE))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a b,,", ["Line 3: Enter a valid username."]),
        (f"{'x' * 151},,", ["Line 3: Ensure this value has at most 150 characters"]),
        ("bob,nonsense,", ["Line 3: Enter a valid email address."]),
        ("bob,,nowhere", ["Line 3: there is no group 'nowhere'."]),
        ("r00t,,", ["Line 3: 'r00t' looks like 'root'"]),
        ("fіne,,", ["Line 3: 'fіne' looks like 'fine'"]),
        ("fine,,", ["Line 3: 'fine' stands in line 2, too."]),
        ("bob,ROOT@example.org,", ["Line 3: root@example.org is another account's address."]),
        ("bob,fine@example.org,", ["Line 3: fine@example.org is another account's address."]),
        ("a b,,\nr00t,,nowhere", ["Line 3", "Line 4: there is no group", "Line 4: 'r00t'"]),
    ],
)
def test_with_any_fault_no_account_is_made_and_each_is_named(run: Run, rows: str, said: list[str]) -> None:
    before = User.objects.count()
    with pytest.raises(CommandError) as refused:
        run(f"username,email,groups\nfine,fine@example.org,\n{rows}\n")
    *sentences, last = str(refused.value).splitlines()
    assert last == "No account was made."
    assert len(sentences) == len(said)
    for sentence, words in zip(sentences, said, strict=True):
        assert words in sentence
    assert User.objects.count() == before


def test_those_that_exist_are_left_as_they_are(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("username\nann\n")
    links = run("username,email,staff\nroot,another@example.org,\nann,,yes\nbob,,\n")
    assert [line[0] for line in links] == ["bob"]
    assert "2 were there already, and are as they were: " in capsys.readouterr().err
    assert User.objects.get(username="root").email == "root@example.org"
    assert not User.objects.get(username="ann").is_staff


def test_links_come_again_for_those_who_have_no_password_yet(run: Run) -> None:
    User.objects.filter(username="root").update(password="md5$salt$hash")
    first = run("username\nann\n")
    again = run("username\nann\nroot\n", "--again")
    assert [line[0] for line in again] == ["ann"]
    assert all(line[2].startswith(SITE) for line in first + again)


def test_the_first_account_is_made_by_its_administrator(run: Run, administrator: User) -> None:
    administrator.delete()
    User.objects.all().delete()
    with pytest.raises(CommandError, match="no account on this site yet"):
        run("username\nann\n")


# What is written, and where


def test_a_file_of_links_is_its_owners_alone_and_new(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    assert run("username\nann\n", "--output", str(file)) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith(f"ann,,{SITE}/accounts/password/reset/key/")
    with pytest.raises(CommandError, match="File exists"):
        run("username\nbob\n", "--output", str(file))
    with pytest.raises(CommandError, match="No such file or directory"):
        run("username\nbob\n", "--output", str(tmp_path / "nowhere" / "links.csv"))
    assert not User.objects.filter(username="bob").exists()


def test_nothing_is_left_of_a_list_with_a_fault(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    with pytest.raises(CommandError):
        run("username\na b\n", "--output", str(file))
    assert not file.exists()


def test_without_room_for_the_links_no_account_is_made(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    def full(links: Any) -> str:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(createusers, "_as_csv", full)
    with pytest.raises(CommandError, match="cannot be written: No space left on device"):
        run("username\nann\n", "--output", str(tmp_path / "links.csv"))
    assert not (tmp_path / "links.csv").exists()
    assert not User.objects.filter(username="ann").exists()


def test_a_list_may_come_by_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"username\nann\n")))
    output = io.StringIO()
    call_command("createusers", "-", "--site", SITE, stdout=output)
    assert output.getvalue().startswith("ann,,")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("createusers", "nowhere.csv", "--site", SITE)


@pytest.mark.parametrize(
    ("site", "hosts", "begins"),
    [
        ("", ["chat.example.org"], "https://chat.example.org/accounts/"),
        ("", ["chat.example.org", ".example.com"], "https://chat.example.org/accounts/"),
        ("https://chat.example.com/", ["one.example.org", ".example.com"], "https://chat.example.com/accounts/"),
        ("http://localhost:8000", ["localhost"], "http://localhost:8000/accounts/"),
        ("", ["one.example.org", "two.example.org"], None),
        ("", ["*"], None),
        ("https://another.example.org", ["chat.example.org"], None),
        ("chat.example.org", ["chat.example.org"], None),
        ("https://chat.example.org/below", ["chat.example.org"], None),
    ],
)
def test_where_links_lead(
    run: Run, settings: Any, tmp_path: Path, site: str, hosts: list[str], begins: str | None
) -> None:
    settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE = hosts, True
    if begins:
        assert run("username\nann\n", "--site", site)[0][2].startswith(begins)
    else:
        with pytest.raises(CommandError, match=r"--site|ALLOWED_HOSTS"):
            run("username\nann\n", "--site", site)


def test_where_a_provider_is_the_only_way_there_are_no_links(
    run: Run, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.OIDC_ISSUER, settings.OIDC_ONLY, settings.OIDC_NAME = "https://id.example.org", True, "Example ID"
    settings.SOCIALACCOUNT_PROVIDERS = as_providers("https://id.example.org", "chat", "secret", "Example ID")
    assert run("username,email\nann,ann@example.org\n") == []
    assert "They log in by Example ID" in capsys.readouterr().err
    assert EmailAddress.objects.filter(email="ann@example.org", verified=True).exists(), "by it they are known"
    with pytest.raises(CommandError, match="OIDC_ONLY"):
        run("username,email\nbob,bob@example.org\n", "--mail")


# By e-mail


@by_the_default_mailer
def test_nothing_is_mailed_unless_it_is_asked_for(run: Run, settings: Any) -> None:
    settings.CHAT_HAS_MAIL = True
    run("username,email\nann,ann@example.org\n")
    assert mail.outbox == []
    assert run("username,email\nbob,bob@example.org\n", "--mail") == []
    (sent,) = mail.outbox
    assert sent.to == ["bob@example.org"]
    (link,) = re.findall(rf"{SITE}\S+", str(sent.body))
    assert "Location" in Client().get(link.removeprefix(SITE))
    assert "testserver" in sent.body
    assert "bob" in sent.body


def test_mail_needs_a_server_and_addresses(run: Run, settings: Any) -> None:
    settings.CHAT_HAS_MAIL = False
    with pytest.raises(CommandError, match="EMAIL_URL"):
        run("username,email\nann,ann@example.org\n", "--mail")
    settings.CHAT_HAS_MAIL = True
    with pytest.raises(CommandError, match="Line 3 has no e-mail address"):
        run("username,email\nann,ann@example.org\nbob,\n", "--mail")
    assert not User.objects.filter(username__in=["ann", "bob"]).exists()


@by_the_default_mailer
def test_links_that_could_not_be_mailed_are_written(run: Run, settings: Any, monkeypatch: Any, tmp_path: Path) -> None:
    settings.CHAT_HAS_MAIL = True
    tried: list[str] = []
    send = EmailBackend.send_messages

    def refuse_some(self: EmailBackend, messages: list[Any]) -> int:
        tried.extend(messages[0].to)
        if messages[0].to[0].startswith("no"):
            raise SMTPRecipientsRefused({})
        return int(send(self, messages))

    monkeypatch.setattr(EmailBackend, "send_messages", refuse_some)
    names = ["no1", "ann", "no2", "no3", "no4", "eve", "bob"]
    text = "username,email\n" + "".join(f"{name},{name}@example.org\n" for name in names)
    file = tmp_path / "unsent.csv"
    with pytest.raises(CommandError, match="6 of 7 mails could not be sent"):
        run(text, "--mail", "--output", str(file))
    assert tried == [f"{name}@example.org" for name in names[:5]], "after three failures in a row none is tried"
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == ["no1", *names[2:]]
    assert User.objects.filter(username__in=names).count() == len(names)


def test_links_are_good_for_as_long_as_is_said(run: Run, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.PASSWORD_RESET_TIMEOUT = timedelta(days=400).total_seconds()
    run("username\nann\n")
    (year,) = re.findall(r"until (\d{4})-", capsys.readouterr().err)
    assert int(year) > 2026
