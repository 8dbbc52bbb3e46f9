"""Every address of the site, as the owner, as somebody else and as nobody.

The addresses come from the resolver: one without a case here fails the test, so a new view cannot be forgotten.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from chat.models import Attachment, Conversation, Generation, Import, Message, Prompt, Share
from tests.support.attachments import stored_attachment
from tests.support.client import Answer, Client
from tests.support.client import question as question_of
from tests.support.files import image
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, say


@dataclass(frozen=True)
class Case:
    """A request to one address; `of` names the object in it. What its owner gets, and what is left to others."""

    method: str
    owner: int
    of: str = ""
    body: Callable[[], object] = dict
    page: bool = False
    """Opened by navigating, so that nobody is sent to the login; otherwise nobody gets 401 in JSON."""


def new_id() -> object:
    return {"id": str(uuid.uuid4())}


CASES: dict[str, list[Case]] = {
    "new": [Case("GET", 200, page=True)],
    "conversation": [Case("GET", 200, "conversation", page=True)],
    "conversation_settings": [
        Case("GET", 200, "conversation", page=True),
        Case("POST", 200, "conversation", lambda: {"system_prompt": "Be brief."}),
    ],
    "conversation_tools": [
        Case("GET", 200, "conversation"),
        Case("POST", 200, "conversation", lambda: {"name": "current_time", "on": False}),
    ],
    "tools": [Case("GET", 200)],
    "preferences": [Case("GET", 200, page=True), Case("POST", 200, body=lambda: {"system_prompt": "Be brief."})],
    "privacy": [Case("GET", 200, page=True)],
    "conversation_actions": [Case("GET", 200, "conversation", page=True)],
    "title": [Case("POST", 200, "conversation", lambda: {"title": "Called otherwise"})],
    "flags": [Case("POST", 200, "conversation", lambda: {"pinned": True, "archived": True})],
    "deletion": [Case("POST", 200, "conversation")],
    "restoration": [Case("POST", 200, "conversation")],
    "conversations": [Case("GET", 200)],
    "archive": [Case("GET", 200, page=True)],
    "hints": [Case("GET", 200)],
    "prompts": [
        Case("GET", 200, page=True),
        Case("POST", 200, body=lambda: {"name": "Mine", "text": "Hello"}),
    ],
    "prompt": [
        Case("GET", 200, "prompt", page=True),
        Case("POST", 200, "prompt", lambda: {"name": "Changed", "text": "Hello"}),
    ],
    "prompt_deletion": [Case("POST", 200, "prompt")],
    "offered_prompts": [Case("GET", 200)],
    "personal_data": [Case("POST", 200)],
    "notice": [Case("GET", 404, page=True), Case("POST", 404)],  # without CHAT_NOTICE: tests/http/test_notice.py
    "search": [Case("GET", 200, page=True)],
    "export": [Case("GET", 200, "conversation", page=True)],
    "export_all": [Case("GET", 200, page=True)],
    "entry": [Case("GET", 200, "conversation")],
    "templates": [Case("GET", 200, page=True)],
    "leave": [Case("POST", 204, "conversation")],
    "keep": [Case("POST", 200, "conversation")],
    "erasure": [Case("GET", 200, page=True)],
    "erase_conversations": [Case("POST", 302)],  # to a fresh login: tests/http/test_erasure.py
    "erase_account": [Case("POST", 302)],
    "usage": [Case("GET", 200, page=True)],
    "import": [Case("GET", 200, page=True)],
    "imports": [Case("POST", 400)],  # without a file: tests/http/test_imports.py
    "import_progress": [Case("GET", 200, "import_")],
    "share": [Case("POST", 409, "conversation")],  # while it is written: tests/http/test_shares.py
    "revocation": [Case("POST", 200, "token")],
    "shares": [Case("GET", 200, page=True)],
    "attachments": [Case("POST", 400)],  # without a file: tests/http/test_attachments.py
    "attachment": [Case("GET", 200, "attachment", page=True)],
    "thumbnail": [Case("GET", 200, "attachment")],
    "attachment_deletion": [Case("POST", 200, "attachment")],
    "messages": [Case("POST", 200, "conversation", lambda: question_of("Hello"))],
    "ancestors": [Case("GET", 200, "message")],
    "message_actions": [Case("GET", 200, "message", page=True)],
    "details": [Case("GET", 200, "message", page=True)],
    "regenerations": [Case("POST", 200, "message", new_id)],
    "continuations": [Case("POST", 409, "message", new_id)],  # while it is written: tests/http/test_continuations.py
    "selection": [Case("POST", 200, "message")],
    "feedback": [Case("POST", 409, "message", lambda: {"value": "up"})],  # while it is written: test_feedback.py
    "events": [Case("GET", 200, "generation")],
    "cancellation": [Case("POST", 202, "generation")],
}
OPEN = {"catalogue", "set_language", "shared"}
"""For everybody: tests/http/test_pages.py, tests/http/test_languages.py, tests/http/test_shares.py."""
OF_ACCOUNTS = ("account_", "mfa_", "socialaccount_", "usersessions_", "openid_connect_", "oidc_", "unnamed: social/")
"""Allauth's and like them, about the session's user alone: tests/http/test_accounts.py and its neighbours."""

BY_TOKEN = {"test_stream"}
"""For who has a token made with SECRET_KEY, which no user has."""


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The names of all addresses, but for the admin's, which are its own world (tests/http/test_admin.py)."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry.name or f"unnamed: {entry.pattern}"
        elif entry.namespace != "admin":
            yield from addresses(entry)


def test_every_address_has_a_case() -> None:
    names = {name for name in addresses(get_resolver()) if not name.startswith(OF_ACCOUNTS)}
    assert names - OPEN - BY_TOKEN == set(CASES)


@dataclass
class Things:
    """Alice's."""

    conversation: str
    message: str
    generation: str
    token: str
    prompt: str
    attachment: str
    import_: str

    def path(self, name: str, case: Case) -> str:
        return reverse(f"chat:{name}", args=[getattr(self, case.of)] if case.of else [])


