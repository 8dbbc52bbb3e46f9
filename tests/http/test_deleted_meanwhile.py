"""Who or what is deleted while a request changes it: nothing comes back, and the answer is no fault of the site's."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms import BaseModelForm
from django.test import AsyncClient, Client

from chat.models import Conversation, Preferences, Prompt
from chat.views import endpoints
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries

PASSWORD = "a-long-walk-in-the-rain"
OWN = {"oldpassword": PASSWORD, "password1": PASSWORD * 2, "password2": PASSWORD * 2}
NEW = {"password1": PASSWORD * 2, "password2": PASSWORD * 2, "usable_password": "true", "set-password": "1"}
USER = {"username": "ann", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}

# Where it is deleted: once this has been called, and before anything is saved.
WAYS: dict[str, tuple[str, dict[str, str], type, str, int]] = {
    "login": ("/accounts/login/", {"username": "ann", "password": PASSWORD}, User, "check_password", 302),
    "own password": ("/accounts/password/change/", OWN, User, "set_password", 302),
    "password by staff": ("/admin/auth/user/{user}/password/", NEW, User, "set_password", 404),
    "user by staff": (
        "/admin/auth/user/{user}/change/",
        USER,
        BaseModelForm,
        "_post_clean",
        404,
    ),
    "group by staff": ("/admin/auth/group/{group}/change/", {"name": "Readers"}, BaseModelForm, "_post_clean", 404),
    "prompt by staff": (
        "/admin/chat/prompt/{prompt}/change/",
        {"name": "Letter", "text": "Write a letter."},
        BaseModelForm,
        "_post_clean",
        404,
    ),
}


@pytest.fixture
def rows(transactional_db: None) -> dict[str, Model]:
    user = User.objects.create_user("ann", password=PASSWORD)
    User.objects.create_superuser("staff")
    prompt = Prompt.objects.create(name="Letter", text="Dear")
    return {"user": user, "group": Group.objects.create(name="Readers"), "prompt": prompt}


def meanwhile(monkeypatch: pytest.MonkeyPatch, of: type, name: str, change: Any) -> None:
    whole = getattr(of, name)

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = whole(self, *args, **kwargs)
        change()
        return result

    monkeypatch.setattr(of, name, called)


def client_of(way: str) -> Client:
    client = Client(raise_request_exception=False)
    if way != "login":
        client.force_login(User.objects.get(username="staff" if "staff" in way else "ann"))
    return client


@pytest.mark.parametrize("way", WAYS)
def test_it_stays_deleted(rows: dict[str, Model], way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, form, of, name, status = WAYS[way]
    thing = next((row for kind, row in rows.items() if f"{{{kind}}}" in path), rows["user"])
    found = type(thing)._base_manager.filter(pk=thing.pk)
    client = client_of(way)
    meanwhile(monkeypatch, of, name, found.delete)
    with counted_queries() as queries:
        answer = client.post(path.format(**{kind: row.pk for kind, row in rows.items()}), form)
    assert answer.status_code == status
    assert any(sql.startswith(f'DELETE FROM "{thing._meta.db_table}"') for sql in queries)
    assert not any(sql.startswith(f'INSERT INTO "{thing._meta.db_table}"') for sql in queries)
    # A page of the admin is one transaction, and of this one the deletion is a part.
    assert found.exists() == (of is BaseModelForm)
    if way in ("login", "own password"):
        assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("way", [way for way in WAYS if "password" in way])
def test_who_is_being_erased_stays_closed(rows: dict[str, Model], way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, form, of, name, _ = WAYS[way]
    client, ann = client_of(way), User.objects.filter(username="ann")
    meanwhile(monkeypatch, of, name, lambda: ann.update(is_active=False, first_name="Changed"))
    assert client.post(path.format(user=rows["user"].pk), form).status_code == 302
    changed = ann.get()
    assert changed.check_password(PASSWORD * 2)
    assert (changed.is_active, changed.first_name) == (False, "Changed")


def test_each_would_be_saved_if_it_were_there(rows: dict[str, Model]) -> None:
    for way, (path, form, *_) in WAYS.items():
        client = client_of(way)
        answer = client.post(path.format(**{kind: row.pk for kind, row in rows.items()}), form)
        assert answer.status_code == 302, way
        User.objects.get(username="ann").set_password(PASSWORD)


# One's own, between the login and the answer

ID = "00000000-0000-4000-8000-000000000001"
OWN_POSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "question": (f"/c/{ID}/messages/", {"id": ID, "text": "Hi"}),
    "later question": ("/c/{conversation}/messages/", {"id": ID, "text": "Hi", "parent": "{answer}"}),
    "another answer": ("/messages/{answer}/regenerations/", {"id": ID}),
    "more of an answer": ("/messages/{answer}/continuations/", {"id": ID}),
    "selection": ("/messages/{answer}/selection/", {}),
    "feedback": ("/messages/{answer}/feedback/", {"value": "up"}),
    "title": ("/c/{conversation}/title/", {"title": "Mine"}),
    "shelf": ("/c/{conversation}/shelf/", {"pinned": True}),
    "deletion": ("/c/{conversation}/deletion/", {}),
    "restoration": ("/c/{conversation}/restoration/", {}),
    "keeping": ("/c/{conversation}/keeping/", {}),
    "its settings": ("/c/{conversation}/settings/", {"temperature": 1}),
    "settings": ("/settings/", {"temperature": 1}),
    "prompt": ("/settings/prompts/", {"name": "Letter", "text": "Dear"}),
    "link": ("/c/{conversation}/shares/", {"days": 7}),
}


@pytest.mark.parametrize("way", OWN_POSTS)
def test_who_is_deleted_meanwhile_is_not_logged_in(
    transactional_db: None, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = User.objects.create(username="ann")
    conversation, (_, answer) = stored_conversation(owner.pk, ["Hi", "Ho"])
    ids = {"conversation": str(conversation.pk), "answer": str(answer.pk)}
    path, body = OWN_POSTS[way]
    body = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}

    let_in = endpoints._let_in

    def let_in_and_delete(*args: Any) -> None:
        let_in(*args)
        owner.delete()

    monkeypatch.setattr(endpoints, "_let_in", let_in_and_delete)
    client = AsyncClient(raise_request_exception=False)
    client.force_login(owner)
    sent: dict[str, Any] = {"content_type": "application/json", "headers": {"accept": "application/json"}}
    reply = async_to_sync(client.post)(path.format(**ids), body, **sent)
    assert reply.status_code in (401, 404)
    assert not User.objects.exists()
    assert not Conversation.with_deleted.exists()
    assert not Preferences.objects.exists()
