"""Quotas on real processes: what is asked of a model, what is refused, what ends, and what goes on."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.test import Client as InProcess
from django.utils import timezone

from chat.core.tool_parts import CALL, RESULT
from chat.models import Generation, Message, Quota, QuotaGrant, UsageEntry
from chat.models.usage import Kind
from chat.usage.prices import day_of
from chat.usage.quotas import allowances
from chat.usage.verifying import differences
from tests.conftest import RunSite
from tests.http.test_postgres import run, server
from tests.support.client import Answer, Client
from tests.support.client import question as body_of
from tests.support.endings import ending
from tests.support.queries import counted_queries
from tests.support.site import Site
from tests.support.tool_gates import ToolGates
from tests.support.upstream import Gate, ScriptedUpstream, answer, calls, done, finish, say
from tests.support.waiting import eventually

__all__ = ["run", "server"]

APP = "tests.support.tools_app"
MOST = 100
"""CHAT_QUOTA_OUTPUT_TOKENS here: 300 characters, by estimate."""


@pytest.fixture
def alice(committed: None, run_site: RunSite, gates: ToolGates, client_for: Callable[..., Client]) -> Iterator[Client]:
    """What she asks here is temporary, so that nobody asks for a title; her quotas are gone afterwards."""
    changes = {"CHATSITE_TEST_APPS": APP, "CHATSITE_TEST_GATES": str(gates.port), "CHAT_TITLES": "model"}
    yield client_for(run_site(**changes, CHAT_QUOTA_OUTPUT_TOKENS=str(MOST), CHAT_QUOTA_CONTACT="Zoe"))
    Quota.objects.all().delete()


def quota(client: Client, amount: int, unit: str = "tokens") -> Quota:
    return Quota.objects.create(user=client.user, unit=unit, period="month", amount=amount)


def set_to(row: Quota, amount: int) -> None:
    Quota.objects.filter(pk=row.pk).update(amount=amount)


def reserved(client: Client) -> int:
    """Tokens of the one answer that is being written."""
    tokens = Generation.objects.running().get(owner=client.user).reserved_tokens
    assert tokens
    return tokens


def used(client: Client) -> int:
    assert client.user
    (only,) = allowances(client.user.pk)
    return only.used


def test_what_is_refused_says_when_it_renews_and_whom_to_ask_and_stores_nothing(alice: Client, question: str) -> None:
    """A grant makes room for the same request."""
    quota(alice, 1, "messages")
    alice.ask_whole(question, temporary=True)
    path, body = f"/c/{uuid.uuid4()}/messages/", body_of(f"{question} Again", temporary=True)
    refused = alice.post(path, body)
    assert (refused.status, refused.code) == (429, "quota")
    assert 0 < int(refused.headers["Retry-After"]) <= 31 * 86400
    said = refused.json["error"]["message"]
    assert said.startswith("Your quota for this month has room for 0 messages more, and this may take 1 message.")
    assert said.endswith("if you need more before that, ask Zoe.")
    assert not Message.objects.filter(pk=body["id"]).exists()
    first = day_of(Message.objects.latest("created_at").created_at).replace(day=1)
    QuotaGrant.objects.create(user=alice.user, unit="messages", period="month", first_day=first, amount=1)
    with alice.stream("POST", path, body) as stream:
        assert ending(stream.rest())[0] == "complete"


def test_a_form_that_is_refused_gives_the_draft_back(alice: Client, question: str) -> None:
    quota(alice, 0, "messages")
    page = alice.post(f"/c/{uuid.uuid4()}/messages/", form={"id": str(uuid.uuid4()), "text": question})
    assert page.status == 429
    assert question in page.text


def test_where_a_quota_holds_an_answer_has_a_limit(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    alice.ask_whole(question, temporary=True)
    quota(alice, 10_000)
    alice.ask_whole(question, temporary=True)
    alice.ask_whole(question, temporary=True, settings={"system_prompt": "", "temperature": None, "max_tokens": 40})
    assert [asked.json.get("max_tokens") for asked in upstream.asked(question)] == [None, MOST, 40]


def test_an_answer_past_its_reservation_ends_or_reserves_more_and_goes_on_once_there_is_room(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    row, first, second = quota(alice, 10_000), Gate(), Gate()
    upstream.script(question, say("a" * 290), first, say("b" * 20), second, say("c" * 400), finish(), done())
    with alice.ask(question, temporary=True) as stream:
        first.wait_reached()
        before = reserved(alice)
        first.open()
        second.wait_reached()
        stream.until_text("b" * 20)
        eventually(lambda: reserved(alice) > before, "It had room to write on")
        set_to(row, reserved(alice))
        second.open()
        page = stream.rest()
    assert ending(page) == ("length", "length", "quota")
    assert page.text.startswith("a" * 290 + "b" * 20)
    assert not Generation.objects.running().exists()
    assert used(alice) <= Quota.objects.values_list("amount", flat=True).get()
    set_to(row, used(alice))
    path = f"/messages/{stream.ids['message']}/continuations/"
    assert alice.post(path, {"id": str(uuid.uuid4())}).code == "quota"
    set_to(row, 10_000)
    upstream.script(question, answer("So."), what="continuation")
    again = alice.continue_(stream.ids["message"]).rest()
    assert (ending(again)[0], again.text[-3:]) == ("complete", "So.")
    assert differences() == []


def test_each_round_of_tools_reserves_again_and_continue_goes_on(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    row, gate = quota(alice, 10_000), Gate()
    upstream.script(question, gate, calls(("find_orders", {"customer": "Ada"})))
    upstream.script(question, answer("Two."))
    with alice.ask(question, temporary=True) as stream:
        gate.wait_reached()
        set_to(row, reserved(alice))
        gate.open()
        page = stream.rest()
    assert ending(page)[::2] == ("length", "quota")
    assert len(page.tools(RESULT)) == 1
    assert not Generation.objects.running().exists()
    set_to(row, 10_000)
    again = alice.continue_(stream.ids["message"]).rest()
    assert (ending(again)[0], again.text) == ("complete", "Two.")
    assert UsageEntry.objects.filter(owner=alice.user).count() == 2
    assert used(alice) == sum(each.input + each.output for each in UsageEntry.objects.filter(owner=alice.user))


def test_who_waits_for_a_yes_has_settled_and_reserves_anew(
    alice: Client, upstream: ScriptedUpstream, question: str, gates: ToolGates
) -> None:
    row, number, gate = quota(alice, 10_000), int(uuid.uuid4()) % 10**9, Gate()
    gates.open(f"cancel {number}")
    upstream.script(question, calls(("cancel_order", {"number": number})))
    upstream.script(question, gate, answer("Done."))
    page = alice.ask_whole(question, temporary=True)
    assert ending(page)[0] == "waiting"
    assert not Generation.objects.running().exists()
    assert page.start
    decisions = [{"call": each["id"], "answer": "yes"} for each in page.tools(CALL)]
    path = f"/messages/{page.start['message']}/continuations/"
    set_to(row, used(alice))
    assert alice.post(path, {"id": str(uuid.uuid4()), "decisions": decisions}).code == "quota"
    set_to(row, 10_000)
    with alice.continue_(page.start["message"], decisions=decisions) as stream:
        gate.wait_reached()
        assert reserved(alice) > MOST
        gate.open()
        assert ending(stream.rest())[0] == "complete"


def test_a_title_counts_as_the_most_that_it_may_cost_until_it_is_settled(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    quota(alice, 10_000)
    gate = Gate()
    upstream.script(question, gate, answer("Blue skies"), what="title")
    alice.ask_whole(question)
    gate.wait_reached()
    titles = UsageEntry.objects.filter(owner=alice.user, kind=Kind.TITLE)
    assert titles.get().output == MOST
    (asked,) = upstream.asked(question, what="title")
    assert asked.json["max_tokens"] == MOST
    gate.open()
    eventually(lambda: titles.get().output < MOST, "it is settled")


def test_without_a_known_price_nothing_is_offered_under_a_quota_in_money(alice: Client, question: str) -> None:
    quota(alice, 10**9, "money")
    refused = alice.post(f"/c/{uuid.uuid4()}/messages/", body_of(question, model="gpt-4o-mini"))
    assert (refused.status, refused.code) == (403, "not_permitted")
    assert "cost is not known, and you have a quota in money" in refused.json["error"]["message"]
    assert alice.get("/", Accept="text/html").status == 200


# What users are shown


def page(client: Client, path: str) -> str:
    return client.get(path, Accept="text/html").text


def test_users_read_what_is_left_and_from_80_percent_on_where_they_ask(alice: Client) -> None:
    """Without a quota there is no word of any."""
    assert "What is left" not in page(alice, "/settings/usage/") + page(alice, "/")
    row, at = quota(alice, 1900), timezone.now()
    used = {"kind": "answer", "status": "complete", "currency": "USD", "at": at, "day": day_of(at)}
    UsageEntry(owner=alice.user, input=1000, output=500, **used).store()
    assert "You have used" not in page(alice, "/")
    cells = ("1,900 tokens", "This month", "1,500 tokens (78 %)", "400 tokens")
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page(alice, "/settings/usage/")
    set_to(row, 1870)
    assert "You have used 80 % of your quota for this month." in page(alice, "/")
    assert "there is room for 370 tokens." in page(alice, "/")


def test_a_page_takes_one_query_more_where_there_are_quotas_and_none_where_there_are_none(alice: Client) -> None:
    # In this process, where they can be counted.
    client = InProcess(headers={"Host": "127.0.0.1"})
    client.force_login(alice.user)

    def of_quotas() -> int:
        assert client.get("/").status_code == 200
        with counted_queries() as asked:
            assert client.get("/").status_code == 200
        return sum("FROM chat_quotagrant" in sql for sql in asked)

    assert of_quotas() == 0
    row = quota(alice, 1900)
    assert of_quotas() == 1
    Quota.objects.filter(pk=row.pk).update(user=User.objects.create(username=f"user-{uuid.uuid4().hex}"))
    assert of_quotas() == 1


# Several processes

AT_ONCE = 50
PROCESSES = 3


def test_fifty_questions_at_once_over_three_processes_exceed_no_quota(
    run: Callable[..., Site], upstream: ScriptedUpstream, question: str
) -> None:
    """One is killed while it answers: what it had reserved is settled by another."""
    limits = {"CHAT_LIVE_PER_USER": "0", "CHAT_MESSAGES_PER_MINUTE": "0", "CHAT_STREAMS_PER_USER": "0"}
    sites = [run(f"quota-{number}", **limits, CHAT_QUOTA_OUTPUT_TOKENS=str(MOST)) for number in range(PROCESSES)]
    user = User.objects.create(username=f"user-{uuid.uuid4().hex}")
    row = Quota.objects.create(user=user, unit="tokens", period="month", amount=10_000)
    clients, gates = [Client(site.url, user) for site in sites], [Gate() for _ in range(AT_ONCE + 1)]
    for number, gate in enumerate(gates):
        upstream.script(f"{question} {number:02}", say("So it is. " * 30), gate, done())
    each = taken(clients[0], upstream, f"{question} {AT_ONCE:02}", gates[-1])
    set_to(row, most := used_by(user) + 20 * each + each // 2)
    barrier = threading.Barrier(AT_ONCE)

    def ask(number: int) -> Answer | None:
        barrier.wait(60)
        body = body_of(f"{question} {number:02}", temporary=True)
        return clients[number % PROCESSES].refusal(f"/c/{uuid.uuid4()}/messages/", body)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        refused = list(threads.map(ask, range(AT_ONCE)))
    begun = [number for number, answer in enumerate(refused) if answer is None]
    assert {(one.status, one.code) for one in refused if one} == {(429, "quota")}
    assert len(begun) == 20, "As many as there is room for, and not one more"
    assert used_by(user) == most - each // 2
    killed = [number for number in begun if number % PROCESSES == 0]
    assert killed
    for number in begun:
        gates[number].wait_reached()
    sites[0].kill()
    for number in begun:
        gates[number].open()
    eventually(lambda: not Generation.objects.running().filter(owner=user).exists(), "all of them are settled", 60)
    runs = Generation.objects.filter(owner=user)
    assert runs.filter(status="interrupted").count() == len(killed)
    assert UsageEntry.objects.filter(owner=user).count() == 21
    assert used_by(user) < most
    assert differences() == []


def taken(client: Client, upstream: ScriptedUpstream, question: str, gate: Gate) -> int:
    """What one such question reserves."""
    with client.ask(question, temporary=True) as stream:
        gate.wait_reached()
        tokens = reserved(client)
        gate.open()
        stream.rest()
    return tokens


def used_by(user: User) -> int:
    return allowances(user.pk)[0].used
