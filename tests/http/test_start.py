"""Sites of tests are forked, for speed (tests/support/preloaded.py); that is not what anybody else does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.preloaded import IS_POSSIBLE, Preloaded
from tests.support.site import Site, environment
from tests.support.upstream import ScriptedUpstream
from tests.support.waiting import eventually


@pytest.fixture
def start(static_files: Path, upstream: ScriptedUpstream, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def start(*preloaded: Preloaded) -> Site:
        sites.append(Site(tmp_path / "site.log", environment(OPENAI_BASE_URL=upstream.base_url), *preloaded))
        sites[0].start()
        return sites[0]

    yield start
    sites[0].close()


def test_it_starts_by_the_command_of_the_documentation(
    start: Callable[..., Site], client_for: Callable[..., Client], question: str
) -> None:
    site = start()
    assert client_for(site).ask_whole(question).text == "An answer."
    site.terminate()


@pytest.mark.skipif(not IS_POSSIBLE, reason="Sites are not forked here.")
def test_a_forked_one_dies_with_the_test_that_started_it(start: Callable[..., Site]) -> None:
    preloaded = Preloaded(environment())
    site = start(preloaded)
    preloaded.close()  # its socket closes, as all of a process do when it dies
    eventually(lambda: site.has_ended, "The site ends")
