"""Several services: which is asked what, what is kept of it, and that none keeps the others waiting."""

import re
import socket
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from chat.models import Conversation, Generation
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.client import question as question_of
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, reset, say, sse, status


class Nobody:
    """A service whose connections are made by the system, and which never takes one."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"


HUB_KEY = "sk-hub-0123456789-do-not-show"


@pytest.fixture(scope="module")
def hub() -> Iterator[ScriptedUpstream]:
    """A service beside the one that all tests have."""
    with ScriptedUpstream() as hub:
        yield hub


@pytest.fixture(scope="module")
def providers(upstream: ScriptedUpstream, hub: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("providers") / "providers.toml"
    file.write_text(
        textwrap.dedent(f"""
            [[providers]]
            name = "house"
            label = "Our own machine"
            address = "{upstream.base_url}"
              [[providers.models]]
              name = "llama"
              label = "Llama"
              context = 4000
              output = 1000

            [[providers]]
            name = "hub"
            label = "The Hub"
            address = "{hub.base_url}"
            api_key_variable = "HUB_KEY"
              [[providers.models]]
              name = "o"
              vision = true
              [[providers.models]]
              key = "o-high"
              name = "o"
              label = "O, thorough"
              parameters = ["max_completion_tokens"]
              reasoning_effort = "high"
              output = 30

            [[providers]]
            name = "unready"
            api_key_variable = "NO_SUCH_KEY"
              [[providers.models]]
              name = "unready"
        """)
    )
    return file


@pytest.fixture
def two(run_site: RunSite, providers: Path, committed: None) -> Site:
    return run_site(
        CHAT_PROVIDERS=str(providers),
        HUB_KEY=HUB_KEY,
        OPENAI_API_KEY=None,
        OPENAI_BASE_URL=None,
        CHAT_LIVE_PER_USER="1",
        CHAT_LIVE_PER_PROCESS="1",
        CHAT_TITLES="model",
        CHAT_TITLE_MODEL="o",
    )


@pytest.fixture
def carol(two: Site, client_for: Callable[..., Client]) -> Client:
    return client_for(two)


# Who is asked what


def test_each_model_is_asked_at_its_service(
    carol: Client, upstream: ScriptedUpstream, hub: ScriptedUpstream, question: str
) -> None:
    assert (carol.ask_whole(question).start or {})["model"] == "llama"
    assert (carol.ask_whole(question + "!", model="o").start or {})["model"] == "o"
    (first,), (second,) = upstream.asked(question), hub.asked(question + "!")
    assert (first.json["model"], "Bearer none") == ("llama", first.headers["authorization"])
    assert (second.json["model"], second.headers["authorization"]) == ("o", f"Bearer {HUB_KEY}")
    assert not hub.asked(question)
    assert not upstream.asked(question + "!")


def test_a_request_says_what_the_model_takes(carol: Client, hub: ScriptedUpstream, question: str) -> None:
    settings = {"system_prompt": "", "temperature": 0.5, "max_tokens": 40}
    carol.ask_whole(question, model="o", settings=settings)
    carol.ask_whole(question, model="o-high", settings=settings)
    besides = [
        {name: value for name, value in asked.json.items() if name not in ("messages", "stream", "stream_options")}
        for asked in hub.asked(question)
    ]
    assert besides == [
        {"model": "o", "temperature": 0.5, "max_tokens": 40},
        {"model": "o", "max_completion_tokens": 30, "reasoning_effort": "high"},
    ]


def test_titles_have_a_model_of_their_own(
    carol: Client, upstream: ScriptedUpstream, hub: ScriptedUpstream, question: str
) -> None:
    carol.ask_whole(question, model="llama")
    assert hub.wait_asked(question, what="title").json["model"] == "o"
    assert not upstream.asked(question, "title")


def test_what_a_prompt_has_room_for_is_the_models(
    carol: Client, upstream: ScriptedUpstream, hub: ScriptedUpstream, question: str
) -> None:
    long = question + "x" * 9_000
    start = carol.ask_whole(long, model="o").start
    assert start
    for model, left_out, service in (("llama", 2, upstream), ("o", 0, hub)):
        page = carol.ask_whole(question, start["conversation"], parent=start["message"], model=model)
        assert (page.start or {}).get("left_out", 0) == left_out
        assert len(service.asked(question)[-1].json["messages"]) == 3 - left_out


def test_a_model_that_is_not_there_is_refused_and_the_others_are_offered(carol: Client, question: str) -> None:
    refused = carol.post(f"/c/{uuid.uuid4()}/messages/", question_of(question, model="gone"))
    assert refused.status == 400
    assert refused.json["error"]["fields"]["model"] == (
        "This model is not offered here. Offered are: Llama (llama), o, O, thorough (o-high), unready."
    )


def test_users_choose_among_models_by_their_service(carol: Client) -> None:
    page = " ".join(carol.get("/", Accept="text/html").text.split())
    assert '<optgroup label="Our own machine"> <option value="llama" selected>Llama</option> </optgroup>' in page
    assert '<optgroup label="The Hub"> <option value="o" data-sees>o</option>' in page
    assert '<option value="o-high">O, thorough</option>' in page


# What is kept of it


def test_an_answer_keeps_its_model_its_service_and_their_names(carol: Client, question: str) -> None:
    start = carol.ask_whole(question, model="o-high").start
    assert start
    assert {name: start[name] for name in ("model", "provider", "label")} == {
        "model": "o-high",
        "provider": "hub",
        "label": "O, thorough",
    }
    generation = Generation.objects.get(pk=start["generation"])
    assert (generation.model, generation.provider, generation.label) == ("o-high", "hub", "O, thorough")
    conversation = Conversation.objects.get(pk=start["conversation"])
    assert (conversation.model, conversation.provider) == ("o-high", "hub")
    exported = carol.get(f"/c/{start['conversation']}/export/?as=json").json
    (run,) = exported["messages"][1]["generations"]
    assert (exported["model"], exported["provider"]) == ("o-high", "hub")
    assert (run["model"], run["provider"], run["label"]) == ("o-high", "hub", "O, thorough")
    assert "## O, thorough" in carol.get(f"/c/{start['conversation']}/export/?as=markdown").text
    told = carol.get(f"/messages/{start['message']}/details/", Accept="text/html").text
    assert "<dd>O, thorough</dd>" in told
    assert "<dt>Service</dt><dd>The Hub</dd>" in told
    page = carol.get(f"/c/{start['conversation']}/", Accept="text/html").text
    assert '<h2 class="message__who">O, thorough</h2>' in page
    assert '<option value="o-high" selected>' in page
    shared = carol.post(f"/c/{start['conversation']}/shares/", {"days": None}).json["token"]
    assert "O, thorough" in carol.get(f"/s/{shared}/", Accept="text/html").text


def test_what_was_written_before_is_the_short_forms(alice: Client, carol: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    old, asked = (
        Generation.objects.filter(pk=start["generation"]),
        Conversation.objects.filter(pk=start["conversation"]),
    )
    assert [*old.values_list("provider", "label"), *asked.values_list("provider", "model")] == [
        ("default", ""),
        ("default", "gpt-4o-mini"),
    ]
    asked.update(owner=carol.user)
    old.update(owner=carol.user, model="o")
    page = carol.get(f"/c/{start['conversation']}/", Accept="text/html").text
    assert '<option value="o" selected' in page
    assert "is not offered here" not in page
    assert "<dt>Service</dt>" not in alice.get(f"/messages/{start['message']}/details/", Accept="text/html").text


@pytest.mark.parametrize(
    ("provider", "model", "label"), [("hub", "o-low", "O, hasty"), ("house", "o", "O"), ("away", "llama", "")]
)
def test_a_model_that_is_gone_says_so_and_offers_the_others(
    carol: Client, question: str, provider: str, model: str, label: str
) -> None:
    start = carol.ask_whole(question, model="o").start
    assert start
    Generation.objects.filter(pk=start["generation"]).update(provider=provider, model=model, label=label)
    page = carol.get(f"/c/{start['conversation']}/", Accept="text/html").text
    name = label or model
    assert f'<h2 class="message__who">{name}</h2>' in page
    goes_on = f"{name} is not offered here. Llama goes on with this conversation, unless you choose another."
    assert f'<p class="dock__model">{goes_on}</p>' in page
    assert '<option value="llama" selected>' in page
    assert f'name="model" value="{model}" autocomplete' not in page
    assert 'data-model=""' in page
    again = carol.regenerate(start["message"]).rest().start
    assert again
    assert again["model"] == "llama"


def test_staff_look_for_conversations_by_their_service(
    two: Site, carol: Client, client_for: Callable[..., Client], question: str
) -> None:
    starts = [carol.ask_whole(f"{question} {model}", model=model).start or {} for model in ("llama", "o-high")]
    staff = client_for(two, is_staff=True, is_superuser=True)
    listed = staff.get(f"/admin/chat/conversation/?q={carol.user.username}&provider=hub", Accept="text/html").text
    assert [start["conversation"] in listed for start in starts] == [False, True]
    assert "provider=house" in listed
    read = staff.get(f"/admin/chat/conversation/{starts[1]['conversation']}/change/", Accept="text/html").text
    assert "<dd>O, thorough (o-high)</dd>" in read
    assert "<dt>Service</dt><dd>The Hub</dd>" in read


# When one fails


def test_faults_name_the_service_and_nothing_else_of_it(
    carol: Client, two: Site, upstream: ScriptedUpstream, hub: ScriptedUpstream, question: str
) -> None:
    hub.script(question, status(401, f"no {HUB_KEY} at {hub.base_url}"))
    upstream.script(question, say("Half an"), reset())
    hub.script(f"{question}!", status(429, Retry_After="30"))
    hub.script(f"{question}?", say("Half an"), sse({"error": {"message": "no more"}}))
    told = [
        carol.ask_whole(question, model="o").end,
        carol.ask_whole(question, model="llama").end,
        carol.ask_whole(f"{question}!", model="o").end,
        carol.ask_whole(question, model="unready").end,
    ]
    assert carol.ask_whole(f"{question}?", model="o").end["code"] == "broken_answer"
    sentences = [(end["code"], end["message"].replace("\N{NO-BREAK SPACE}", " ")) for end in told if end]
    assert sentences == [
        (
            "upstream_key",
            "The Hub: The model's service does not accept this site's key. Please tell the administrator.",
        ),
        ("", "Our own machine: The connection to the model broke off before the answer was finished."),
        ("upstream_busy", "The Hub: The model's service is over its limit just now. Try again in 30 s."),
        (
            "upstream_key",
            "unready: This site has no key for the model's service yet. Please tell the administrator.",
        ),
    ]
    assert HUB_KEY not in two.log
    assert "The upstream 'hub' answered 401" in two.log
    assert "The upstream 'hub' reported an error in its answer: " in two.log


def test_one_that_hangs_takes_no_room_from_the_others(
    carol: Client, upstream: ScriptedUpstream, hub: ScriptedUpstream, question: str
) -> None:
    """One answer for each user, and one for the process, is all that this site has room for."""
    gate = Gate()
    hub.script(question, gate, answer("Late."))
    with carol.ask(question, model="o") as stream:
        gate.wait_reached()
        assert carol.ask_whole(question, model="llama").text == "An answer."
        refused = carol.post(f"/c/{uuid.uuid4()}/messages/", question_of(f"{question}!", model="o-high"))
        assert refused.status == 429
        gate.open()
        assert stream.rest().text == "Late."


def test_many_that_hang_keep_no_thread(
    run_site: RunSite, providers: Path, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    """More than there are threads of any kind: of requests, of the database, of the loop's own executor."""
    with Nobody() as nobody:
        file = providers.with_name("hanging.toml")
        said = providers.read_text()
        file.write_text(re.sub(r'(name = "hub"\n.*\n)address = ".*"', rf'\1address = "{nobody.url}"', said))
        assert nobody.url in file.read_text()
        site = run_site(
            CHAT_PROVIDERS=str(file), HUB_KEY=HUB_KEY, CHAT_LIVE_PER_USER="0", CHAT_MESSAGES_PER_MINUTE="0"
        )
        dave, erin = client_for(site), client_for(site)
        with ExitStack() as hanging:
            for number in range(40):
                hanging.enter_context(dave.ask(f"{question} {number}", model="o"))
            assert erin.ask_whole(question, model="llama").text == "An answer."
            assert dave.ask_whole(question + "!", model="llama").text == "An answer."
            assert dave.get("/", Accept="text/html").status == 200
