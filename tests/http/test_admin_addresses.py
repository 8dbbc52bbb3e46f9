"""Addresses of the administration that nothing on its pages leads to."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client

from chat.admin.lookups import SEARCH_CHARACTERS, SEARCH_WORDS, BadAddress
from chat.audit import record
from chat.core.rights import Right
from chat.models import (
    AuditEntry,
    Certificate,
    Conversation,
    DailyUsage,
    Feedback,
    Generation,
    GroupRetention,
    Hold,
    McpServer,
    McpTool,
    ModelAccess,
    ModelPrice,
    NoticeAcceptance,
    Prompt,
    Quota,
    QuotaGrant,
    Reading,
    Restriction,
    Share,
    ToolCall,
)
from chat.retention import holds
from chatsite.models import Invitation
from tests.support.conversations import stored_conversation
from tests.support.staff import superuser

pytestmark = pytest.mark.django_db

MODELS = list(admin.site._registry)
LISTS = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in MODELS]


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Its pages lack the list of models beside them, a quarter of their work: "/admin/" itself has it."""
    monkeypatch.setattr(admin.site, "enable_nav_sidebar", False)
    return superuser()


@pytest.fixture
def conversation(root: Client) -> Conversation:
    return Conversation.objects.create(owner=User.objects.get(), title="Gardening")


LOOKUPS = [
    "exact",
    "regex",
    "iregex",
    "contains",
    "icontains",
    "startswith",
    "in",
    "gt",
    "isnull",
    "range",
    "year",
    "nosuch",
]


