"""The chat in a shop of somebody else's, under each server: it streams, resumes, goes on alone and is stored."""

import signal
import time
from collections.abc import Callable

import pytest

from tests.app.shop import PREFIX, SERVERS, Customer, Shop
from tests.support.client import Client
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say
from tests.support.waiting import eventually

RunShop = Callable[..., Shop]


@pytest.fixture(params=SERVERS, scope="module")  # one after the other, so that a worker runs few
def shop(request: pytest.FixtureRequest, run_shop: RunShop) -> Shop:
    return run_shop(request.param)


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    return Customer(shop, "0@example.com")


def test_an_answer_streams_as_it_is_written(customer: Customer, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("A spade"), gate, say(" is better."), finish(), done())
    with customer.ask(question) as stream:
        stream.until_text("A spade")
        gate.open()
        page = stream.rest()
    assert page.text == "A spade is better."
    assert "A spade is better." in customer.get(f"/c/{stream.ids['conversation']}/", Accept="text/html").text


def test_a_reader_resumes_where_it_was(customer: Customer, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("A spade"), gate, say(" is better."), finish(), done())
    with customer.ask(question) as stream:
        ids, position = stream.ids, stream.until_text("A spade").page.position
    gate.open()
    with customer.follow(ids["generation"], last_event_id=position) as again:
        again.page = stream.page
        assert again.rest().text == "A spade is better."
    assert b"A spade" not in again.raw


def test_an_answer_goes_on_when_its_reader_leaves(
    shop: Shop, customer: Customer, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("A spade"), gate, say(" is better."), finish(), done())
    with customer.ask(question) as stream:
        generation = stream.until_text("A spade").ids["generation"]
    gate.open()
    with customer.follow(generation) as again:
        again.rest()
    assert shop.stored(generation) == ("complete", "A spade is better.")


def test_a_killed_process_leaves_no_answer_running(
    shop: Shop, customer: Customer, upstream: ScriptedUpstream, question: str
) -> None:
    gate = Gate()
    upstream.script(question, say("A spade"), gate, finish(), done())
    with customer.ask(question) as stream:
        generation = stream.until_text("A spade").ids["generation"]
        shop.kill()
        stream.until_lost()
    shop.start()
    began = time.monotonic()
    with customer.follow(generation) as again:
        page = again.rest()
    assert page.end
    assert page.end["status"] == "interrupted"
    assert time.monotonic() - began < 30
    gate.open()


def test_under_uvicorn_too_a_process_lets_answers_end(
    run_shop: RunShop, upstream: ScriptedUpstream, question: str
) -> None:
    gate, shop = Gate(), run_shop("uvicorn", DJANGO_SETTINGS_MODULE="draining")
    upstream.script(question, say("A spade"), gate, say(" is better."), finish(), done())
    customer = Customer(shop, "0@example.com")
    with customer.ask(question) as stream, customer.stream("GET", "/hints/") as hints:
        stream.until_text("A spade")
        shop.send(signal.SIGTERM)
        hints.until_lost()
        gate.open()
        page = stream.rest()
    assert (page.text, page.end and page.end["status"]) == ("A spade is better.", "complete")
    eventually(lambda: shop.has_ended, "It ends")


def test_visitors_are_led_to_the_shops_own_page(shop: Shop) -> None:
    answer = Client(shop.url).get(PREFIX + "/", Accept="text/html")
    assert answer.status == 302
    assert answer.headers["Location"] == "/account/sign-in/?next=/help/assistant/"
