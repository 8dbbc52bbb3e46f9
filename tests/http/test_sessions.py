"""Where users are logged in: what the list says, and what ends with a session."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from chatsite.sessions import middleware
from chatsite.sessions.devices import device_of
from chatsite.sessions.ending import MOST_SESSIONS
from tests.support.queries import counted_queries
from tests.support.staff import client_of, superuser

PASSWORD = "a-long-walk-in-the-rain"
LIST = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def ann(db: None) -> User:
    cache.clear()
    middleware.forget()
    return User.objects.create_user("ann", password=PASSWORD)


def logged_in(agent: str = FIREFOX, address: str = "10.0.0.1", name: str = "ann") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    assert client.post("/accounts/login/", {"login": name, "password": PASSWORD}).status_code == 302
    return client


def test_the_list_says_where(ann: User) -> None:
    here = logged_in()
    logged_in(PHONE, "2001:db8::1")
    said = words(here.get(LIST))
    assert "Firefox on Linux 10.0.0.1 · this device" in said
    assert re.search(r"Safari on iPhone 2001:db8::1 · last seen 0\S* minutes ago", said)


def test_one_is_ended_and_the_others_stay(ann: User) -> None:
    here, phone, third = logged_in(), logged_in(PHONE), logged_in()
    row = UserSession.objects.get(session_key=phone.session.session_key)
    assert here.post(LIST, {"session": row.pk}).status_code == 302
    assert [client.get(LIST).status_code for client in (here, phone, third)] == [200, 302, 200]
    assert here.post(LIST).status_code == 302
    assert [client.get(LIST).status_code for client in (here, third)] == [200, 302]


def test_nobody_ends_somebody_elses(ann: User) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    hers, his = logged_in(), logged_in(name="bob")
    row = UserSession.objects.get(session_key=hers.session.session_key)
    for named in (row.pk, "0", "9" * 30, "x", "-1"):
        assert his.post(LIST, {"session": named}).status_code == 302
    assert hers.get(LIST).status_code == 200
    assert Client().post(LIST, {"session": row.pk})["Location"].startswith("/accounts/login/")


def test_a_new_password_ends_the_others(ann: User) -> None:
    here, phone = logged_in(), logged_in(PHONE)
    key = phone.session.session_key
    form = {"oldpassword": PASSWORD, "password1": "another-walk-in-the-snow", "password2": "another-walk-in-the-snow"}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert [client.get(LIST).status_code for client in (here, phone)] == [200, 302]
    assert not Session.objects.filter(session_key=key).exists()
    assert UserSession.objects.get().session_key == here.session.session_key


def test_when_it_was_last_seen_is_written_once_in_five_minutes(ann: User) -> None:
    client = logged_in()
    middleware.forget()
    row = UserSession.objects.get()
    old = timezone.now() - timedelta(seconds=middleware.SECONDS + 1)
    UserSession.objects.update(last_seen_at=old)
    client.get("/accounts/logout/", REMOTE_ADDR="10.9.9.9", HTTP_USER_AGENT=PHONE)
    row.refresh_from_db()
    assert (row.ip, row.user_agent) == ("10.9.9.9", PHONE)
    assert row.last_seen_at > old
    with counted_queries() as queries:
        client.get("/accounts/logout/", REMOTE_ADDR="10.8.8.8")
    assert not any("usersessions" in sql for sql in queries)


def test_a_session_from_before_the_list_is_listed_too(ann: User) -> None:
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="10.0.0.1")
    client.force_login(ann)
    assert not UserSession.objects.exists()
    client.get("/accounts/logout/")
    assert "Firefox on Linux 10.0.0.1 · this device" in words(client.get(LIST))


def test_a_login_past_the_most_ends_the_oldest(ann: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    first = logged_in()
    for _ in range(MOST_SESSIONS):
        logged_in()
    assert UserSession.objects.count() == MOST_SESSIONS
    assert first.get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (PHONE, ("Safari", "iPhone")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        ("<script>alert(1)</script>", ("", "")),
        ("", ("", "")),
    ],
)
def test_devices(agent: str, device: tuple[str, str]) -> None:
    assert device_of(agent) == device


class TestStaff:
    @pytest.fixture
    def root(self, ann: User) -> Client:
        return superuser()

    def test_log_somebody_out_everywhere(self, root: Client, ann: User) -> None:
        clients = [logged_in(), logged_in()]
        UserSession.objects.filter(session_key=clients[1].session.session_key).delete()  # one that no list knows
        root.post("/admin/auth/user/", {"action": "end_sessions", "_selected_action": [ann.pk]})
        assert [client.get(LIST).status_code for client in clients] == [302, 302]
        assert LogEntry.objects.get(object_id=str(ann.pk)).change_message == "Logged out everywhere."
        assert root.get("/admin/").status_code == 200

    def test_who_has_fewer_rights_does_not(self, ann: User) -> None:
        staff = User.objects.create_user("staff", password=PASSWORD, is_staff=True)
        staff.user_permissions.set(permissions("view_user", "change_user"))
        above = User.objects.create_superuser("above")
        client = client_of(staff)
        form = {"action": "end_sessions", "_selected_action": [above.pk]}
        assert client.post("/admin/auth/user/", form).status_code == 403
        assert client.post("/admin/auth/user/", form | {"_selected_action": [ann.pk]}).status_code == 302

    def test_deactivating_ends_sessions(self, root: Client, ann: User) -> None:
        logged_in()
        form = {"username": "ann", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
        assert root.post(f"/admin/auth/user/{ann.pk}/change/", form).status_code == 302
        assert str(ann.pk) not in [session.get_decoded().get("_auth_user_id") for session in Session.objects.all()]

    def test_the_list_of_users_says_how_they_log_in(self, root: Client, ann: User) -> None:
        logged_in()
        Authenticator.objects.create(user=ann, type="totp", data={})
        SocialAccount.objects.create(user=ann, provider="corporate", uid="1")
        ann.groups.add(Group.objects.create(name="Readers"))
        User.objects.create_user("idle")
        with counted_queries() as queries:
            said = words(root.get("/admin/auth/user/"))
        assert re.search(r"ann .* corporate Readers", said)
        User.objects.bulk_create(User(username=f"more-{number}") for number in range(40))
        with counted_queries() as more:
            root.get("/admin/auth/user/")
        assert len(more) <= len(queries)
        for query, names in {
            "factor=yes": {"ann"},
            "provider=corporate": {"ann"},
            "active=7": {"ann", "root"},
            "factor=no&active=never": {"idle", *(f"more-{number}" for number in range(40))},
        }.items():
            found = re.findall(r'/change/[^"]*">([^<]+)</a>', root.get(f"/admin/auth/user/?{query}").content.decode())
            assert set(found) == names, query


def permissions(*names: str) -> Any:
    return Permission.objects.filter(codename__in=names)