@pytest.fixture
def things(alice: Client, upstream: ScriptedUpstream, question: str) -> Iterator[Things]:
    """A conversation of Alice's with an answer that is being written."""
    upstream.script(question, say("Secret"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Secret").ids
    share = Share.objects.create(conversation_id=ids["conversation"], snapshot={"messages": []})
    prompt = Prompt.objects.create(owner=alice.user, name="Hers", text="Secret")
    seen = {"kind": "image", "media_type": "image/png", "width": 40, "height": 30}
    # Not uploaded: each upload is inspected by a process of its own.
    file = stored_attachment(alice.user.pk, "Secret.png", image(), text="", thumbnail=image(size=(4, 3)), **seen)
    brought = Import.objects.create(owner=alice.user, status="done", renewed_at=timezone.now())
    yield Things(
        *(ids["conversation"], ids["message"], ids["generation"], share.token),
        *(str(thing.pk) for thing in (prompt, file, brought)),
    )
    alice.cancel(ids["generation"])


def send(client: Client, things: Things, name: str, case: Case) -> Answer:
    headers: dict[str, Any] = {"Accept": "text/html"} if case.page else {}
    path = things.path(name, case)
    if case.method == "GET":
        return client.get(path, **headers)
    return client.post(path, case.body(), **headers)


def rows() -> tuple[int, int, int, list[str], list[tuple[str, str]]]:
    statuses = Generation.objects.order_by("pk").values_list("status", flat=True)
    prompts = Prompt.objects.order_by("pk").values_list("name", "text")
    counts = Conversation.objects.count(), Message.objects.count(), Attachment.objects.count()
    return *counts, list(statuses), list(prompts)


def case_of(entry: ParameterSet) -> Case:
    case = entry.values[1]
    assert isinstance(case, Case)
    return case


ALL = [pytest.param(name, case, id=f"{case.method} {name}") for name, cases in CASES.items() for case in cases]
OF_AN_OBJECT = [entry for entry in ALL if case_of(entry).of]


@pytest.mark.parametrize(("name", "case"), ALL)
def test_the_owner_is_answered(alice: Client, things: Things, question: str, name: str, case: Case) -> None:
    """Proves that the requests of the tests below could succeed."""
    if name in ("events", "hints"):
        with alice.stream("GET", things.path(name, case)) as stream:
            _ = stream.until_text("Secret") if name == "events" else stream.until("version")
        return
    reply = send(alice, things, name, case)
    assert reply.status == case.owner
    if name == "conversation":
        assert question in reply.text


@pytest.mark.parametrize(("name", "case"), OF_AN_OBJECT)
def test_for_another_user_it_is_as_if_it_did_not_exist(
    bob: Client, things: Things, question: str, name: str, case: Case
) -> None:
    before = rows()
    reply = send(bob, things, name, case)
    assert reply.status == 404
    assert b"Secret" not in reply.body
    assert question.encode() not in reply.body
    if not case.page:
        assert reply.code == "not_found"
    assert rows() == before


@pytest.mark.parametrize(("name", "case"), OF_AN_OBJECT)
def test_for_staff_it_is_the_same(
    site: Site, client_for: Callable[..., Client], things: Things, name: str, case: Case
) -> None:
    """Staff read through the admin alone."""
    assert send(client_for(site, is_staff=True, is_superuser=True), things, name, case).status == 404


@pytest.mark.parametrize(("name", "case"), ALL)
def test_nobody_is_asked_to_log_in(nobody: Client, things: Things, name: str, case: Case) -> None:
    before = rows()
    reply = send(nobody, things, name, case)
    if case.page:
        assert reply.status == 302
        assert reply.headers["Location"] == f"/accounts/login/?next={things.path(name, case)}"
    else:
        assert (reply.status, reply.code) == (401, "not_logged_in")
    assert b"Secret" not in reply.body
    assert rows() == before


@pytest.mark.parametrize(("name", "case"), ALL)
def test_who_was_deactivated_is_nobody(alice: Client, things: Things, name: str, case: Case) -> None:
    assert alice.user
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=False)
    try:
        assert send(alice, things, name, case).status == (302 if case.page else 401)
    finally:
        type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=True)


