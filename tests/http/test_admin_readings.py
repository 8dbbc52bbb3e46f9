"""Whatever shows staff a word of a user's text is recorded, or does not show it: each page that there is."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.admin.options import ModelAdmin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import ForeignKey
from django.forms import modelform_factory
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from chat.admin.links import name_of
from chat.admin.recorded import RecordedList
from chat.audit import ERASED, forget_searched_words, record, record_list
from chat.core.rights import Right
from chat.core.search_terms import indexed
from chat.core.tool_parts import CALL, Call, written
from chat.models import (
    Attachment,
    AuditEntry,
    Certificate,
    Conversation,
    DailyUsage,
    Feedback,
    GroupRetention,
    McpServer,
    McpTool,
    MessagePart,
    ModelAccess,
    ModelPrice,
    NoticeAcceptance,
    Preferences,
    Prompt,
    Quota,
    QuotaGrant,
    Reading,
    Restriction,
    SearchedWords,
    SearchEntry,
    Share,
    ToolCall,
)
from chat.retention import holds
from chat.retention.expiry import correct_times
from chatsite.models import Invitation
from tests.support.attachments import attach
from tests.support.conversations import stored_conversation
from tests.support.staff import somebody, superuser

pytestmark = pytest.mark.django_db

SECRET = "unmistakable"
PART = SECRET[:-2]
"""What is searched for: a page may show its own search again."""
DAY_ONE = "2026-01-01"
MODEL: dict[str, Any] = {"provider": "a", "model": "b", "currency": "USD"}
LIST, LOG = "/admin/chat/conversation/", "/admin/chat/reading/"
LISTED = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model for model in admin.site._registry}
DAY = timedelta(days=1)

Committing = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return with_everything(owner)


def with_everything(owner: User) -> Conversation:
    """All that a user can write says the word."""
    conversation, (question, said) = stored_conversation(owner.pk, [SECRET, SECRET])
    Conversation.objects.filter(pk=conversation.pk).update(title=SECRET, system_prompt=SECRET)
    conversation.refresh_from_db()
    SearchEntry.objects.index_title(conversation)
    SearchEntry.objects.index_messages(conversation.pk, owner.pk, [(question.pk, indexed(SECRET))])
    Feedback.objects.create(message=said, value="down", comment=SECRET)
    Share.objects.create(conversation=conversation, title=SECRET, snapshot={"messages": []})
    attach(question, f"{SECRET}.txt", SECRET.encode(), text=SECRET)
    call = Call(str(uuid4()), "find_orders", "Find orders", {"customer": SECRET})
    MessagePart.objects.create(message=said, number=1, kind=CALL, text=written(call).text)
    generation = said.generations.get()
    ToolCall.objects.create(pk=call.id, message=said, generation=generation, owner=owner, name=call.name)
    Prompt.objects.get_or_create(owner=owner, name=SECRET, text=SECRET)
    Preferences.objects.get_or_create(user=owner, system_prompt=SECRET)
    return conversation


@pytest.fixture
def root() -> Client:
    return superuser()


# Calls of tools

CALLS = "/admin/chat/toolcall/"


def test_staff_see_which_tools_were_called_and_who_said_yes(owner: User, conversation: Conversation) -> None:
    call, now = ToolCall.objects.get(), timezone.now()
    ToolCall.objects.filter(pk=call.pk).update(changes=True, status="done", answer="yes", decided_at=now, seconds=1.5)
    other, _ = stored_conversation(User.objects.create_user("otto").pk, ["Hello", "Yes."])
    said = other.messages.last()
    ToolCall.objects.create(message=said, generation=said.generations.get(), owner=other.owner, name="send_mail")
    auditor, reader = somebody("audrey", "view_toolcall"), somebody("rita", "view_conversation")
    for query, names in [
        ("", {"find_orders", "send_mail"}),
        ("?q=olga", {"find_orders"}),
        (f"?q={call.pk}", {"find_orders"}),
        ("?tool=send_mail", {"send_mail"}),
        ("?status__exact=done", {"find_orders"}),
        ("?answer__exact=yes", {"find_orders"}),
        ("?tool=nosuch", {"find_orders", "send_mail"}),
    ]:
        page = auditor.get(f"{CALLS}{query}")
        assert {row.name for row in page.context["cl"].result_list} == names, query
        assert SECRET not in page.content.decode()
    assert Reading.objects.filter(object_kind="chat.toolcall").count() == 7
    shown = auditor.get(f"{CALLS}{call.pk}/change/").content.decode()
    assert SECRET not in shown
    assert f'href="{LIST}{conversation.pk}/change/"' in shown
    assert Reading.objects.filter(object_kind="chat.toolcall", object_key=str(call.pk)).count() == 1
    assert auditor.get(f"{LIST}{conversation.pk}/change/").status_code == 403, "What was said takes another permission"
    assert reader.get(CALLS).status_code == 403
    assert [CALLS in client.get("/admin/").content.decode() for client in (auditor, reader)] == [True, False]
    for path in (f"{CALLS}add/", f"{CALLS}{call.pk}/delete/"):
        assert auditor.get(path).status_code == 403
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=now)
    assert [row.name for row in auditor.get(CALLS).context["cl"].result_list] == ["send_mail"]


# Every page


def addresses(things: dict[str, dict[str, object]]) -> Iterator[str]:
    """Of all of the administration, each for the thing that its model has here."""
    for entry in admin.site.get_urls():
        if isinstance(entry, URLResolver):
            for pattern in entry.url_patterns:
                yield str(entry.pattern) + filled(pattern, things[str(entry.pattern)])
        else:
            yield filled(entry, things[""])


def filled(pattern: Any, values: dict[str, object]) -> str:
    assert isinstance(pattern, URLPattern)
    route = re.sub(r"^\^\(\?P<app_label>.*", "chat/", str(pattern.pattern)).replace("(?P<url>.*)$", "x")
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), route)


QUERIES = (
    *("q=olga", f"q={PART}", f"q={PART}&o=-1.2", "o=1", "o=-4", "all=", "e=1", "_facets=True", "_popup=1"),
    *("feedback=comment", "status=complete&model=gpt-4o-mini", "updated_at__gte=2020-01-01+00:00:00%2B00:00"),
    *("object_kind=chat.conversation", "_to_field=id"),
)
OF_OTHERS = ("p=1", "from=x", "plain=1", "_popup=1")


def queries(number: int, path: str) -> tuple[str, ...]:
    """What a page is asked besides: all of it where it bears words, else a part of it."""
    if model := LISTED.get(path):
        return QUERIES if isinstance(admin.site.get_model_admin(model), RecordedList) else QUERIES[number % 3 :: 3]
    return OF_OTHERS if path.startswith(LIST) else OF_OTHERS[number % 4 :: 4]


def test_each_page_is_recorded_or_shows_no_word(
    root: Client, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a way of asking each for more than it shows by itself."""
    # The list of models beside each page is a quarter of the work: "/admin/" itself has it.
    monkeypatch.setattr(admin.site, "enable_nav_sidebar", False)
    user = User.objects.get(username="root")
    (attachment,), (share,) = Attachment.objects.all(), Share.objects.all()
    reading = record(user, conversation, "Read the transcript.")
    entry = record_list(user, Conversation, "Searched the list.", 1, SECRET)
    of_conversation: dict[str, object] = {"object_id": conversation.pk, "conversation_id": conversation.pk}
    of_conversation |= {"attachment_id": attachment.pk, "name": name_of(share.token)}
    things: dict[str, dict[str, object]] = {
        "": {"content_type_id": 1, "object_id": 1},
        "chat/conversation/": of_conversation,
        "chat/certificate/": {"object_id": Certificate.objects.create(purpose="owner", ids={}, counts={}).pk},
        "chat/hold/": {"object_id": holds.place(user, "Case", owner_id=user.pk).pk},
        "chat/prompt/": {"object_id": Prompt.objects.get().pk},
        "chat/reading/": {"object_id": entry.pk},
        "chat/auditentry/": {"object_id": AuditEntry.objects.latest("pk").pk},
        "auth/user/": {"object_id": conversation.owner_id, "id": conversation.owner_id},
        "auth/group/": {"object_id": (group := Group.objects.create(name="helpers")).pk},
        "chat/feedback/": {"object_id": Feedback.objects.get().pk},
        "chat/groupretention/": {"object_id": GroupRetention.objects.create(group=group, days=9).pk},
        "chat/toolcall/": {"object_id": ToolCall.objects.get().pk},
        "chat/mcpserver/": {"object_id": (server := McpServer.objects.create(name="a")).pk},
        "chat/mcptool/": {"object_id": McpTool.objects.create(server=server, name="a").pk},
        "chat/restriction/": {"object_id": Restriction.objects.create(right=Right.ATTACH).pk},
        "chat/modelaccess/": {"object_id": ModelAccess.objects.create(group=group, provider="a", model="b").pk},
        "chat/modelprice/": {
            "object_id": ModelPrice.objects.create(**MODEL, since="2026-01-01", input=1, output=1).pk
        },
        "chat/dailyusage/": {"object_id": DailyUsage.objects.create(**MODEL, day=DAY_ONE, kind="answer").pk},
        "chat/noticeacceptance/": {"object_id": NoticeAcceptance.objects.create(owner=user, version="a").pk},
        "chat/quota/": {"object_id": Quota.objects.create(unit="tokens", period="day", amount=1).pk},
        "chat/quotagrant/": {
            "object_id": QuotaGrant.objects.create(
                user=user, unit="tokens", period="day", first_day=DAY_ONE, amount=1
            ).pk
        },
        "chatsite/invitation/": {"object_id": Invitation.objects.create(digest="a", made_by=user).pk},
    }
    paths = {f"/admin/{path}" for path in addresses(things)} - {"/admin/logout/"}
    assert LISTED.keys() <= paths
    paths |= {f"{path}?{query}" for number, path in enumerate(sorted(paths)) for query in queries(number, path)}
    paths |= {f"/admin/autocomplete/?{field}&term={term}" for field in keys() for term in ("", PART, "olga")}
    paths |= {f"{LOG}{reading.pk}/change/", f"{LIST}{conversation.pk}/history/?p=1"}
    shown = {path for path in sorted(paths) if shows(root, path)}
    for path in (LIST, LOG, f"{LIST}{conversation.pk}/change/", f"{LIST}{conversation.pk}/history/"):
        assert path in shown, "Proves that a page could show it"
    assert not [path for path in shown if "/delete/" in path or "auth/" in path or "autocomplete" in path]


