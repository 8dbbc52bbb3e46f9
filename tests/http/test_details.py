"""GET /messages/<uuid>/details/: how an answer was written."""

import re
from datetime import timedelta
from html import unescape

import pytest

from chat.models import Generation
from chat.models.message import MOST_GENERATIONS
from tests.support.client import Answer, Client
from tests.support.upstream import Gate, ScriptedUpstream, chunk, close, done, finish, say, think, usage

PAGE = {"Accept": "text/html"}


def details(reader: Client, message: str) -> Answer:
    return reader.get(f"/messages/{message}/details/", **PAGE)


def facts(reply: Answer) -> list[dict[str, str]]:
    """What the page says: for each generation, its lines."""
    assert reply.status == 200
    lists = re.findall("<dl.*?</dl>", reply.text, re.DOTALL)
    return [
        {unescape(name): unescape(re.sub("<[^>]*>", "", value)) for name, value in re.findall(LINE, each, re.DOTALL)}
        for each in lists
    ]


LINE = "<dt>(.*?)</dt><dd>(.*?)</dd>"


def set_times(pk: str, first_piece: float, end: float, **fields: object) -> None:
    """So many seconds after it was begun."""
    generation = Generation.objects.get(pk=pk)
    begun = generation.created_at
    times = {"first_piece_at": begun + timedelta(seconds=first_piece), "ended_at": begun + timedelta(seconds=end)}
    Generation.objects.filter(pk=pk).update(**times, **fields)


def test_says_what_is_known_of_an_answer(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, think("Hm"), say("So."), finish(), usage(1234, 300), done())
    start = alice.ask_whole(question).start
    assert start
    set_times(start["generation"], 0.5, 12.5, reasoning_ms=65_000)
    generation = Generation.objects.get(pk=start["generation"])
    assert facts(details(alice, start["message"])) == [
        {
            "Model": generation.model,
            "Ending": "Complete",
            "Prompt": "1,234 tokens",
            "Answer": "300 tokens",
            "Cost": "unknown",
            "Speed": "25.0 tokens/s",
            "First word after": "0.50 s",
            "Reasoned for": "1 min 5 s",
            "Asked": f"{generation.created_at:%b. %-d, %Y, %H:%M:%S UTC}",
            "Ended": f"{generation.ended_at:%b. %-d, %Y, %H:%M:%S UTC}",
        }
    ]


def test_says_what_is_unknown(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, close())
    start = alice.ask_whole(question).start
    assert start
    (told,) = facts(details(alice, start["message"]))
    assert told["Ending"] == "Failed"
    for name in ("Prompt", "Answer", "Speed", "First word after"):
        assert told[name] == "unknown"
    assert "Reasoned for" not in told


def test_tells_each_part_of_an_answer_that_was_continued(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hel"), finish("length"), usage(5, 1), done())
    start = alice.ask_whole(question).start
    assert start
    upstream.script(question, say("lo"), finish(), usage(9, 2), done(), what="continuation")
    alice.continue_(start["message"]).rest()
    reply = details(alice, start["message"])
    assert [(each["Ending"], each["Prompt"], each["Answer"]) for each in facts(reply)] == [
        ("Cut at the length limit", "5 tokens", "1 token"),
        ("Complete", "9 tokens", "2 tokens"),
    ]
    assert re.findall("Part . of .", reply.text) == ["Part 1 of 2", "Part 2 of 2"]


def test_of_many_parts_the_last_are_told(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    first = Generation.objects.get(pk=start["generation"])
    names = [field.attname for field in Generation._meta.concrete_fields if field.attname not in ("id", "number")]
    known = {name: getattr(first, name) for name in names}
    Generation.objects.bulk_create(Generation(number=number, **known) for number in range(1, 250))
    reply = details(alice, start["message"])
    assert len(facts(reply)) == MOST_GENERATIONS
    assert re.findall("Part (.*?) of 250", reply.text) == [str(number) for number in range(151, 251)]


def test_an_answer_that_is_being_written_says_so(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Hel"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Hel").ids
    (told,) = facts(details(alice, ids["message"]))
    assert (told["Ending"], told["Ended"], told["Speed"]) == ("Being written", "unknown", "unknown")
    alice.cancel(ids["generation"])


def test_leads_back_to_the_answer_in_its_branch(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    alice.regenerate(start["message"]).rest()
    pk = start["message"]
    assert f'href="/c/{start["conversation"]}/?message={pk}#message-{pk}"' in details(alice, pk).text


def test_a_hostile_name_of_a_model_is_text(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    Generation.objects.filter(pk=start["generation"]).update(model="<img src=x onerror=ran()>")
    assert "<img" not in details(alice, start["message"]).text


def test_a_question_has_none(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    assert details(alice, start["parent"]).status == 404


@pytest.mark.parametrize(("who", "error"), [("nobody", (401, "not_logged_in")), ("bob", (404, "not_found"))])
def test_a_script_gets_errors_in_json(
    alice: Client, question: str, who: str, error: tuple[int, str], request: pytest.FixtureRequest
) -> None:
    start = alice.ask_whole(question).start
    assert start
    reader: Client = request.getfixturevalue(who)
    reply = reader.get(f"/messages/{start['message']}/details/", Accept="text/html, application/json")
    assert (reply.status, reply.code) == error


def test_users_read_what_they_have_used(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    """And of an answer what it took of a cache, and that nobody knows its price here."""
    assert "You have used nothing yet." in alice.get("/settings/usage/").text
    told = {"prompt_tokens": 1234, "completion_tokens": 300, "prompt_cache_hit_tokens": 1000}
    upstream.script(question, say("So."), finish(), chunk(usage=told), done())
    with alice.ask(question) as stream:
        ids = stream.ids
        stream.rest()
    page = alice.get("/settings/usage/").text
    assert re.findall(r'<td class="usage__number">([^<]*)</td>', page) == ["unknown", "1", "1,234", "300"]
    details = alice.get(f"/messages/{ids['message']}/details/").text
    assert "1,000 tokens" in details
    assert "Estimated" not in details
    assert "<dt>Cost</dt><dd>unknown</dd>" in details
