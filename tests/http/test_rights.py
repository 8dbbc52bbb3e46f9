"""Groups and what they may: attach, share, import, and which models they choose from.

Of each: what a page offers, and what a request for it all the same is answered, also from a page that is open.
"""

import html
import json
import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client as InProcess

from chat.core.rights import Right
from chat.models import Generation, Message, ModelAccess, Restriction, Share
from tests.conftest import RunSite
from tests.support.client import Answer, Client, multipart
from tests.support.client import question as question_of
from tests.support.conversations import stored_conversation
from tests.support.files import image
from tests.support.queries import counted_queries
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream

FIRST, OTHER = "gpt-4o-mini", "blind"
RIGHTS = [Right.ATTACH, Right.SHARE, Right.IMPORT]
"""To make links for everybody: tests/http/test_shares.py."""


@pytest.fixture
def rules(committed: None) -> Iterator[None]:
    """What staff write here is gone afterwards: others have the same database."""
    yield
    for model in (Restriction, ModelAccess, Group):
        model.objects.all().delete()


@pytest.fixture
def group(rules: None) -> Group:
    return Group.objects.create(name="writers")


@pytest.fixture
def site(committed: None, run_site: RunSite) -> Site:
    return run_site(CHAT_MODELS=f"{FIRST},{OTHER}")


@pytest.fixture
def alice(site: Site, client_for: Callable[..., Client], group: Group) -> Client:
    """In the group."""
    client = client_for(site)
    user_of(client).groups.add(group)
    return client


def user_of(client: Client) -> User:
    assert client.user
    return client.user


def restrict(right: Right) -> None:
    Restriction.objects.create(right=right)


def grant(group: Group, right: Right) -> None:
    group.permissions.add(Permission.objects.get(content_type__app_label="chat", codename=right))


def page(client: Client, path: str) -> str:
    reply = client.get(path, Accept="text/html")
    assert reply.status == 200, (path, reply.status)
    return reply.text


def script_of(client: Client, text: str) -> Answer:
    """The templates that the scripts of this page copy."""
    (address,) = re.findall(r'<script src="(/templates/[^"]+)"', text)
    return client.get(html.unescape(address))


def imported(client: Client, content: object, confirm: str = "") -> Answer:
    body, kind = multipart({"confirm": confirm}, json.dumps(content).encode(), "a.json")
    return client.request("POST", "/imports/", body, kind, {"Accept": "text/html"})


def a_file(title: str = "Brought along", **message: object) -> dict[str, object]:
    """A conversation as a site exports it."""
    pk, at = str(uuid.uuid4()), "2026-01-01T12:00:00+00:00"
    asked = {"id": pk, "parent": None, "role": "user", "created_at": at, "parts": [{"kind": "text", "text": title}]}
    times = {"created_at": at, "updated_at": at}
    known = {"format": "chatsite-conversation", "id": str(uuid.uuid4()), "title": title, "current": pk}
    return known | times | {"messages": [asked | message]}


class Offers:
    """What pages offer of a right: strings that are on them or not."""

    def __init__(self, client: Client) -> None:
        conversation, _ = stored_conversation(user_of(client).pk, ["Hi", "Hello"])
        self.address = conversation.get_absolute_url()
        self.page = page(client, self.address)
        self.actions = page(client, f"{self.address}actions/")
        self.settings = page(client, "/settings/import/")
        self.links = page(client, "/settings/links/")
        self.script = script_of(client, self.page)

    def of(self, right: Right) -> list[bool]:
        share = f"/settings/links/?of={self.address.split('/')[2]}"
        return {
            Right.ATTACH: [
                'class="attach__input"' in self.page,
                'class="plain-upload"' in self.page,
                'id="drop"' in self.page,
                "Attach images and other files" in self.page,
                "attach__input" in self.script.text,
            ],
            Right.SHARE: [
                self.page.count(share) == 2,
                share in self.page,
                share in self.actions,
                "by the button at the top" in self.links,
            ],
            Right.IMPORT: [
                'href="/settings/import/">Import' in self.page,
                'href="/settings/import/">Import' in self.settings,
                'id="import"' in self.settings,
                "Import and export" in self.links,
            ],
        }[right]


@pytest.mark.parametrize("right", RIGHTS)
def test_a_page_offers_what_its_reader_may(
    site: Site, alice: Client, client_for: Callable[..., Client], group: Group, right: Right
) -> None:
    bob, root = client_for(site), client_for(site, is_superuser=True)
    assert all(Offers(bob).of(right)), "until staff restrict it all may"
    restrict(right)
    grant(group, right)
    for client, may in ((alice, True), (bob, False), (root, True), (alice, True)):
        offers = Offers(client)
        assert offers.of(right) == [may] * len(offers.of(right))
        for other in set(RIGHTS) - {right}:
            assert all(offers.of(other)), other
        assert offers.script.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    group.permissions.clear()
    assert not any(Offers(alice).of(right)), "from the next page on"