def keys() -> list[str]:
    """Each key of each model, by which an autocomplete can be asked for what it refers to."""
    fields = [field for model in apps.get_models() for field in model._meta.get_fields()]
    keys = [field for field in fields if isinstance(field, ForeignKey)]
    names = [(field.model._meta.app_label, field.model._meta.model_name, field.name) for field in keys]
    return ["app_label={}&model_name={}&field_name={}".format(*name) for name in names]


def shows(client: Client, path: str) -> bool:
    """Does it bear the word? Then it is in the log."""
    before = Reading.objects.count()
    response: Any = client.get(path)
    there = SECRET.encode() in b"".join(response)
    assert Reading.objects.count() > before or not there, path
    return there


def test_a_page_before_a_deletion_and_what_is_said_after_it_show_no_word(
    root: Client, owner: User, django_capture_on_commit_callbacks: Committing
) -> None:
    one, two, three = (with_everything(owner) for _ in range(3))
    both = {"action": "delete_selected", "_selected_action": [one.pk, two.pk]}
    users = {"action": "delete_selected", "_selected_action": owner.pk}
    for path, form, named in [(LIST, both, one.pk), ("/admin/auth/user/", users, "olga")]:
        page = root.post(path, form).content.decode()
        assert str(named) in page
        assert SECRET not in page
    with django_capture_on_commit_callbacks(execute=True):
        for path, form in [(f"{LIST}{three.pk}/delete/", {}), (LIST, both)]:
            page = root.post(path, form | {"post": "yes"}, follow=True).content.decode()
            said = page.partition('class="messagelist"')[2].partition("</ul>")[0]
            assert "uccessfully" in said
            assert SECRET not in said
    assert not Conversation.objects.exists()
    assert LogEntry.objects.filter(action_flag=DELETION).count() == 3
    assert SECRET not in root.get("/admin/").content.decode()
    assert SECRET not in repr(list(LogEntry.objects.values()))


