"""Fixtures: a scripted upstream, site processes, and clients that talk to them."""

import gc
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.signals import setting_changed
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from chat.retention import fragments
from chat.templatetags import chat_libraries
from chat.views import page_templates
from tests.support import redis
from tests.support.client import Client
from tests.support.forgetting import forget_rows
from tests.support.once import FOLDER, made_once
from tests.support.postgres import Postgres, programs
from tests.support.preloaded import IS_POSSIBLE, Preloaded
from tests.support.site import ROOT, Site, environment
from tests.support.upstream import ScriptedUpstream

RunSite = Callable[..., Site]
ClientFor = Callable[..., Client]
STATIC_SERVED = re.compile(r'"GET /static/\S+" (200|304) ')
_sites: list[Site] = []
_log_sizes: dict[Site, int] = {}


# How soon something happens is judged by tests that run alone.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


def forget_what_was_made(**_kwargs: object) -> None:
    """What a process makes once it makes of its settings, which change in tests alone."""
    fragments.forget_all()
    chat_libraries.found.cache_clear()
    page_templates.made_script.cache_clear()


setting_changed.connect(forget_what_was_made)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
    """pytest-django's own sets the database up only where a test bears its mark; ours use it without one.

    It is a file in this process's folder, and a copy: one process of a run has migrated it.
    """

    def migrated(file: Path) -> None:
        connection.settings_dict["NAME"] = str(file)
        call_command("migrate", verbosity=0)
        connection.close()

    file = settings.DATABASES["default"]["NAME"] = settings.DATABASES["default"]["TEST"]["NAME"]
    with django_db_blocker.unblock():
        shutil.copyfile(made_once(FOLDER / "migrated.sqlite3", migrated), file)
        connection.settings_dict["NAME"] = file


@pytest.fixture(scope="module")
def postgres(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The alias of a PostgreSQL with our tables."""
    if not (binaries := programs()):
        pytest.skip("there is no PostgreSQL server on this machine: install the package postgresql")

    @contextmanager
    def connected(server: Postgres) -> Iterator[str]:
        alias = "postgres"
        connections.settings[alias] = connections.settings["default"] | environ.Env.db_url_config(server.url)
        connections.settings[alias]["OPTIONS"] = {}
        yield alias
        connections[alias].close()
        del connections[alias], connections.settings[alias]

    def migrated(data: Path) -> None:
        with Postgres(binaries) as server:
            with connected(server) as alias:
                call_command("migrate", database=alias, verbosity=0)
            server.leave(data)

    with django_db_blocker.unblock():
        data = made_once(FOLDER / "postgres", migrated)
        with Postgres(binaries, data) as server, connected(server) as alias:
            yield alias


@pytest.fixture(scope="session")
def redis_program() -> str:
    if not (found := redis.program()):
        pytest.skip("there is no Redis server on this machine: install the package redis-server")
    return found


@pytest.fixture(scope="session")
def redis_server(redis_program: str) -> Iterator[redis.RedisServer]:
    """One for all tests that do it no harm."""
    with redis.RedisServer(redis_program) as server:
        yield server


@pytest.fixture(scope="session")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def static_files(django_db_setup: None) -> Path:
    """Static files, collected and hashed as production serves them: by the first worker that needs them, for all."""

    def collect(folder: Path) -> None:
        command = [sys.executable, "-W", "error", "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        variables = environment(CHATSITE_TEST_STATIC=str(folder))
        subprocess.run(command, cwd=ROOT, env=variables, check=True, timeout=120)

    return made_once(Path(settings.STATIC_ROOT), collect)


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Preloaded | None]:
    """What sites are forked from, where that is possible."""
    preloaded = Preloaded(environment()) if IS_POSSIBLE else None
    yield preloaded
    if preloaded:
        preloaded.close()


@pytest.fixture(scope="session")
def run_site(
    django_db_setup: None,
    static_files: Path,
    upstream: ScriptedUpstream,
    preloaded: Preloaded | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunSite]:
    """Run a site with other settings: `run_site(CHAT_LIVE_PER_USER="2")`. Equal settings share a process,

    unless `own=True` asks for one that the test may kill. All are ended with the session.
    """
    shared: dict[frozenset[tuple[str, str]], Site] = {}
    folder = tmp_path_factory.mktemp("sites")

    def run(*, own: bool = False, **changes: str | None) -> Site:
        variables = environment(**{"OPENAI_BASE_URL": upstream.base_url, **changes})
        key = frozenset(variables.items())
        if own or key not in shared:
            site = Site(folder / f"site-{len(_sites)}.log", variables, preloaded)
            _sites.append(site)
            site.start()
            if own:
                return site
            shared[key] = site
        return shared[key]

    yield run
    for site in _sites:
        site.close()
    _sites.clear()


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Rows that this test writes are seen by site processes, and gone after it."""
    with django_db_blocker.unblock():
        yield
        connection.close()
        forget_rows()
        connection.close()


@pytest.fixture
def site(committed: None, run_site: RunSite) -> Site:
    """The site that most tests share: production settings, titles off."""
    return run_site()


@pytest.fixture
def client_for(committed: None) -> Callable[..., Client]:
    """`client_for(site)`: a client of a new user."""

    def make(site: Site, **fields: object) -> Client:
        user = User.objects.create(username=f"user-{uuid.uuid4().hex[:12]}", password="!", **fields)
        return Client(site.url, user)

    return make


@pytest.fixture
def alice(site: Site, client_for: Callable[..., Client]) -> Client:
    return client_for(site)


@pytest.fixture
def bob(site: Site, client_for: Callable[..., Client]) -> Client:
    return client_for(site)


@pytest.fixture
def nobody(site: Site) -> Client:
    return Client(site.url)


@pytest.fixture
def question() -> str:
    """A question that no other test asks."""
    return f"What is {uuid.uuid4().hex[:8]}?"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The one that takes minutes begins first: at the end all else would be through, and only wait for it."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/deploy/"))


def pytest_collection_finish() -> None:
    """What has been imported and collected stays: no collection of garbage needs to look through all of it again,

    and no fork of this process copies it for that.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _log_sizes.update((site, site.log_file.stat().st_size) for site in _sites if site.log_file.exists())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the sites logged in a test that failed is printed with it."""
    report = yield
    if report.failed:
        for site in _sites:
            with site.log_file.open("rb") as log:
                log.seek(_log_sizes.get(site, 0))
                lines = log.read().decode(errors="replace").splitlines(keepends=True)
            # A page fetches a hundred files: they would hide what the test has said.
            if words := "".join(line for line in lines if not STATIC_SERVED.search(line)):
                report.sections.append((f"Log of {site.url}", words[-20_000:]))
    return report
