"""CHAT_ALLOWED: who may use the chat."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from chat.models import Share
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.site import Site

PERMISSION = "chat.add_conversation"


@pytest.fixture
def closed(committed: None, run_site: RunSite) -> Site:
    return run_site(CHAT_ALLOWED=PERMISSION)


@pytest.fixture
def without(closed: Site, client_for: Callable[..., Client]) -> Client:
    return client_for(closed)


@pytest.fixture
def having(closed: Site, client_for: Callable[..., Client]) -> Client:
    client = client_for(closed)
    assert client.user
    client.user.user_permissions.add(Permission.objects.get(codename="add_conversation"))
    return client


def test_who_lacks_the_permission_is_told_so_on_a_page(without: Client) -> None:
    for path in ("/", "/settings/", "/export/"):
        reply = without.get(path, Accept="text/html")
        assert reply.status == 403
        assert "You are not allowed to use this chat." in reply.text


def test_who_lacks_the_permission_is_told_so_in_json(without: Client, question: str) -> None:
    assert without.user
    conversation, _ = stored_conversation(without.user.pk, ["Hi", "Hello"])
    reply = without.refusal(f"/c/{conversation.pk}/messages/", {"text": question})
    assert reply
    assert (reply.status, reply.code) == (403, "not_allowed")
    assert without.get("/conversations/").code == "not_allowed"


def test_who_has_it_asks(having: Client, question: str) -> None:
    assert having.ask_whole(question).end
    assert having.get("/", Accept="text/html").status == 200


def test_a_superuser_has_every_permission(closed: Site, client_for: Callable[..., Client]) -> None:
    assert client_for(closed, is_superuser=True).get("/", Accept="text/html").status == 200


def test_nobody_is_sent_to_log_in_as_ever(closed: Site) -> None:
    nobody = Client(closed.url)
    assert nobody.get("/conversations/").code == "not_logged_in"
    assert nobody.get("/", Accept="text/html").status == 302


def test_a_shared_link_is_everybodys_only_if_it_says_so(closed: Site, having: Client, without: Client) -> None:
    assert having.user
    conversation, _ = stored_conversation(having.user.pk, ["Hi", "Hello"])
    token = having.post(f"/c/{conversation.pk}/shares/", {"days": None}).json["token"]
    refused = without.get(f"/s/{token}/", Accept="text/html")
    assert (refused.status, "You are not allowed to use this chat." in refused.text) == (403, True)
    assert without.get(f"/s/{token}/", Accept="application/json").code == "not_allowed"
    assert Client(closed.url).get(f"/s/{token}/", Accept="text/html").status == 302
    Share.objects.filter(token=token).update(audience="public")
    for client in (without, Client(closed.url)):
        assert client.get(f"/s/{token}/", Accept="text/html").status == 200


def test_without_the_setting_whoever_is_logged_in_may(alice: Client) -> None:
    assert alice.get("/", Accept="text/html").status == 200