def test_no_row_is_named_by_what_its_owner_wrote(owner: User, conversation: Conversation, rf: Any) -> None:
    """So Django's own pages of a project's users, its choices and keys and its log can show none."""
    record_list(owner, Conversation, "Searched the list.", 1, SECRET)
    models = apps.get_app_config("chat").get_models()
    named = {model.__name__: str(row) for model in models for row in model._base_manager.all()}
    assert {"Conversation", "Prompt", "Attachment", "Share", "Feedback", "SearchedWords"} <= named.keys()
    assert not {name: text for name, text in named.items() if SECRET in text}
    request = rf.get("/")
    request.user = User.objects.create_superuser("root")
    plain, *_ = ModelAdmin(User, admin.site).get_deleted_objects([owner], request)
    assert str(conversation.pk) in str(plain)
    assert SECRET not in str(plain)
    choices = modelform_factory(Share, fields=["conversation"])().as_p()
    assert str(conversation.pk) in choices
    assert SECRET not in choices
    assert str(Prompt(name="Shared")) == "Shared", "which staff have written"


def test_no_title_stays_that_earlier_versions_noted(root: Client, conversation: Conversation) -> None:
    user = User.objects.get(username="root")
    of, other = (ContentType.objects.get_for_model(model) for model in (Conversation, Group))
    for number, (kind, name) in enumerate([(of, SECRET), (of, ERASED), (other, "helpers")]):
        known = {"content_type": kind, "object_id": f"id-{number}", "object_repr": name}
        LogEntry.objects.create(user=user, action_flag=CHANGE, **known)
    assert SECRET in root.get("/admin/").content.decode()
    migration = import_module("chat.migrations.0013_searched_words")
    migration.name_by_id(apps, SimpleNamespace(connection=connection))
    assert SECRET not in root.get("/admin/").content.decode()
    assert list(LogEntry.objects.order_by("pk").values_list("object_repr", flat=True)) == ["id-0", ERASED, "helpers"]