@pytest.mark.parametrize(("name", "case"), [entry for entry in ALL if case_of(entry).method == "POST"])
def test_a_post_needs_a_csrf_token(alice: Client, things: Things, name: str, case: Case) -> None:
    before = rows()
    reply = alice.post(things.path(name, case), case.body(), X_CSRFToken="")
    assert (reply.status, reply.code) == (403, "csrf")
    assert rows() == before


def test_nobody_who_asks_for_json_gets_it_on_a_page_too(nobody: Client, things: Things) -> None:
    reply = nobody.get(f"/c/{things.conversation}/", Accept="application/json")
    assert (reply.status, reply.code) == (401, "not_logged_in")


def test_a_session_that_ended_is_nobodys(alice: Client, things: Things) -> None:
    alice.cookies["sessionid"] = "of-no-session-any-more"
    assert alice.get(f"/generations/{things.generation}/events/").code == "not_logged_in"


@pytest.mark.parametrize("name", sorted(set(addresses(get_resolver())) & BY_TOKEN))
def test_without_its_token_it_is_for_nobody(
    site: Site, client_for: Callable[..., Client], nobody: Client, name: str
) -> None:
    for client in (nobody, client_for(site), client_for(site, is_staff=True, is_superuser=True)):
        for query in ("", "?token=x"):
            reply = client.get(reverse(f"chat:{name}") + query)
            assert (reply.status, reply.code) == (403, "forbidden")


# The admin's


def admin_paths() -> Iterator[str]:
    """A path for each address of the admin, but for its login."""
    (admin,) = [entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", None) == "admin"]
    assert isinstance(admin, URLResolver)
    for entry in admin.url_patterns:
        patterns = [entry] if isinstance(entry, URLPattern) else entry.url_patterns
        prefix = "" if isinstance(entry, URLPattern) else str(entry.pattern)
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            route = re.sub(r"<[^>]*>", "1", route.replace("(?P<url>.*)$", "x").replace("^(?P<app_label>", "("))
            route = re.sub(r"\((\w+)\|?[^)]*\)/\$", r"\1/", route)
            if route not in ("login/", "logout/"):
                yield f"/admin/{route}"


@pytest.mark.parametrize("path", list(admin_paths()))
def test_the_admin_is_for_staff(
    site: Site, client_for: Callable[..., Client], alice: Client, nobody: Client, path: str
) -> None:
    staff = client_for(site, is_staff=True, is_superuser=True).get(path, Accept="text/html")
    assert "/admin/login/" not in staff.headers.get("Location", ""), "Proves that the path could be reached"
    for client in (alice, nobody):
        reply = client.get(path, Accept="text/html")
        assert reply.status == 302
        assert reply.headers["Location"] == f"/admin/login/?next={path}"
