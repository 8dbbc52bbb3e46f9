"""What owners are told of how long their conversations stay, at what cost, and how a deletion is refused."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.test import Client as InProcess
from django.utils import timezone

from chat.models import Conversation, GroupRetention
from chat.retention import due, holds
from tests.http.test_erasure import PASSWORD, log_in_again
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries
from tests.support.site import Site

KEPT = "This cannot be deleted at present. Whoever looks after this site can tell you more."


def user_of(client: Client) -> User:
    assert client.user
    return client.user


def idle(owner: User) -> Conversation:
    """One in which nothing has happened for 40 days."""
    conversation, _ = stored_conversation(owner.pk, ["A question", "An answer"])
    Conversation.objects.filter(pk=conversation.pk).update(updated_at=timezone.now() - timedelta(days=40))
    return conversation


@pytest.fixture
def here(alice: Client) -> InProcess:
    """Her, in this process, where queries can be counted and settings changed."""
    client = InProcess(headers={"Host": "127.0.0.1"})
    client.force_login(user_of(alice))
    return client


@pytest.fixture
def helpers(alice: Client) -> Iterator[Group]:
    group = Group.objects.create(name="helpers of retention")
    user_of(alice).groups.add(group)
    yield group
    group.delete()


def fewest(ask: Callable[[], Any]) -> int:
    """Of all threads: what this process does beside it may ask, too."""
    counted = []
    for _ in range(3):
        with counted_queries() as asked:
            assert ask().status_code == 200
        counted.append(len(asked))
    return min(counted)


def test_it_costs_a_page_no_query(settings: Any, alice: Client, here: InProcess, helpers: Group) -> None:
    """A conversation, the list, and the page that says how long it stays: without retention, with it, by group."""
    conversation = idle(user_of(alice))
    pages = [conversation.get_absolute_url(), "/", "/conversations/", "/settings/privacy/"]

    def counts() -> list[int]:
        return [fewest(lambda page=page: here.get(page)) for page in pages]

    without = counts()
    settings.CHAT_RETENTION_DAYS = 30
    assert due.mark() >= 1
    assert counts() == without
    GroupRetention.objects.create(group=helpers, days=50)
    assert counts() == [*without[:3], without[3] + 1], "the last asks for the days of groups"


def test_its_owner_is_told_at_the_conversation_in_the_list_and_in_the_settings(
    settings: Any, alice: Client, here: InProcess, helpers: Group
) -> None:
    conversation = idle(user_of(alice))
    page = conversation.get_absolute_url()
    assert "is deleted on" not in here.get(page).text
    assert "Your conversations stay until you delete them." in here.get("/settings/privacy/").text
    tag = here.get("/conversations/")["ETag"]
    settings.CHAT_RETENTION_DAYS = 30
    due.mark()
    assert 'id="due">Nothing has happened here for long: this conversation is deleted on' in here.get(page).text
    assert "It is deleted on" in here.get("/conversations/", headers={"If-None-Match": tag}).text
    assert "nothing has happened for 30 days is deleted" in here.get("/settings/privacy/").text
    GroupRetention.objects.create(group=helpers, days=1)
    assert "nothing has happened for 1 day is deleted" in here.get("/settings/privacy/").text


@pytest.mark.parametrize("of_user", [False, True])
def test_who_deletes_what_is_held_is_told_so_and_not_why(site: Site, *, of_user: bool) -> None:
    """By script, by plain form, all of it, and the account."""
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)  # the site's own hasher
    owner = User.objects.create(username=f"owner-{uuid.uuid4().hex}", password=password)
    client, conversation = Client(site.url, owner), idle(owner)
    hold = holds.place(owner, "Case 12", owner_id=owner.pk, conversation_id=None if of_user else conversation.pk)
    deletion = f"/c/{conversation.pk}/deletion/"
    refused = client.post(deletion, {})
    assert (refused.status, refused.json) == (409, {"error": {"code": "kept", "message": KEPT}})
    log_in_again(client)
    for form in (deletion, "/settings/erasure/conversations/", "/settings/erasure/account/"):
        page = client.post(form, form={}, Accept="text/html")
        assert (page.status, KEPT in page.text, "Case 12" in page.text) == (409, True, False), form
    assert Conversation.objects.filter(pk=conversation.pk).exists()
    holds.lift(hold.pk, owner)
    assert client.post(deletion, {}).status == 200
