"""An upgrade from old versions: what docs/deploy.md promises below "Upgrades".

The databases are dumps (`sqlite3 … .dump`) of those that these versions themselves have made: users signed up, asked,
had an answer written again and rated it, attached files, shared. So the test needs none of the history.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from chatsite.database_version import fault_in_version
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.client import question as body_of
from tests.support.migrating import ALIAS, known
from tests.support.site import ROOT, Site
from tests.support.upstream import ScriptedUpstream, answer

FOLDER = ROOT / "tests/support/old_versions"
OLDEST = "916495f"
WITH_FILES = "c298af2"
"""The last one before accounts were allauth's."""
HTML = {"Accept": "text/html"}


@pytest.fixture(params=[OLDEST, WITH_FILES])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def upgraded(version: str, tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Path:
    """The database, which `migrate` has been over."""
    file = tmp_path / "db.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.executescript((FOLDER / f"{version}.sql").read_text())
    connection.close()
    with django_db_blocker.unblock(), known(connections.settings["default"] | {"NAME": file}):
        call_command("migrate", database=ALIAS, verbosity=0)
        assert fault_in_version(connections[ALIAS]) is None
    return file


@pytest.fixture
def site(upgraded: Path, run_site: RunSite) -> Iterator[Site]:
    site = run_site(own=True, DATABASE_URL=f"sqlite:///{upgraded}", CHAT_SHARING="public")
    yield site
    site.close()


def logged_in(site: Site, login: str) -> Client:
    client = Client(site.url)
    name = login.partition("@")[0]
    reply = client.post("/accounts/login/", form={"login": login, "password": f"{name}-walks-in-the-rain"}, **HTML)
    assert reply.status == 302, "with the password of before"
    set_cookies = " ".join(reply.headers.get_all("Set-Cookie") or [])
    client.cookies |= dict(re.findall(r"\b(sessionid|csrftoken)=([^;]+)", set_cookies))
    return client


def rows(file: Path, statement: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(file) as connection:
        found = connection.execute(statement).fetchall()
    connection.close()
    return found


def test_all_that_there_was_is_there(
    site: Site, upgraded: Path, version: str, upstream: ScriptedUpstream, question: str
) -> None:
    ann = logged_in(site, "ann")
    (found,) = re.findall(r'href="(/c/[0-9a-f-]+/)[^"]*"[^>]*>\s*Where does the heron', ann.get("/", **HTML).text)[:1]
    page = ann.get(found, **HTML).text
    for said in ("Where does the heron sleep?", "In the **reeds**, on one leg.", "Fish, frogs and mice."):
        assert said in page
    assert "Fish and frogs." in ann.get(f"{found}export/?as=json").text
    assert "Where does the heron" in ann.get("/search/?q=reeds", **HTML).text
    assert rows(upgraded, "SELECT value, comment FROM chat_feedback") == [("up", "Good to know.")]
    if version != OLDEST:
        looks_at_files_and_links(site, upgraded, ann)
    goes_on(ann, found, upgraded, upstream, question)
    assert logged_in(site, "root").get("/admin/chat/conversation/", **HTML).status == 200


def looks_at_files_and_links(site: Site, file: Path, ann: Client) -> None:
    ids = {name: UUID(pk) for name, pk in rows(file, "SELECT name, id FROM chat_attachment")}
    assert ann.get(f"/attachments/{ids['herons.txt']}/").body == b"Herons eat mice, too."
    assert ann.get(f"/attachments/{ids['heron.jpg']}/").body.startswith(b"\xff\xd8\xff")
    ((token,),) = rows(file, "SELECT token FROM chat_share")
    assert "Fish, frogs and mice." in Client(site.url).get(f"/s/{token}/", **HTML).text


def goes_on(client: Client, path: str, file: Path, upstream: ScriptedUpstream, text: str) -> None:
    ((last,),) = rows(file, "SELECT current_id FROM chat_conversation WHERE title LIKE 'Where%'")
    upstream.script(text, *answer("Once a minute."))
    with client.stream("POST", f"{path}messages/", body_of(text, parent=str(UUID(last)))) as stream:
        stream.until("end")
    asked = upstream.wait_asked(text).json["messages"]
    assert [each["content"] for each in asked][-2:] == ["Fish, frogs and mice.", text]
