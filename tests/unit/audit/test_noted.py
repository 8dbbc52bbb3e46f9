"""What goes into the audit log: who did what, by ids alone, with the act."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, isolate_apps

from chat import audit
from chat.admin.of_model import model_choices
from chat.audit.chain import close
from chat.audit.keys import current_key
from chat.core.audit_chain import words_mac
from chat.core.rights import Right
from chat.models import (
    AuditEntry,
    AuditLink,
    Certificate,
    Conversation,
    Feedback,
    McpServer,
    ModelPrice,
    Prompt,
    Reading,
    Restriction,
)
from chat.retention.erasure import erase
from chatsite.models import Invitation
from tests.support.conversations import stored_conversation
from tests.support.staff import staff, superuser

pytestmark = pytest.mark.django_db
SECRET = "unmistakable"
Committing = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def root() -> Client:
    return superuser()


@pytest.fixture
def actor(root: Client) -> str:
    return str(User.objects.get(username="root").pk)


@pytest.fixture
def conversation() -> Conversation:
    owner = User.objects.create_user("olga")
    conversation, (_question, said) = stored_conversation(owner.pk, [SECRET, SECRET])
    Conversation.objects.filter(pk=conversation.pk).update(title=SECRET)
    Feedback.objects.create(message=said, value="down", comment=SECRET)
    return conversation


def noted() -> list[tuple[str, str, str, str, dict[str, Any]]]:
    """All since it was asked last."""
    rows = AuditEntry.objects.order_by("pk")
    found = [(row.action, row.actor_key, row.object_kind, row.object_key, row.details) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_auditentry")
        cursor.execute("DELETE FROM chat_unchainedentry")
    return found


def test_what_staff_do_is_noted_by_ids_alone(
    root: Client, actor: str, conversation: Conversation, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_AUDIT_LOG = "json"
    assert noted() == [("login", actor, "auth.user", actor, {})]
    page = f"/admin/chat/conversation/{conversation.pk}/change/"
    assert SECRET in root.get(page).content.decode()
    assert SECRET in root.get("/admin/chat/conversation/", {"q": SECRET}).content.decode()
    first, second = Reading.objects.order_by("pk").values_list("pk", flat=True)
    words = words_mac(current_key(), SECRET)
    assert noted() == [
        (
            "reading",
            actor,
            "chat.conversation",
            str(conversation.pk),
            {"what": "Read the transcript.", "reading": first},
        ),
        (
            *("search", actor, "chat.conversation", ""),
            {"what": "Searched the list.", "hits": 1, "reading": second, "words": words},
        ),
    ]
    feedback = {"action": "save_as_csv", "_selected_action": Feedback.objects.get().pk}
    assert SECRET in root.post("/admin/chat/feedback/", feedback).content.decode()
    assert root.get("/admin/chat/dailyusage/?format=csv&since=2026-01-01&until=2026-01-31").status_code == 200
    found = noted()
    assert [row[0] for row in found] == ["reading", "export", "export"]
    day = {"since": "2026-01-01", "until": "2026-01-31", "by": "day", "rows": 0}
    assert found[2] == ("export", actor, "chat.dailyusage", "", day)
    assert SECRET not in repr(found)
    User.objects.get(username="olga").save()
    Client().force_login(User.objects.get(username="olga"))
    assert noted() == [], "Who is no staff logs in as they like"


def test_each_change_of_settings_is_noted(root: Client, actor: str, settings: Any) -> None:
    settings.CHAT_MODELS = ["gpt-4o-mini"]
    noted()
    price = {"which": next(model_choices())[0], "since": "2026-01-01", "input": "1", "output": "2", "cached": ""}
    acts: list[tuple[str, dict[str, Any], type, str]] = [
        ("prompt", {"name": "Shared", "text": SECRET}, Prompt, "setting"),
        ("restriction", {"right": Right.ATTACH}, Restriction, "permission"),
        ("modelprice", price, ModelPrice, "price"),
        ("mcpserver", {"name": "crm", "address": "https://crm.example.org/mcp", "is_on": "on"}, McpServer, "setting"),
    ]
    for name, form, model, action in acts:
        assert root.post(f"/admin/chat/{name}/add/", form).status_code == 302, name
        row = model.objects.get()  # type: ignore[attr-defined]
        chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        added = noted()
        assert [each[:4] for each in added] == [(action, actor, f"chat.{name}", str(row.pk))], added
        assert root.post(f"/admin/chat/{name}/", chosen).status_code == 302
        assert (action, actor, f"chat.{name}", str(row.pk)) in [each[:4] for each in noted()]
        assert SECRET not in repr(added)
    assert root.post("/admin/chatsite/invitation/add/", {"note": SECRET}).status_code == 200
    (invited,) = noted()
    assert invited[:4] == ("permission", actor, "chatsite.invitation", str(Invitation.objects.get().pk))
    assert SECRET not in repr(invited)


def test_who_gives_rights_is_noted(root: Client, actor: str) -> None:
    user, group = User.objects.create_user("olga"), Group.objects.create(name=SECRET)
    permission = Permission.objects.get(codename="view_conversation")
    noted()
    form = {"username": "olga", "is_active": "on", "is_staff": "on", "groups": group.pk}
    form |= {"user_permissions": permission.pk, "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    assert root.post(f"/admin/auth/user/{user.pk}/change/", form).status_code == 302
    given = {"what": "added", "of": "auth.group", "ids": [str(group.pk)]}
    right = {"what": "added", "of": "auth.permission", "ids": [str(permission.pk)]}
    found = noted()
    assert {row[:4] for row in found} == {("permission", actor, "auth.user", str(user.pk))}
    assert given in [row[4] for row in found]
    assert right | {"permissions": ["chat.view_conversation"]} in [row[4] for row in found]
    (changed,) = (row[4] for row in found if row[4]["what"] == "changed")
    assert {"Staff status", "Groups", "User permissions"} <= set(changed["fields"])
    assert (changed["is_superuser"], changed["is_staff"], changed["is_active"]) == (False, True, True)
    group.permissions.set([permission])
    group.user_set.remove(user)
    user.user_permissions.clear()
    assert [(row[1], row[2], row[4]["what"], row[4]["of"]) for row in noted()] == [
        ("", "auth.group", "added", "auth.permission"),
        ("", "auth.group", "removed", "auth.user"),
        ("", "auth.user", "cleared", "auth.permission"),
    ]
    with audit.acting(user):
        user.groups.add(group)
    assert [row[1] for row in noted()] == [str(user.pk)]
    gone = {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"}
    assert root.post("/admin/auth/group/", gone).status_code == 302
    assert [(*row[:2], row[4]["what"]) for row in noted()] == [("permission", actor, "deleted")]
    assert SECRET not in repr(found)


@isolate_apps("chat")
def test_groups_of_a_proxy_of_the_users_are_cleared_and_that_is_noted() -> None:
    class Person(User):
        class Meta:
            app_label = "chat"
            proxy = True

    user, group = User.objects.create_user("olga"), Group.objects.create(name=SECRET)
    user.groups.add(group)
    noted()
    Person.objects.get(pk=user.pk).groups.clear()
    (cleared,) = noted()
    assert cleared[4] == {"what": "cleared", "of": "auth.group", "ids": [str(group.pk)]}
    assert not user.groups.exists()


def test_erasures_are_noted_with_who_asked_for_them(
    root: Client, actor: str, conversation: Conversation, django_capture_on_commit_callbacks: Committing
) -> None:
    owner = conversation.owner
    other, _ = stored_conversation(owner.pk, ["Why?", "So."])
    noted()
    erase(Conversation.objects.filter(pk=other.pk))
    [(action, who, kind, key, details)] = noted()
    certificate = Certificate.objects.get(pk=key)
    assert (action, who, kind) == ("erasure", "", "chat.certificate")
    assert certificate.ids["conversations"] == [str(other.pk)]
    assert (details["digest"], details["conversations"]) == (certificate.digest, 1)
    with django_capture_on_commit_callbacks(execute=True):
        assert root.post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=owner.pk).exists()
    assert [(*row[:3], row[4]["purpose"]) for row in noted()] == [("erasure", actor, "chat.certificate", "staff")] * 2
    User.objects.create_user("otto").delete()
    assert [row[:2] for row in noted()] == [("erasure", "")], "Whichever way an account goes"


def test_a_reading_costs_two_statements_more(root: Client, conversation: Conversation) -> None:
    """One for the entry, and one that says that it waits. That it is chained costs the request nothing."""
    reader = User.objects.get(username="root")
    with CaptureQueriesContext(connection) as queries:
        audit.record(reader, conversation, "Read the transcript.")
    said = [query["sql"].partition("(")[0].strip() for query in queries if query["sql"].startswith("INSERT")]
    assert said == [
        'INSERT INTO "chat_reading"',
        'INSERT INTO "chat_auditentry"',
        'INSERT INTO "chat_unchainedentry"',
        'INSERT INTO "chat_readingcontext"',
    ]
    assert not [query for query in queries if query["sql"].startswith("SELECT")]


def test_with_nothing_new_a_look_is_one_query_and_no_write() -> None:
    close()
    with CaptureQueriesContext(connection) as queries:
        assert close() == 0
    assert len(queries) == 1
    assert queries[0]["sql"].startswith("SELECT 1 ")


LIST = "/admin/chat/auditentry/"


def test_staff_look_at_it_by_permission_and_change_nothing(
    conversation: Conversation, root: Client, actor: str
) -> None:
    auditor, reader = staff("view_auditentry"), staff("view_conversation", "view_reading")
    audit.note("setting", None, ("chat.mcpserver", "3"), what="changed", fields=["groups"])
    audit.note("hold", actor, conversation)
    audit.note("price", "no user's id", ("chat.modelprice", "1"))
    entry = AuditEntry.objects.get(action="hold")
    for query, actions in [
        ("?action=hold", {"hold"}),
        ("?actor=-", {"setting", "permission"}),
        (f"?actor={actor}", {"hold", "login"}),
        (f"?q={conversation.pk}", {"hold"}),
        (
            "?action=nosuch&at__gte=2020-01-01+00:00:00%2B00:00",
            {"login", "setting", "permission", "hold", "price", "reading", "search"},
        ),
        ("?at__gte=2090-01-01+00:00:00%2B00:00", set()),
    ]:
        page = auditor.get(LIST + query)
        assert page.status_code == 200
        assert {row.action for row in page.context["cl"].result_list} == actions, query
    shown = auditor.get(f"{LIST}?action=hold").content.decode()
    assert f"{actor} (root)" in shown
    assert SECRET not in shown
    assert "not chained yet" in auditor.get(f"{LIST}{entry.pk}/change/").content.decode()
    assert close()
    assert audit_link(entry) in auditor.get(f"{LIST}{entry.pk}/change/").content.decode()
    assert reader.get(LIST).status_code == 403
    assert [LIST in client.get("/admin/").content.decode() for client in (auditor, reader)] == [True, False]
    for client in (auditor, root):
        for path in (f"{LIST}add/", f"{LIST}{entry.pk}/delete/"):
            assert client.get(path).status_code == 403
            assert client.post(path, {"post": "yes"}).status_code == 403
        assert client.post(f"{LIST}{entry.pk}/change/", {"action": "login"}).status_code == 403
        client.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"})
    assert AuditEntry.objects.get(pk=entry.pk).action == "hold"
    assert Reading.objects.filter(object_kind="chat.auditentry").count() > 6, "Looking at it is recorded"


def audit_link(entry: AuditEntry) -> str:
    return str(AuditLink.objects.get(entry=entry.pk))


def test_a_check_warns_before_deployment_without_a_key_of_its_own(settings: Any) -> None:
    def found() -> list[str]:
        return [str(each.id) for each in checks.run_checks(tags=["security"], include_deployment_checks=True)]

    assert "chat.W064" in found()
    settings.CHAT_AUDIT_KEY = "0123456789abcdef" * 2
    assert not {"chat.W064", "chat.W067"} & {*found()}
    settings.CHAT_AUDIT_KEY = settings.CHAT_AUDIT_KEY[1:]
    assert "chat.W067" in found()
