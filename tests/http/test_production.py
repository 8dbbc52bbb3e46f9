"""The site as it is deployed: checks, migrations, headers, static files."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.site import ROOT, Site, environment

CONTENT_SECURITY_POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def manage(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, check=False, timeout=60
    )


PRODUCTION: dict[str, str | None] = {
    "SECURE_SSL_REDIRECT": None,
    "SESSION_COOKIE_SECURE": None,
    "CSRF_COOKIE_SECURE": None,
    "DEBUG": None,
    "ALLOWED_HOSTS": "chat.example.org",
    "SECRET_KEY": "4Jk2pQ9vX7bN1mR6sT8wY3zA5cE0gH_fD-uLoKiVjBqMxWnPrSyZaCdEhGt",
    "CHAT_AUDIT_KEY": "another one, which is kept elsewhere",
}


@pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed")
def test_the_check_for_deployment_finds_nothing() -> None:
    checked = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert checked.returncode == 0, checked.stderr


def test_the_check_for_deployment_could_find_something() -> None:
    checked = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION | {"SECURE_SSL_REDIRECT": "off"})
    assert checked.returncode == 1
    assert "security.W008" in checked.stderr


def test_no_migration_is_missing() -> None:
    made = manage("makemigrations", "--check", "--dry-run")
    assert made.returncode == 0, made.stdout + made.stderr


def test_without_a_secret_key_it_says_what_to_do() -> None:
    checked = manage("check", **PRODUCTION | {"SECRET_KEY": None})
    assert checked.returncode != 0
    assert "SECRET_KEY is not set" in checked.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHAT_MESSAGES_PER_MINUTE", "-1"),
        ("CHAT_LIVE_PER_USER", ""),
        ("CHAT_IDLE_SECONDS", "nan"),
        ("CHAT_REQUEST_THREADS", "0"),
        ("SECURE_SSL_REDIRECT", "ture"),
        ("CHAT_TITLES", "none"),
    ],
)
def test_what_a_setting_cannot_be_is_said_at_start(name: str, value: str) -> None:
    checked = manage("check", **PRODUCTION | {name: value})
    assert checked.returncode != 0
    (line,) = checked.stderr.strip().splitlines()
    assert line.startswith(f"Cannot start: {name} is n")
    assert line.endswith(repr(value))


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("sqlite:///{folder}/nowhere/db.sqlite3", "The database is away. Is {folder}/nowhere/db.sqlite3 there"),
        ("sqlite:///{folder}/text.sqlite3", "The database is damaged. Stop the site, keep {folder}/text.sqlite3"),
        ("sqlite:///{folder}/new.sqlite3", "The database lacks a table or a column. Has `manage.py migrate` run"),
        ("postgres://ann@127.0.0.1:1/chat", "The database is away. Does it run at 127.0.0.1:1 "),
    ],
)
def test_a_command_says_in_words_what_is_wrong_with_the_database(database: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "text.sqlite3").write_text("This is no database. " * 99)
    variables = PRODUCTION | {"DATABASE_URL": database.format(folder=tmp_path)}
    command = ["changepassword", "ann"] if "new" in database else ["migrate"]
    ended = manage(*command, **variables)
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith(said.format(folder=tmp_path))
    assert "Traceback" in manage(*command, "--traceback", **variables).stderr


def test_providers_that_cannot_be_are_said_at_start(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[[providers]]\nname = "hub"\napi_key = "sk-secret"\n[[providers.models]]\nname = "m"\n')
    variables = environment(**PRODUCTION, CHAT_PROVIDERS=str(file))
    command = [sys.executable, "-c", "import chatsite.asgi"]
    started = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert started.returncode != 0
    assert 'CHAT_PROVIDERS, provider "hub": `api_key` is no member' in started.stderr
    assert "providers.toml" in started.stderr
    assert "sk-secret" not in started.stderr
    assert "Traceback" not in started.stderr


def test_settings_are_shown_as_far_as_they_can_be(tmp_path: Path) -> None:
    (tmp_path / "providers.toml").write_text(
        '[[providers]]\nname = "hub"\napi_key_variable = "HUB_KEY"\n[[providers.models]]\nname = "m"\n'
    )
    (tmp_path / "hub").write_text("s3cret-of-hub\n")
    given = {
        "CHAT_LIVE_PER_USER": "many",
        "CHAT_LIVE_PER_PROCESS": "7",
        "CHAT_TOTAL_SECONDS": "900",
        "SECRET_KEY": "s3cret-of-site",
        "EMAIL_URL": "smtp+tls://me:s3cret-of-mail@mail.example.org:587",
        "DATABASE_URL": "postgres://chat:s3cret@db.example.org/chat?sslpassword=s3cret",
        "OPENAI_BASE_URL": "https://me:s3cret@api.example.org/v1",
        "CHAT_PROVIDERS": str(tmp_path / "providers.toml"),
        "HUB_KEY_FILE": str(tmp_path / "hub"),
    }
    shown = manage("settings", "--changed", **given)
    assert shown.returncode == 1
    assert shown.stderr.splitlines() == ["Wrong: CHAT_LIVE_PER_USER is no whole number from 0 on: 'many'"]
    rows = {name.strip(): rest for name, rest in (line.split("  ", 1) for line in shown.stdout.splitlines())}
    assert rows["CHAT_LIVE_PER_USER"].split() == ["(cannot", "be)", "environment"]
    assert rows["CHAT_LIVE_PER_PROCESS"].split() == ["7", "environment"]
    assert rows["DATABASE_URL"].split()[0] == "postgres://chat:********@db.example.org/chat?sslpassword=********"
    assert rows["EMAIL_URL"].split()[0] == "smtp+tls://me:********@mail.example.org:587"
    assert rows["OPENAI_BASE_URL"].split()[0] == "https://me:********@api.example.org/v1"
    assert rows["CHAT_PROVIDERS hub HUB_KEY"].split()[:2] == ["********", f"{tmp_path}/hub,"]
    assert "CHAT_TOTAL_SECONDS" not in rows
    assert "s3cret" not in shown.stdout + shown.stderr


def test_space_around_a_value_does_no_harm() -> None:
    names = "s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.CHAT_MODELS, s.OPENAI_API_KEY, s.CHAT_SHARING"
    given = {"ALLOWED_HOSTS": "a.example, b.example", "CSRF_TRUSTED_ORIGINS": "https://a.example, https://b.example"}
    given |= {"CHAT_MODELS": " small, large,", "OPENAI_API_KEY": "sk-key\n", "CHAT_SHARING": "Off "}
    shown = manage("shell", "-v0", "-c", f"from django.conf import settings as s; print({names})", **given)
    hosts, origins = ["a.example", "b.example"], ["https://a.example", "https://b.example"]
    assert shown.stdout.strip() == f"{hosts} {origins} ['small', 'large'] sk-key False"


def test_no_model_named_is_the_default_or_an_error_at_start() -> None:
    shown = manage("shell", "-v0", "-c", "from django.conf import settings as s; print(s.CHAT_MODELS)", CHAT_MODELS="")
    assert shown.stdout.strip() == "['gpt-4o-mini']" or (shown.returncode and "CHAT_MODELS" in shown.stderr)


# Headers


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/c/nothing/", "/nothing/"])
def test_every_page_bears_the_strict_policy(alice: Client, path: str) -> None:
    reply = alice.get(path, Accept="text/html")
    policies = reply.headers.get_all("Content-Security-Policy")
    assert policies
    assert len(policies) == 1
    # A page with an import map allows it, and nothing else, by a nonce.
    policy = re.sub(r" 'nonce-[\w+/=]{20,}'", "", policies[0])
    assert ("nonce-" in policies[0]) == ('type="importmap"' in reply.text)
    assert {directive.strip() for directive in policy.split(";")} == CONTENT_SECURITY_POLICY
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nothing/"])
def test_no_page_needs_more_than_the_policy_allows(alice: Client, path: str) -> None:
    page = alice.get(path, Accept="text/html").text
    assert not re.search(r"<script(?![^>]*\s(?:src=|type=\"importmap\" nonce=))", page), "an inline script"
    assert not re.search(r"<style|\sstyle=", page), "an inline style"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", page), "an inline handler"
    assert "javascript:" not in page
    assert re.findall(r"(?:src|href)=\"((?!/|#)[^\"]*)\"", page) == []


# Static files


def static_addresses(page: str) -> list[str]:
    return re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", page)


def test_static_files_are_served_under_hashed_names_for_ever(alice: Client) -> None:
    found = static_addresses(alice.get("/", Accept="text/html").text)
    assert any(address.endswith(".css") for address in found)
    assert any(address.endswith(".js") for address in found)
    for address in found:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", address), address
        reply = alice.get(address)
        assert reply.status == 200
        assert "immutable" in reply.headers["Cache-Control"]
        assert reply.body


IMPORTED = r"""^\s*(?:import|export)\b[^;'"=]*["'](\.[^"']+)["']"""


def test_modules_import_each_other_under_hashed_names(alice: Client) -> None:
    page = alice.get("/", Accept="text/html").text
    waiting = [address for address in static_addresses(page) if address.endswith(".js")]
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        script = alice.get(address)
        assert script.status == 200, address
        assert script.headers["Content-Type"].startswith("text/javascript")
        for imported in re.findall(IMPORTED, script.text, re.MULTILINE):
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported), f"{imported} in {address}"
            folder = Path(address).parent
            waiting.append(str((Path("/") / folder / imported).resolve()))
    assert len(seen) > 1


def test_what_is_no_static_file_is_not_found(alice: Client) -> None:
    assert alice.get("/static/nothing.js").status == 404
    assert alice.get("/static/../manage.py").status in (400, 404)
    assert alice.get("/static/%2e%2e/%2e%2e/etc/passwd").status in (400, 404)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_file_that_is_not_there_is_answered_alike_each_time(
    alice: Client, site: Site, method: str, accept: str, language: str
) -> None:
    """The first goes through all of Django, the others do not."""
    name = f"{method}-{accept.partition('/')[2]}-{language}"
    asked = {"Accept": accept, "Accept_Language": language}
    answers = [alice.request(method, f"/static/{name}-{number}.js", headers=asked) for number in range(3)]
    heads = [sorted((key, value) for key, value in answer.headers.items() if key != "Date") for answer in answers]
    assert {answer.status for answer in answers} == {404}
    assert heads == [heads[0]] * 3
    assert [answer.body for answer in answers] == [answers[0].body] * 3
    assert site.log.count(f"Not Found: /static/{name}") == 3


def test_without_collectstatic_they_are_served_as_they_are(
    run_site: Callable[..., Site], client_for: Callable[..., Client], tmp_path: Path
) -> None:
    site = run_site(own=True, CHATSITE_TEST_STATIC=str(tmp_path / "static"))
    assert "manage.py collectstatic" in site.log
    client = client_for(site)
    found = static_addresses(client.get("/", Accept="text/html").text)
    assert len(found) > 3
    for address in found:
        reply = client.get(address)
        assert (reply.status, bool(reply.body)) == (200, True), address
        assert "immutable" not in reply.headers["Cache-Control"]


# Errors


def test_an_unknown_host_is_refused(alice: Client) -> None:
    assert alice.get("/", Host="evil.example").status == 400


def test_an_unknown_page_is_a_page_and_tells_nothing_of_the_code(alice: Client) -> None:
    reply = alice.get("/nothing/", Accept="text/html")
    assert reply.status == 404
    assert "Traceback" not in reply.text
    assert "urlpatterns" not in reply.text


def test_https_is_required_unless_it_is_turned_off(nobody: Client, site: Site) -> None:
    """The default is on; the site of these tests turns it off, because it is reached by HTTP."""
    shown = manage("shell", "-v0", "-c", PRINT_SECURITY, **PRODUCTION)
    assert shown.stdout.split() == ["True", "True", "True", "31536000"], shown.stderr
    assert nobody.get("/accounts/login/").status == 200


PRINT_SECURITY = """
from django.conf import settings as s
print(s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)
"""
