"""docs/deploy.md is followed: each command as it stands there, in order, until a browser sees an answer.

It takes root on Debian, adds a user of the system for its time, and installs the packages that are missing. Nothing
else is left behind.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.pages import body, has_status, last_answer, send
from tests.deploy.machine import Machine
from tests.deploy.page import commands, headings
from tests.support.upstream import ScriptedUpstream, answer

WHY_NOT = next(
    (
        why
        for why, holds in {
            "the page is for Debian": not Path("/etc/debian_version").exists(),
            "only root can make an account": os.geteuid() != 0,
            "NO_INSTALL=1 leaves the system as it is, and this adds an account to it": "NO_INSTALL" in os.environ,
            "Chromium is not installed": not CHROMIUM,
        }.items()
        if holds
    ),
    "",
)
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"docs/deploy.md is not followed here: {WHY_NOT}")
PASSWORD = "a long passphrase"


@pytest.fixture(scope="module")
def machine(upstream: ScriptedUpstream) -> Iterator[Machine]:
    """One on which the page has been followed, from the first section to the sixth."""
    with Machine(upstream.base_url) as machine:
        for section in headings()[:5]:
            for command in commands(section):
                machine.run(command)
        yield machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def test_a_browser_sees_a_rendered_answer(
    machine: Machine, browser: Browser, upstream: ScriptedUpstream, question: str
) -> None:
    """The administrator comes by the line of the log, and asks."""
    upstream.script(question, answer("A **spade**\n\n```python\nspade = 1\n```\n\n", "$a^2$"))
    page = browser.new_page(ignore_https_errors=True)
    page.goto(machine.url + re.search(r"signs up at (\S+)", machine.log)[1])
    sign_up(page)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page)).locator("strong")).to_have_text("spade")
    expect(body(last_answer(page)).locator(".hljs-number")).to_have_text("1")
    expect(body(last_answer(page)).locator(".katex")).to_have_count(1)
    page.close()


def sign_up(page: Page) -> None:
    for name, value in {"username": "boss", "password1": PASSWORD, "password2": PASSWORD}.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url(re.compile("/$"))


def test_nothing_on_the_way_holds_streams_back(machine: Machine) -> None:
    for command in commands("6. Check the way"):
        assert "All is well." in machine.run(command)


def test_the_checks_find_nothing(machine: Machine) -> None:
    check = "cd /srv/chatsite; runuser -u chatsite -- .venv/bin/python manage.py check --deploy --fail-level WARNING"
    assert "no issues" in machine.run(check)
    assert "WARNING" not in re.sub(r".*There is no account on this site yet.*\n", "", machine.log)


def test_the_unit_is_sound(machine: Machine) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed: nothing here can say whether the unit is sound")
    said = machine.run("systemd-analyze verify /etc/systemd/system/chatsite.service")
    assert "chatsite.service" not in said


@pytest.mark.parametrize(
    ("place", "is_folder"),
    [
        ("/srv/chatsite", True),
        ("/var/lib/chatsite", True),
        ("/var/backups/chatsite", True),
        ("/srv/chatsite/.env", False),
        ("/var/lib/chatsite/db.sqlite3", False),
    ],
)
def test_nobody_else_reads_it(machine: Machine, place: str, is_folder: bool) -> None:
    mode = machine.path(place).stat().st_mode & 0o777
    assert mode & 0o007 == 0
    as_nobody = ["runuser", "-u", "nobody", "--", "ls" if is_folder else "cat", str(machine.path(place))]
    assert "Permission denied" in subprocess.run(as_nobody, capture_output=True, text=True, check=False).stderr


def test_the_site_cannot_change_its_program(machine: Machine) -> None:
    for place in ("manage.py", ".env", ".venv/bin/python", "staticfiles", "."):
        assert machine.path(f"/srv/chatsite/{place}").lstat().st_uid == 0
    assert machine.run("cd /srv/chatsite\ngit status --short\n") == "", "root runs git there"
