"""docs/deploy.md is followed: each command as it stands there, in order, until a browser sees an answer, and on.

It takes root on Debian, adds a user of the system for its time, and installs the packages that are missing. Nothing
else is left behind.

What is left out: sections in tests/deploy/page.py, and of the others what tests/deploy/programs/ says.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.pages import body, has_status, last_answer, send
from tests.deploy.machine import Machine
from tests.deploy.page import FOLLOWED, commands
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually

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
SECONDS = 120.0
CLOSED_FOLDERS = ("/srv/chatsite", "/var/lib/chatsite", "/var/backups/chatsite")
CLOSED_FILES = ("/srv/chatsite/.env", "/var/lib/chatsite/db.sqlite3")


@pytest.fixture
def machine(upstream: ScriptedUpstream) -> Iterator[Machine]:
    with Machine(upstream.base_url) as machine:
        yield machine


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.mark.timeout(1200)
def test_the_page_leads_to_a_site_that_answers(
    machine: Machine, browser: Browser, upstream: ScriptedUpstream, question: str
) -> None:
    """One test: each would have to begin with an installation of its own."""
    for section in FOLLOWED[:5]:
        follow(machine, section)
    nobody_else_reads_what_is_not_theirs(machine)
    the_site_cannot_change_its_program(machine)
    the_checks_find_nothing(machine)
    page = browser.new_page(ignore_https_errors=True)
    the_administrator_comes_by_the_line_of_the_log(machine, page)
    upstream.script(question, answer("A **spade**\n\n```python\nspade = 1\n```\n\n", "$a^2$"))
    send(page, question)
    an_answer_is_rendered(page)
    assert "All is well." in follow(machine, "6. Check the way")
    follow(machine, "How it is")
    follow(machine, "Backups")
    the_units_are_sound(machine)
    the_machine_is_lost_but_for_the_backup(machine)
    follow(machine, "Restore on a new machine")
    machine.run("systemctl start chatsite")
    nobody_else_reads_what_is_not_theirs(machine)
    page.reload()
    an_answer_is_rendered(page)
    machine.release()
    assert "All is well." in follow(machine, "Upgrades")
    the_site_cannot_change_its_program(machine)
    page.reload()
    an_answer_is_rendered(page)
    follow(machine, "PostgreSQL")
    follow(machine, "Redis")
    *beginning, upgrade = commands("Many processes")
    for command in beginning:
        machine.run(command)
    the_units_are_sound(machine)
    page.reload()
    an_answer_is_rendered(page)
    an_answer_goes_on_while_one_process_after_the_other_is_restarted(
        machine, page, upstream, f"{question} And a heart?", upgrade
    )


def follow(machine: Machine, section: str) -> str:
    return "".join(machine.run(command) for command in commands(section))


def nobody_else_reads_what_is_not_theirs(machine: Machine) -> None:
    for places, program in ((CLOSED_FOLDERS, "ls"), (CLOSED_FILES, "cat")):
        for place in map(machine.path, places):
            assert place.stat().st_mode & 0o007 == 0, place
            as_nobody = ["runuser", "-u", "nobody", "--", program, str(place)]
            done = subprocess.run(as_nobody, capture_output=True, text=True, check=False)
            assert "Permission denied" in done.stderr, place


def the_site_cannot_change_its_program(machine: Machine) -> None:
    for place in ("manage.py", ".env", ".venv/bin/python", "staticfiles", "."):
        assert machine.path(f"/srv/chatsite/{place}").lstat().st_uid == 0
    assert machine.run("cd /srv/chatsite\ngit status --short\n") == "", "root runs git there"


def the_checks_find_nothing(machine: Machine) -> None:
    check = "runuser -u chatsite -- .venv/bin/python manage.py check --deploy --fail-level WARNING"
    assert "no issues" in machine.run(f"cd /srv/chatsite\n{check}")
    warnings = [line for line in machine.log.splitlines() if " WARNING " in line or " ERROR " in line]
    assert len(warnings) == 1, warnings
    assert "There is no account on this site yet." in warnings[0]


def the_administrator_comes_by_the_line_of_the_log(machine: Machine, page: Page) -> None:
    page.goto(machine.url + re.search(r"signs up at (\S+)", machine.log)[1])
    for name, value in {"username": "boss", "password1": PASSWORD, "password2": PASSWORD}.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url(re.compile("/$"))


def an_answer_is_rendered(page: Page) -> None:
    """By the libraries that npm has brought."""
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page)).locator("strong")).to_have_text("spade")
    expect(body(last_answer(page)).locator(".hljs-number")).to_have_text("1")
    expect(body(last_answer(page)).locator(".katex")).to_have_count(1)


def the_units_are_sound(machine: Machine) -> None:
    if shutil.which("systemd-analyze"):
        units = [file.name for file in machine.path("/etc/systemd/system").iterdir() if file.is_file()]
        said = machine.run(" ".join(["systemd-analyze verify", *(f"/etc/systemd/system/{unit}" for unit in units)]))
        assert not any(unit in said for unit in units), said


def an_answer_goes_on_while_one_process_after_the_other_is_restarted(
    machine: Machine, page: Page, upstream: ScriptedUpstream, question: str, upgrade: str
) -> None:
    gate = Gate()
    upstream.script(question, say("A **heart**"), gate, answer(" it is."))
    send(page, question)
    expect(body(last_answer(page)).locator("strong")).to_have_text("heart")
    with ThreadPoolExecutor(1) as thread:
        upgrading = thread.submit(machine.run, upgrade)
        try:
            begun = re.compile(r"Draining: [1-9]\d* tasks")
            eventually(lambda: begun.search(machine.log) or upgrading.done(), "Its process drains", SECONDS)
            assert not upgrading.done(), "It was not waited for"
        finally:
            gate.open()
        assert upgrading.result(SECONDS).count('"ready"') == 2
    has_status(last_answer(page), "complete")
    expect(body(last_answer(page))).to_have_text("A heart it is.")
    assert "Redis is away" not in machine.log


def the_machine_is_lost_but_for_the_backup(machine: Machine) -> None:
    """The one that its timer makes."""
    machine.run("rm /var/backups/chatsite/*\nsystemctl start chatsite-backup")
    machine.run("mv /var/backups/chatsite/*.backup /root/\nsystemctl stop chatsite\nrm /var/lib/chatsite/*")