# What is recorded of a list


@pytest.mark.parametrize(
    ("query", "action"),
    [
        ("", "Read the list."),
        (f"q={SECRET}", "Searched the list."),
        ("o=1.-4", "Read the list, sorted by name, sorted by message_count."),
        ("o=99.x.-99", "Read the list."),
        (f"q={SECRET}&feedback=comment&o=2", "Searched the list, filtered by feedback, sorted by owner."),
        (f"model={SECRET}&_facets=True", "Read the list, filtered by model."),
    ],
)
def test_a_list_is_recorded_by_names_alone(root: Client, conversation: Conversation, query: str, action: str) -> None:
    assert root.get(f"{LIST}?{query}").status_code == 200
    reading = Reading.objects.get()
    assert (reading.action, reading.user_name, reading.object_kind) == (action, "root", "chat.conversation")
    assert (reading.object_key, reading.object_name, reading.hits) == ("", "", 1)
    assert SECRET not in repr(list(Reading.objects.values()))
    assert list(SearchedWords.objects.values_list("words", flat=True)) == ([SECRET] if "q=" in query else [])


def test_a_search_that_finds_nothing_or_is_seen_by_an_action_is_recorded(
    root: Client, conversation: Conversation
) -> None:
    root.get(LIST, {"q": "nothing like it"})
    root.post(f"{LIST}?q={SECRET}", {"action": "delete_selected", "_selected_action": conversation.pk})
    assert list(Reading.objects.values_list("hits", "searched__words")) == [(0, "nothing like it"), (1, SECRET)]


