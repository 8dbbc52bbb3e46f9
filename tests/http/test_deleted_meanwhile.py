"""Who or what is deleted while a request changes it: nothing comes back, and the answer is no fault of the site's."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.forms import BaseModelForm
from django.test import Client

from chat.models import Prompt
from tests.support.queries import counted_queries

PASSWORD = "a-long-walk-in-the-rain"
OWN = {"old_password": PASSWORD, "new_password1": PASSWORD * 2, "new_password2": PASSWORD * 2}
NEW = {"password1": PASSWORD * 2, "password2": PASSWORD * 2, "usable_password": "true", "set-password": "1"}
USER = {"username": "ann", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}

# Where it is deleted: once this has been called, and before anything is saved.
WAYS: dict[str, tuple[str, dict[str, str], type, str, int]] = {
    "login": ("/accounts/login/", {"username": "ann", "password": PASSWORD}, User, "check_password", 200),
    "own password": ("/accounts/password_change/", OWN, User, "set_password", 302),
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