REQUESTS: dict[Right, Callable[[Client], tuple[Answer, ...]]] = {
    Right.ATTACH: lambda client: (client.upload(image()), plain_upload(client)),
    Right.SHARE: lambda client: shares(client),
    Right.IMPORT: lambda client: (imported(client, a_file()),),
}


def plain_upload(client: Client) -> Answer:
    body, kind = multipart({"id": str(uuid.uuid4())}, image(), "a.png")
    return client.request("POST", "/attachments/?back=/", body, kind, {"Accept": "text/html"})


def shares(client: Client) -> tuple[Answer, Answer]:
    conversation, _ = stored_conversation(user_of(client).pk, ["Hi", "Hello"])
    path = f"/c/{conversation.pk}/shares/"
    return client.post(path, {"days": None}), client.post(path, form={"days": ""}, Accept="text/html")


@pytest.mark.parametrize("right", RIGHTS)
def test_a_request_for_it_all_the_same_is_refused_in_words(alice: Client, group: Group, right: Right) -> None:
    assert {reply.status for reply in REQUESTS[right](alice)} <= {200, 201, 302}
    restrict(right)
    for reply in REQUESTS[right](alice):
        assert reply.status == 403
        if reply.headers["Content-Type"].startswith("application/json"):
            assert reply.code == "not_permitted"
        assert f"You are not allowed to {right.split('_')[0]}" in reply.text
    grant(group, right)
    assert {reply.status for reply in REQUESTS[right](alice)} <= {200, 201, 302}


def test_a_link_outlives_the_right_and_is_revoked_without_it(alice: Client) -> None:
    shares(alice)
    link = Share.objects.of(user_of(alice).pk).latest("created_at")
    restrict(Right.SHARE)
    assert alice.get(link.get_absolute_url(), Accept="text/html").status == 200
    assert link.token in page(alice, "/settings/links/")
    of = alice.get(f"/settings/links/?of={link.conversation_id}", Accept="text/html")
    assert (of.status, "You are not allowed to share" in of.text) == (403, True)
    assert alice.post(f"/shares/{link.token}/revocation/").status == 200
    assert alice.get(link.get_absolute_url(), Accept="text/html").status == 404


def test_files_that_were_uploaded_before_are_not_sent_and_a_sent_one_may_be_asked_about_again(
    alice: Client, question: str
) -> None:
    sent, unsent = alice.attach(b"words", "a.txt"), alice.attach(b"words", "b.txt")
    asked = alice.ask_whole(question, attachments=[sent])
    restrict(Right.ATTACH)
    conversation = asked.start["conversation"]
    path, counted = f"/c/{conversation}/messages/", Message.objects.count
    before = counted()
    refused = alice.refusal(path, question_of(question, attachments=[sent, unsent]))
    assert refused
    assert (refused.status, refused.code, counted()) == (403, "not_permitted", before)
    assert alice.ask_whole(question, conversation, attachments=[sent]).end


def test_who_may_attach_no_files_imports_none(alice: Client) -> None:
    pk, at = str(uuid.uuid4()), "2026-01-01T12:00:00+00:00"
    file = {"id": pk, "kind": "text", "name": "a.txt", "media_type": "text/plain", "created_at": at}
    with_file = a_file("Has a file", attachments=[pk]) | {"attachments": [file | {"data": "d29yZHM="}]}
    assert "1 attached file would come" in imported(alice, with_file).text
    restrict(Right.ATTACH)
    reply = imported(alice, with_file)
    assert (reply.status, "You are not allowed to attach files here." in reply.text) == (400, True)
    assert "1 conversation would come" in imported(alice, a_file("Has none")).text


# Models


def give(group: Group, model: str, is_given: bool = True) -> None:
    ModelAccess.objects.create(group=group, provider="default", model=model, is_given=is_given)


def choices(text: str) -> list[str]:
    """What the composer lets its writer choose from; empty where there is one model alone, or none."""
    return re.findall(r'<option value="([^"]+)"', text.partition('id="model"')[2].partition("</select>")[0])