def test_an_autocomplete_is_recorded_as_a_search(root: Client, conversation: Conversation) -> None:
    asked = "/admin/autocomplete/?app_label=chat&model_name=message&field_name=conversation"
    for term, hits in [(SECRET, 1), ("%00", 0), ("", 1)]:
        found = json.loads(root.get(f"{asked}&term={term}").content)["results"]
        assert found == [{"id": str(conversation.pk), "text": str(conversation.pk)}] * hits
    assert list(Reading.objects.values_list("action", "hits", "searched__words")) == [
        ("Searched for one to choose.", 1, SECRET),
        ("Searched for one to choose.", 0, None),
    ]


def test_what_is_refused_is_no_reading(conversation: Conversation) -> None:
    assert somebody("editor", "delete_conversation").get(f"{LIST}?q={SECRET}").status_code == 403
    assert somebody("reader", "view_conversation").get(f"{LIST}?title={SECRET}").status_code == 400
    assert not Reading.objects.exists()


# The words of a search


def test_words_stand_on_the_page_of_their_reading_alone(conversation: Conversation) -> None:
    somebody("reader", "view_conversation").get(LIST, {"q": SECRET})
    reading, auditor = Reading.objects.get(), somebody("auditor", "view_reading")
    address = f"{LOG}{reading.pk}/change/"
    page = auditor.get(LOG).content.decode()
    assert address in page
    assert SECRET not in page
    assert SECRET in auditor.get(address).content.decode()
    seen = Reading.objects.filter(user_name="auditor").values_list(
        "action", "object_kind", "object_key", "object_name"
    )
    assert list(seen) == [
        ("Read the list.", "chat.reading", "", ""),
        ("Read this entry of the log.", "chat.reading", str(reading.pk), ""),
    ]


def test_words_go_when_they_have_had_their_time(owner: User, settings: Any) -> None:
    settings.CHAT_AUDIT_WORDS_DAYS = 5
    old, young, later = (record_list(owner, Conversation, "Searched the list.", 3, "roses") for _ in range(3))
    now = timezone.now()
    for reading, time in [(old, now - 5 * DAY), (young, now - 4.9 * DAY), (later, now + 99 * DAY)]:
        SearchedWords.objects.filter(pk=reading.pk).update(created_at=time)
    forget_searched_words()
    assert set(SearchedWords.objects.values_list("pk", flat=True)) == {young.pk, later.pk}
    correct_times()
    forget_searched_words(now + 6 * DAY)
    assert not SearchedWords.objects.exists(), "A clock that was wrong keeps nothing"
    assert list(Reading.objects.values_list("hits", flat=True)) == [3, 3, 3]


@pytest.mark.parametrize(("days", "kept"), [(0, 0), (1, 1), (10**9, 1)])
def test_words_are_kept_for_as_long_as_is_set(owner: User, settings: Any, days: int, kept: int) -> None:
    settings.CHAT_AUDIT_WORDS_DAYS = days
    record_list(owner, Conversation, "Searched the list.", 3, "roses")
    forget_searched_words()
    assert (SearchedWords.objects.count(), Reading.objects.get().hits) == (kept, 3)


# Shared links


def link(conversation: Conversation, **fields: Any) -> Share:
    return Share.objects.create(conversation=conversation, snapshot={"messages": []}, **fields)


def test_staff_find_whose_link_it_is_by_the_whole_of_it(root: Client, owner: User) -> None:
    mine, other = (stored_conversation(owner.pk, ["Hi", "Hello"])[0] for _ in range(2))
    share, ended = link(mine), link(mine, expires_at=timezone.now() - DAY)
    link(other)
    for token in (share.token, ended.token):
        for pasted in (f"https://chat.example/s/{token}/", f"<http://x/y/s/{token}?a=b>", token, f"olga {token}"):
            page = root.get(LIST, {"q": pasted})
            assert [row.pk for row in page.context["cl"].result_list] == [mine.pk], pasted
    for pasted in (share.token[:-1], f"{share.token}a", share.token.swapcase(), f"/s/{share.token[:31]}%/"):
        assert not root.get(LIST, {"q": pasted}).context["cl"].result_list, pasted


