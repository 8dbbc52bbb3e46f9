"""What the chat asks of a project, and does to it: management commands, erasing, other settings."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.shop import PASSWORD, Customer, Project, Shop
from tests.support.client import question as asked
from tests.support.site import ROOT
from tests.support.upstream import ScriptedUpstream

RunShop = Callable[..., Shop]
SETTINGS = ("shop.settings", "shop.settings_without_admin")


@pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed")
@pytest.mark.parametrize("settings", SETTINGS)
def test_checks_find_nothing(empty_project: Project, settings: str) -> None:
    changes = {"DJANGO_SETTINGS_MODULE": settings, "OPENAI_API_KEY": "sk-none"}
    assert "no issues" in empty_project.manage("check", "--fail-level=WARNING", **changes)


def test_makemigrations_finds_nothing_to_do(empty_project: Project) -> None:
    assert "No changes detected" in empty_project.manage("makemigrations", "--check", "--dry-run")


TRIED = """
from chat.models import Conversation
from chat.tools import Context, ToolError
from chat.tools.registry import tools
from chat.tools.returning import as_text
from shop.models import Order, User

customer, other, boss = (User.objects.get(email=f"{name}@example.com") for name in ("0", "1", "boss"))
earlier = Order.objects.create(customer=customer, article="Lamp")
Order.objects.create(customer=other, article="Chair")
by_name, call_id = tools(), "11111111-1111-4111-8111-111111111111"

def called(name, user, **arguments):
    tool = by_name[name]
    return as_text(tool.function(Context(user, Conversation(owner=user), call_id), **tool.check(arguments)), 20_000)

assert set(by_name) == {"my_orders", "find_orders", "order_again"}, set(by_name)
assert [each.name for each in by_name.values() if each.changes] == ["order_again"]
assert [by_name["find_orders"].is_available(user) for user in (customer, boss)] == [False, True]
assert "Lamp" in called("my_orders", customer) and "Chair" not in called("my_orders", customer)
assert "Lamp" in called("find_orders", boss, customer="0@") and "Chair" in called("find_orders", boss, customer="No. ")
assert '"ordered_now": true' in called("order_again", customer, order=earlier.pk)
assert '"ordered_now": false' in called("order_again", customer, order=earlier.pk), "The same call is the same order"
assert Order.objects.filter(article="Lamp").count() == 2
try:
    called("order_again", other, order=earlier.pk)
except ToolError as error:
    print(error.sentence)
"""


def test_its_tools_do_what_its_customers_may(empty_project: Project, tmp_path: Path) -> None:
    said = empty_project.copy(tmp_path / "shop").manage("shell", "--verbosity=0", "--command", TRIED)
    assert said.strip() == "The customer has no order with this id."


@pytest.mark.parametrize(("number", "settings"), list(enumerate(SETTINGS)))
def test_a_customer_erases_the_account(
    run_shop: RunShop, upstream: ScriptedUpstream, question: str, number: int, settings: str
) -> None:
    shop = run_shop("uvicorn", DJANGO_SETTINGS_MODULE=settings)
    customer = Customer(shop, f"{number + 1}@example.com")
    customer.ask_whole(question)
    assert shop.count("SELECT count(*) FROM chat_messagepart WHERE text = ?", question) == 1
    assert customer.get("/settings/erasure/?of=account").status == 200
    assert customer.post("/settings/erasure/account/", form={"password": "wrong"}).status == 400
    assert customer.post("/settings/erasure/account/", form={"password": PASSWORD}).status == 200
    assert shop.count("SELECT count(*) FROM shop_user WHERE email = ?", f"{number + 1}@example.com") == 0
    assert shop.count("SELECT count(*) FROM chat_messagepart WHERE text = ?", question) == 0


def test_its_own_words_are_translated(run_shop: RunShop) -> None:
    customer = Customer(run_shop("uvicorn"), "0@example.com")
    assert "Die Antwort wird geschrieben." in customer.get("/catalogue/de/").text
    assert customer.get("/catalogue/en-us/").status == 200


def test_djangos_own_application_serves_it_too(run_shop: RunShop, upstream: ScriptedUpstream, question: str) -> None:
    shop = run_shop("uvicorn", application="djangos_asgi:application")
    assert Customer(shop, "0@example.com").ask_whole(question).text == "An answer."


def test_a_server_that_cannot_stream_refuses_a_question(run_shop: RunShop, question: str) -> None:
    shop = run_shop("runserver", DJANGO_SETTINGS_MODULE="without_daphne")
    path = f"/c/{uuid.uuid4()}/messages/"
    refusal = Customer(shop, "0@example.com").refusal(path, asked(question))
    assert refusal
    assert (refusal.status, refusal.code) == (503, "cannot_stream")
    assert shop.count("SELECT count(*) FROM chat_conversation") == 0


def test_a_project_is_told_of_a_server_that_cannot_stream(empty_project: Project) -> None:
    assert "chat.W002" in empty_project.manage("check", DJANGO_SETTINGS_MODULE="without_daphne")


def test_staff_see_it_in_the_back_office(run_shop: RunShop, upstream: ScriptedUpstream, question: str) -> None:
    shop = run_shop("uvicorn")
    boss = Customer(shop, "boss@example.com")
    boss.ask_whole(question)
