"""What the chat asks of a project, and does to it: management commands, erasing, other settings."""

import uuid
from collections.abc import Callable

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