def test_staff_see_who_can_read_links(root: Client, owner: User, settings: Any) -> None:
    both, one, none, ended = (stored_conversation(owner.pk, ["Hi", "Hello"])[0] for _ in range(4))
    public: dict[str, Any] = {"audience": "public"}
    ends: dict[str, Any] = {"expires_at": timezone.now() - DAY}
    for each, fields in [(both, public), (both, {}), (one, {}), (one, public | ends), (ended, ends)]:
        link(each, **fields)
    everybody, members = "everybody who has the link", "people who are logged in here"

    def found(audience: str) -> set[Any]:
        return {row.pk for row in root.get(LIST, {"shared_with": audience}).context["cl"].result_list}

    assert (found("public"), found("members")) == ({both.pk}, {one.pk})
    assert found("none") == {both.pk, one.pk, none.pk, ended.pk}
    page = root.get(LIST).content.decode()
    columns = re.findall(r'<td class="field-shared_with">([^<]*)<', page)
    assert sorted(columns) == sorted([everybody, members, "–", "–"])
    assert f"For {everybody}" in root.get(f"{LIST}{both.pk}/change/").content.decode()
    settings.CHAT_SHARING = "members"
    assert (found("public"), found("members")) == (set(), {both.pk, one.pk})
    page = root.get(f"{LIST}{both.pk}/change/").content.decode()
    assert page.count(f"For {members}") == 2
    assert everybody not in page


def test_no_token_is_recorded(root: Client, owner: User) -> None:
    share = link(stored_conversation(owner.pk, ["Hi", "Hello"])[0])
    asked = "/admin/autocomplete/?app_label=chat&model_name=message&field_name=conversation"
    for path, name in [(LIST, "q"), (LOG, "q"), (asked, "term")]:
        root.get(path + ("&" if "?" in path else "?") + f"{name}=olga+https://chat.example/s/{share.token}/")
    assert set(SearchedWords.objects.values_list("words", flat=True)) == {"olga https://chat.example/s/(link)/"}
    assert share.token not in repr(list(Reading.objects.values()))


def test_staff_revoke_a_link_without_seeing_it(owner: User) -> None:
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Hello"])
    share, other = link(conversation), link(conversation)
    client = somebody("reader", "view_conversation", "delete_share")
    page = client.get(f"{LIST}{conversation.pk}/change/").content.decode()
    address = f"{LIST}{conversation.pk}/links/{name_of(share.token)}/revocation/"
    assert f'action="{address}"' in page
    assert page.count(">Revoke<") == 2
    assert share.token not in page
    assert client.get(address).status_code == 405
    assert "shows nothing any more" in client.post(address, follow=True).content.decode()
    assert list(Share.objects.all()) == [other]
    assert client.post(address).status_code == 404
    done = Reading.objects.get(action__startswith="Revoked")
    assert (done.action, done.object_key) == (
        f"Revoked the shared link {name_of(share.token)}.",
        str(conversation.pk),
    )


@pytest.mark.parametrize(
    "permissions", [["view_conversation"], ["delete_share"], ["view_share", "delete_conversation"]]
)
def test_revoking_takes_the_permissions_to_read_and_to_delete_links(owner: User, permissions: list[str]) -> None:
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Hello"])
    share = link(conversation)
    client = somebody("reader", *permissions)
    assert client.post(f"{LIST}{conversation.pk}/links/{name_of(share.token)}/revocation/").status_code == 403
    assert Share.objects.exists()
    assert not Reading.objects.exists()
    if "view_conversation" in permissions:
        page = client.get(f"{LIST}{conversation.pk}/change/").content.decode()
        assert name_of(share.token) in page
        assert "Revoke" not in page
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root"))
    assert strict.post(f"{LIST}{conversation.pk}/links/{name_of(share.token)}/revocation/").status_code == 403


def test_a_link_of_another_conversation_is_not_there(root: Client, owner: User) -> None:
    one, two = (stored_conversation(owner.pk, ["Hi", "Hello"])[0] for _ in range(2))
    share = link(one)
    assert root.post(f"{LIST}{two.pk}/links/{name_of(share.token)}/revocation/").status_code == 404
    Conversation.objects.filter(pk=one.pk).update(deleted_at=timezone.now())
    assert root.post(f"{LIST}{one.pk}/links/{name_of(share.token)}/revocation/").status_code == 404
    assert Share.objects.count() == 1