def paths_of(model: Any, depth: int = 2) -> Iterator[str]:
    """Each field, and each field of what it leads to: also secrets, as in `shares__token` and `user__password`."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{field.name}__{further}" for further in paths_of(field.related_model, depth - 1))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_takes_no_look_up_that_it_does_not_offer(rf: Any, root: Client, model: Any) -> None:
    """All fields of all models, and of those that they lead to, with a dozen look-ups: nothing gets to a database."""
    Group.objects.create(name="helpers")  # there is a filter by groups where there are any
    McpServer.objects.bulk_create([McpServer(name="a"), McpServer(name="b")])  # and one by servers where there are two
    page, user = admin.site.get_model_admin(model), User.objects.get()
    request = rf.get("/")
    request.user, request.resolver_match = user, None
    offered = {
        name for spec in page.get_changelist_instance(request).filter_specs for name in spec.expected_parameters()
    }
    # A filter that has nothing to choose from is not shown, and takes what it does not know for nothing.
    offered |= {getattr(each, "parameter_name", "") for each in page.list_filter}
    accepted = set()
    for path, lookup in product(paths_of(model), LOOKUPS):
        name = f"{path}__{lookup}" if lookup != "exact" else path
        request = rf.get("/", {name: "1"})
        request.user, request.resolver_match = user, None
        with suppress(BadAddress):
            page.get_changelist_instance(request)
            accepted.add(name)
    assert accepted <= offered


@pytest.mark.parametrize(
    ("of", "query"),
    [
        ("chat/conversation", "title__regex=(a%2B)%2B$"),
        ("chat/conversation", "shares__token__regex=^A"),
        ("chat/conversation", "shares__token__startswith=A"),
        ("chat/conversation", "owner__password__startswith=pbkdf2"),
        ("chat/conversation", "messages__parts__text__iregex=a"),
        ("chat/conversation", "title__contains=Gard"),
        ("chat/prompt", "text__regex=a"),
        ("chat/reading", "object_name__regex=a"),
        ("auth/user", "username__regex=(a%2B)%2B$"),
        ("auth/user", "email__iregex=a"),
        ("auth/user", "password__startswith=a"),
        ("auth/user", "conversations__title__contains=Gard"),
        ("auth/group", "name__regex=a"),
        ("auth/group", "user__password__startswith=a"),
    ],
)
def test_what_would_read_a_secret_sign_by_sign_is_refused(
    root: Client, conversation: Conversation, of: str, query: str
) -> None:
    Share.objects.create(conversation=conversation, token="A" * 32, snapshot={})
    response = root.get(f"/admin/{of}/?{query}")
    assert response.status_code == 400
    assert "Show the whole list" in response.content.decode()
    assert "Gardening" not in response.content.decode()


def test_what_a_page_offers_is_taken(root: Client, conversation: Conversation) -> None:
    """So that the refusals above say something."""
    group = Group.objects.create(name="helpers")
    for path in (
        "chat/conversation/?updated_at__gte=2020-01-01+00:00:00%2B00:00&status=failed&feedback=up&model=x&o=-1&p=1&q=a",
        "chat/reading/?object_kind=chat.conversation",
        f"auth/user/?is_staff__exact=1&is_superuser__exact=0&is_active__exact=1&groups__id__exact={group.pk}",
        "auth/user/?groups__isnull=True",
    ):
        assert root.get(f"/admin/{path}").status_code == 200


NUL, LONG, HUGE = "%00", "a" * 9000, "9" * 400
ODD = [
    "title__regex=(a",
    "updated_at__gte=nonsense",
    "updated_at__gte=9999999999-01-01",
    "updated_at__gte=0001-01-01+00:00:00%2B14:00",
    f"updated_at__lt={NUL}",
    "created_at__gte=0001-01-01+00:00:00%2B14:00",
    "date_joined__year=0",
    f"object_kind={NUL}",
    "groups__id__exact=x",
    f"groups__id__exact={HUGE}",
    "is_staff__exact=x",
    "is_staff__isnull=x",
    "nosuch=1",
    "__=1",
    f"id={NUL}",
    f"id__in={'1,' * 3000}",
    *(f"{name}={value}" for name in ("p", "o") for value in ("-1", "99", "x", "1.1.-1", NUL, HUGE, "9" * 5000)),
    *(f"_to_field={value}" for value in ("x", "id", "owner__password", NUL)),
    *(f"_popup={value}" for value in ("1", NUL)),
    *(f"q={value}" for value in (NUL, LONG, "a+" * 3000, "%22", "%22%5C", "'%5C'")),
    *(
        f"_changelist_filters={value}"
        for value in (NUL, "%5B", "a%3D1%26b", "%3D%3D%26%3B%5B%5D%3A%2F%2F", "a%3D1%26" * 500)
    ),
    "_facets=1&status=x",
    "e=1&p=99",
    "all=x",
]


def beginning(*names: str) -> list[str]:
    return [query for query in ODD if query.startswith(names)]


# A page of one thing looks at these. Two at a time where neither is refused before the other is looked at.
PAIRS = zip(beginning("p="), beginning("_changelist_filters=", "_popup="), strict=True)
OF_ONE_THING = ["&".join(pair) for pair in PAIRS] + beginning("_to_field=", "_facets=", "__=")


OF_THEIR_OWN = ("/admin/chat/conversation/", "/admin/chat/dailyusage/", "/admin/auth/user/")
"""What shows more than Django does."""


@pytest.mark.parametrize(("number", "query"), list(enumerate(ODD)), ids=range(len(ODD)))
def test_an_odd_query_is_no_failure(
    rf: Any, root: Client, conversation: Conversation, number: int, query: str
) -> None:
    """Each list looks at it, as far as the database; and some show it, which is by the same code for most."""
    user = User.objects.get()
    for model, path in zip(MODELS, LISTS, strict=True):
        request = rf.get(f"{path}?{query}")
        request.user, request.resolver_match, request._messages = user, None, CookieStorage(request)
        with suppress(BadAddress):
            admin.site.get_model_admin(model).get_changelist_instance(request)
    for path in {*OF_THEIR_OWN, LISTS[number % len(LISTS)]}:
        assert root.get(f"{path}?{query}").status_code in (200, 302, 400), path


def test_an_odd_query_for_one_thing_is_no_failure(root: Client, conversation: Conversation) -> None:
    """Each query for what has pages of its own, and each page by one of them: Django's code looks at most."""
    user = User.objects.get()
    _conversation, (_asked, answer) = stored_conversation(user.pk, ["Why?", "So."])
    reading = record(user, conversation, "Read it.")
    objects = {
        AuditEntry: AuditEntry.objects.latest("pk"),
        Feedback: Feedback.objects.create(message=answer, value="up"),
        ToolCall: ToolCall.objects.create(message=answer, generation=Generation.objects.get(), owner=user, name="a"),
        McpServer: (server := McpServer.objects.create(name="a")),
        McpTool: McpTool.objects.create(server=server, name="a"),
        Conversation: conversation,
        Hold: holds.place(user, "Case", owner_id=user.pk),
        Certificate: Certificate.objects.create(purpose="owner", ids={}, counts={}),
        Prompt: Prompt.objects.create(name="a", text="b"),
        Reading: reading,
        User: user,
        Group: (group := Group.objects.create(name="helpers")),
        GroupRetention: GroupRetention.objects.create(group=group, days=9),
        Restriction: Restriction.objects.create(right=Right.ATTACH),
        ModelAccess: ModelAccess.objects.create(group=group, provider="a", model="b"),
        ModelPrice: ModelPrice.objects.create(
            provider="a", model="b", since="2026-01-01", currency="USD", input=1, output=1
        ),
        DailyUsage: DailyUsage.objects.create(
            day="2026-01-01", provider="a", model="b", kind="answer", currency="USD"
        ),
        NoticeAcceptance: NoticeAcceptance.objects.create(owner=user, version="a"),
        Quota: Quota.objects.create(unit="tokens", period="day", amount=1),
        QuotaGrant: QuotaGrant.objects.create(
            user=user, unit="tokens", period="day", first_day="2026-01-01", amount=1
        ),
        Invitation: Invitation.objects.create(digest="a", made_by=user),
    }
    things = [f"{of}{objects[model].pk}/" for model, of in zip(MODELS, LISTS, strict=True)]
    pages = [f"{thing}{view}/" for thing in things for view in ("change", "history", "delete")]
    pages += [f"{of}add/" for of in LISTS] + [f"/admin/auth/user/{user.pk}/password/", "/admin/", "/admin/chat/"]
    asked = {*zip(pages, cycle(OF_ONE_THING), strict=False)}
    asked |= set(product([page for page in pages if page.startswith(OF_THEIR_OWN)], OF_ONE_THING))
    for path, query in sorted(asked):
        assert root.get(f"{path}?{query}").status_code in (200, 302, 400, 403), path


