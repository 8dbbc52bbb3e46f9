"""What a process counts, for Prometheus."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ClientFor, RunSite
from tests.support.client import Client
from tests.support.site import ROOT, Site
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

TOKEN = "what-prometheus-bears"
PAGE = (ROOT / "docs/metrics.md").read_text()
DOCUMENTED = set(re.findall(r"^\| `(chat_\w+)` \|", PAGE, re.MULTILINE))
OF_THE_PROCESS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}


@pytest.fixture
def counting(run_site: RunSite, committed: None) -> Site:
    return run_site(CHAT_METRICS_TOKEN=TOKEN, CHAT_MODELS="one,two")


def scraped(site: Site) -> dict[str, float]:
    """Each sample with its labels, as in the exposition."""
    answer = Client(site.url).get("/metrics", Authorization=f"Bearer {TOKEN}", Accept="text/plain", Host="10.1.2.3:9")
    assert answer.status == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {
        f"{sample.name}{dict(sorted(sample.labels.items())) or ''}": sample.value
        for family in families
        for sample in family.samples
    }


def test_an_answer_is_counted_from_its_begin_to_its_end(
    counting: Site, client_for: ClientFor, upstream: ScriptedUpstream, question: str
) -> None:
    client, gate = client_for(counting), Gate()
    upstream.script(question, say("It is"), gate, say(" so."), finish(), done())
    before = scraped(counting)
    with client.ask(question, model="two") as stream:
        stream.until_text("It is")
        meanwhile = scraped(counting)
        assert meanwhile["chat_generations_running"] == 1
        assert meanwhile["chat_followers{'source': 'here'}"] == 1
        gate.open()
        stream.rest()
    eventually(lambda: scraped(counting)["chat_followers{'source': 'here'}"] == 0, "The stream is over")
    after = scraped(counting)
    assert after["chat_generations_running"] == 0
    for name in (
        "chat_generations_started_total{'model': 'two'}",
        "chat_generations_ended_total{'model': 'two', 'status': 'complete'}",
        "chat_first_token_seconds_count{'model': 'two'}",
        "chat_generation_seconds_count{'model': 'two'}",
    ):
        assert after[name] == before.get(name, 0) + 1, name
    assert after["chat_checkpoint_failures_total"] == 0


def test_nothing_in_it_is_of_a_user(counting: Site, client_for: ClientFor, question: str) -> None:
    client = client_for(counting)
    stream = client.ask(question)
    ids = stream.ids
    stream.rest()
    text = Client(counting.url).get("/metrics", Authorization=f"Bearer {TOKEN}").text
    assert not [word for word in (question, str(client.user), *ids.values()) if len(word) > 5 and word in text]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_nobody_else_is_told(counting: Site, authorization: str) -> None:
    answer = Client(counting.url).get("/metrics", Authorization=authorization)
    assert (answer.status, answer.headers["WWW-Authenticate"], answer.body) == (401, "Bearer", b"")


def test_without_a_token_there_is_nothing(nobody: Client) -> None:
    assert nobody.get("/metrics", Authorization="Bearer ", Accept="text/html").status == 404


def test_the_page_names_all_and_they_exist(counting: Site) -> None:
    answer = Client(counting.url).get("/metrics", Authorization=f"Bearer {TOKEN}")
    kinds = dict(re.findall(r"^# TYPE (chat_\w+) (\w+)$", answer.text, re.MULTILINE))
    named = {name for name in kinds if not name.endswith("_created")}
    assert named == DOCUMENTED
    for name in named:
        assert f"| `{name}` | {kinds[name]} |" in PAGE


@pytest.mark.parametrize("file", ["deploy/alerts.yml", "deploy/grafana.json"])
def test_rules_and_board_use_names_that_exist(file: str) -> None:
    text = (ROOT / file).read_text()
    expressions = (
        [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
        if Path(file).suffix == ".json"
        else re.findall(r"expr: (\|\n(?: {10}.*\n)+|.*\n)", text)
    )
    assert len(expressions) > 5
    used = {name for expression in expressions for name in re.findall(r"\b(?:chat|process)_\w+|\bup\b", expression)}
    assert used
    assert {re.sub("_bucket$", "", name) for name in used} <= DOCUMENTED | OF_THE_PROCESS