def test_models_are_offered_to_those_who_may_choose_them(
    site: Site, alice: Client, client_for: Callable[..., Client], group: Group
) -> None:
    bob = client_for(site)
    give(group, OTHER)
    for client, models in ((alice, [FIRST, OTHER]), (bob, []), (alice, [FIRST, OTHER])):
        text = page(client, "/")
        assert choices(text) == models
        is_there = f'value=\\"{OTHER}\\"' in script_of(client, text).text
        assert is_there == (OTHER in models), "to write an answer again"
    give(group, FIRST, False)
    assert f"<b>{OTHER}</b> answers" in page(alice, "/")


@pytest.mark.parametrize("is_form", [False, True])
def test_a_model_that_is_not_theirs_is_refused_in_words_and_nothing_is_stored(
    alice: Client, group: Group, question: str, is_form: bool
) -> None:
    asked = alice.ask_whole(question, model=OTHER).start
    give(group, OTHER, False)
    before = Message.objects.count(), Generation.objects.count()
    new = question_of(question, model=OTHER)
    wishes: dict[str, dict[str, object]] = {
        f"/c/{uuid.uuid4()}/messages/": new,
        f"/messages/{asked['message']}/regenerations/": {"id": str(uuid.uuid4()), "model": OTHER},
    }
    for path, wish in wishes.items():
        posted = {name: str(value or "") for name, value in wish.items()}
        reply = alice.post(path, form=posted, Accept="text/html") if is_form else alice.refusal(path, wish)
        assert reply
        assert reply.status == 403
        assert f"You are not allowed to use {OTHER} here. Choose another model: {FIRST}." in reply.text
        assert is_form or reply.code == "not_permitted"
        assert not is_form or "text" not in wish or question in reply.text, "the draft is given back"
    assert (Message.objects.count(), Generation.objects.count()) == before
    assert alice.ask_whole(question, model=FIRST, id=new["id"]).end, "its id is free"


def test_what_was_stored_before_is_joined(alice: Client, group: Group, question: str) -> None:
    pk = str(uuid.uuid4())
    start = alice.ask_whole(question, model=OTHER, id=pk).start
    give(group, OTHER, False)
    again = alice.ask_whole(question, start["conversation"], model=OTHER, id=pk)
    assert again.start["generation"] == start["generation"]


def test_a_conversation_whose_model_is_not_theirs_any_more_says_so_and_goes_on_with_another(
    alice: Client, group: Group, question: str
) -> None:
    asked = alice.ask_whole(question, model=OTHER).start
    address = f"/c/{asked['conversation']}/"
    assert f'data-model="{OTHER}"' in page(alice, address)
    give(group, OTHER, False)
    text = page(alice, address)
    assert f"You are not allowed to use {OTHER}. {FIRST} goes on with this conversation." in text
    assert f'data-model="{OTHER}"' not in text, "also where it had been made before"
    assert f'value="{OTHER}"' not in page(alice, f"/messages/{asked['message']}/actions/")
    assert alice.regenerate(asked["message"]).rest().start["model"] == FIRST


def test_who_may_choose_no_model_is_told_so(alice: Client, group: Group, question: str) -> None:
    for model in (FIRST, OTHER):
        give(group, model, False)
    assert "You are not allowed to use any of the models here." in page(alice, "/")
    for model in (FIRST, None):
        refused = alice.refusal(f"/c/{uuid.uuid4()}/messages/", question_of(question, model=model))
        assert refused
        assert (refused.status, refused.code) == (403, "not_permitted")


def test_models_that_see_are_named_where_they_are_theirs(alice: Client, group: Group, question: str) -> None:
    give(group, FIRST, False)
    picture = alice.attach(image(), "a.png")
    refused = alice.refusal(f"/c/{uuid.uuid4()}/messages/", question_of(question, model=OTHER, attachments=[picture]))
    assert refused
    assert (refused.code, FIRST in refused.text) == ("blind_model", False)


# What it costs


def test_a_page_costs_no_more_queries_until_staff_have_switched_something_on(
    alice: Client, group: Group, upstream: ScriptedUpstream
) -> None:
    # In this process, where they can be counted.
    client = InProcess(headers={"Host": "127.0.0.1"})
    client.force_login(user_of(alice))

    def queries() -> list[str]:
        """Of all threads: what this process does beside it may ask, too."""
        counted = []
        for _ in range(3):
            with counted_queries() as asked:
                assert client.get("/").status_code == 200
            counted.append(asked)
        return min(counted, key=len)

    before = queries()
    assert len([sql for sql in before if "chat_restriction" in sql or "chat_modelaccess" in sql]) == 1
    assert len([sql for sql in before if "auth_user" in sql]) == 1, "it goes with who it is"
    restrict(Right.SHARE)
    assert len(queries()) == len(before) + 1
    give(group, OTHER)
    assert len(queries()) == len(before) + 2