@pytest.mark.parametrize("key", ["x", NUL, HUGE, LONG, "_00", "_", "-1", "1.0", str(uuid.UUID(int=0)).upper()])
def test_an_odd_key_is_no_failure(root: Client, key: str) -> None:
    others = cycle(("history", "delete", "password"))
    for of, view in [*product(LISTS, ["change"]), *zip(LISTS, others, strict=False)]:
        assert root.get(f"{of}{key}/{view}/").status_code in (302, 400, 403, 404)
    assert root.get(f"/admin/r/{key}/{key}/").status_code == 404


FIELDS = [
    ("chat", "conversation", "owner"),
    ("chat", "message", "conversation"),
    ("chat", "conversation", "nosuch"),
    ("chat", "conversation", "title"),
    ("auth", "user", "groups"),
    ("x", "y", "z"),
    (NUL, NUL, NUL),
]


@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_an_odd_autocomplete_is_no_failure(root: Client, field: tuple[str, str, str]) -> None:
    asked = "/admin/autocomplete/?app_label={}&model_name={}&field_name={}".format(*field)
    for term, page in product(("", NUL, LONG, "a+" * 3000, "%22"), ("1", "x", "-1", "99", HUGE, NUL)):
        assert root.get(f"{asked}&term={term}&page={page}").status_code in (200, 403, 404)


def test_a_search_is_bounded(root: Client, conversation: Conversation) -> None:
    for just, more in [("a" * SEARCH_CHARACTERS, "a"), ("g " * SEARCH_WORDS, "g")]:
        assert root.get("/admin/chat/conversation/", {"q": just}).status_code == 200
        assert root.get("/admin/chat/conversation/", {"q": just + more}).status_code == 400
