"""Invitations: how staff make one, where its link leads, and what it gives."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from chat.models import ModelAccess
from chatsite.accounts import creation
from chatsite.models import Invitation
from tests.http.test_accounts import PASSWORD, in_parallel, meet_in, sign_up, user_of, words
from tests.http.test_mail import OF_DOMAINS
from tests.support.mail import MailServer
from tests.support.staff import client_of

pytestmark = pytest.mark.django_db

ADD, LIST = "/admin/chatsite/invitation/add/", "/admin/chatsite/invitation/"
NOT_GOOD = "This invitation is not good"
NOWHERE = "/accounts/invitation/" + "x" * 43 + "/"


@pytest.fixture(autouse=True)
def _closed(settings: Any) -> None:
    settings.DEBUG = False
    settings.CHAT_SIGNUP = False
    cache.clear()


@pytest.fixture
def maker() -> User:
    user = User.objects.create_user("maker", is_staff=True)
    user.user_permissions.set([granted("add_user"), granted("view_user")])
    return user


@pytest.fixture
def link(maker: User) -> str:
    return invite(maker)


def granted(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def group(name: str, *permissions: str) -> Group:
    made = Group.objects.create(name=name)
    made.permissions.set([granted(each) for each in permissions])
    return made


def made(user: User, **fields: Any) -> Any:
    """The page that follows."""
    return client_of(user).post(ADD, fields)


def link_on(response: Any) -> str:
    (found,) = re.findall(r'value="http://testserver(/accounts/invitation/[\w-]{43}/)"', response.content.decode())
    return str(found)


def invite(user: User, **fields: Any) -> str:
    return link_on(made(user, **fields))


def accept(client: Client, link: str, name: str = "bob", **fields: Any) -> Any:
    response = client.get(link)
    if response.status_code != 302:
        return response
    assert response["Location"] == "/accounts/signup/"
    return client.post("/accounts/signup/", {"username": name, "password1": PASSWORD, "password2": PASSWORD, **fields})


class TestLink:
    def test_makes_one_account_where_sign_up_is_closed(self, client: Client, link: str, maker: User) -> None:
        assert sign_up(Client()).status_code == 403
        assert accept(client, link)["Location"] == "/"
        bob = User.objects.get(username="bob")
        assert user_of(client) == bob
        assert (bob.is_staff, bob.is_superuser) == (False, False)
        assert not Permission.objects.filter(user=bob).exists()
        assert not bob.groups.exists()
        invitation = Invitation.objects.get()
        assert (invitation.made_by, invitation.used_by) == (maker, bob)
        again = accept(Client(), link, "carl")
        assert (again.status_code, NOT_GOOD in words(again)) == (410, True)
        assert User.objects.count() == 2

    def test_is_good_once_in_two_tabs_and_after_a_logout(self, client: Client, link: str) -> None:
        other = Client()
        for each in (client, other):
            assert "You are invited" in words(each.get(link, follow=True))
        assert sign_up(client).status_code == 302
        assert sign_up(other, "carl").status_code == 410
        assert sign_up(other, "carl").status_code == 403, "and is forgotten then"
        client.post("/accounts/logout/")
        assert sign_up(client, "dan").status_code == 403
        assert not User.objects.filter(username__in=["carl", "dan"]).exists()

    def test_is_still_good_after_a_mistake(self, client: Client, link: str) -> None:
        client.get(link)
        assert sign_up(client, "maker").status_code == 200
        assert sign_up(client, password="12345678").status_code == 200
        assert sign_up(client).status_code == 302

    @pytest.mark.parametrize("name", ["end", "revoke", "deactivate", "demote", "dismiss", "delete"])
    def test_is_over(self, client: Client, link: str, maker: User, name: str) -> None:
        """Before it is opened, and between that and the form."""
        invited = Client()
        invited.get(link)
        ENDS[name](maker)
        status = 404 if name == "revoke" else 410
        response = client.get(link)
        assert (response.status_code, NOT_GOOD in words(response)) == (status, True)
        assert "Ask whoever invited you" in words(response)
        response = sign_up(invited)
        assert (response.status_code, NOT_GOOD in words(response)) == (410, True)
        assert not User.objects.filter(username="bob").exists()

    @pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "%C3%A9", "%F0%9F%98%80", "x" * 4096])
    def test_that_nobody_has_made(self, client: Client, maker: User, token: str) -> None:
        response = client.get(f"/accounts/invitation/{token}/")
        assert (response.status_code, NOT_GOOD in words(response)) == (404, True)
        assert sign_up(client).status_code == 403

    def test_is_guessed_as_often_as_one_may_sign_up(self, client: Client, maker: User, link: str) -> None:
        statuses = [client.get(NOWHERE).status_code for _ in range(25)]
        assert set(statuses[:20]) == {404}
        assert set(statuses[20:]) == {429}
        assert int(client.get(NOWHERE)["Retry-After"]) > 0

    def test_is_no_use_to_who_is_logged_in(self, link: str, maker: User) -> None:
        client = client_of(maker)
        page = client.get(link)
        assert "You are logged in as maker." in words(page)
        assert client.post("/accounts/logout/", {"next": link})["Location"] == link
        assert accept(client, link).status_code == 302

    def test_leaves_a_visit_alone_that_may_sign_up_anyway(self, client: Client, link: str, settings: Any) -> None:
        settings.CHAT_SIGNUP = True
        client.get(link)
        Invitation.objects.all().delete()
        assert sign_up(client).status_code == 410, "what it gives would be missed"
        assert sign_up(client).status_code == 302

    def test_does_not_count_where_accounts_are_the_providers(self, client: Client, link: str, settings: Any) -> None:
        settings.OIDC_ISSUER, settings.OIDC_ONLY = "https://id.example.org", True
        response = client.get(link)
        assert (response.status_code, "Invitations do not count here" in words(response)) == (403, True)
        assert sign_up(client).status_code == 403

    def test_never_makes_the_first_account(self, client: Client, link: str) -> None:
        client.get(link)
        User.objects.all().delete()
        assert client.get(link).status_code == 410
        assert sign_up(client).status_code in (403, 410)
        assert not User.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_at_the_same_time_one_makes_an_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        link = invite(User.objects.create_superuser("root"))
        meet_in(monkeypatch, creation, "create_account", must_meet=True)
        meet_in(monkeypatch, creation, "take_turns", must_meet=False, after=True)
        answers: list[int] = []

        def visit(name: str) -> None:
            answers.append(accept(Client(), link, name).status_code)
            connection.close()

        in_parallel(visit, ["one", "two"])
        assert sorted(answers) == [302, 410]
        assert User.objects.exclude(username="root").count() == 1


def end(maker: User) -> None:
    Invitation.objects.update(expires_at=timezone.now())


def revoke(maker: User) -> None:
    client_of(maker).post(f"{LIST}{Invitation.objects.get().pk}/delete/", {"post": "yes"})


def deactivate(maker: User) -> None:
    User.objects.filter(pk=maker.pk).update(is_active=False)


def demote(maker: User) -> None:
    maker.user_permissions.remove(granted("add_user"))


def dismiss(maker: User) -> None:
    User.objects.filter(pk=maker.pk).update(is_staff=False)


def delete(maker: User) -> None:
    maker.delete()
    User.objects.create_user("somebody")


ENDS = {
    "end": end,
    "revoke": revoke,
    "deactivate": deactivate,
    "demote": demote,
    "dismiss": dismiss,
    "delete": delete,
}


class TestGroups:
    def test_are_given(self, client: Client, maker: User) -> None:
        accept(client, invite(maker, groups=[group("viewers", "view_user").pk, group("others").pk]))
        assert {each.name for each in User.objects.get(username="bob").groups.all()} == {"viewers", "others"}

    def test_that_the_maker_lacks_are_not_offered(self, maker: User) -> None:
        readers = group("readers", "view_conversation")
        assert "readers" not in client_of(maker).get(ADD).content.decode()
        assert made(maker, groups=[readers.pk]).status_code == 200
        assert not Invitation.objects.exists()
        root = User.objects.create_superuser("root")
        assert "readers" in client_of(root).get(ADD).content.decode()
        accept(Client(), invite(root, groups=[readers.pk]))
        assert list(User.objects.get(username="bob").groups.all()) == [readers]

    def test_that_the_maker_has_lost_are_left_out(self, client: Client, maker: User) -> None:
        link = invite(maker, groups=[group("viewers", "view_user").pk, group("others").pk])
        maker.user_permissions.remove(granted("view_user"))
        accept(client, link)
        assert [each.name for each in User.objects.get(username="bob").groups.all()] == ["others"]

    def test_that_have_become_more_are_left_out(self, client: Client, maker: User) -> None:
        others = group("others")
        link = invite(maker, groups=[others.pk])
        others.permissions.add(granted("view_conversation"))
        accept(client, link)
        assert not User.objects.get(username="bob").groups.exists()

    def test_an_account_that_had_more_is_not_made(self, client: Client, maker: User) -> None:
        """One that may choose a model which is refused to the maker."""
        refused = group("refused")
        ModelAccess.objects.create(group=refused, provider="default", model="gpt-4o-mini", is_given=False)
        maker.groups.add(refused)
        link = invite(maker)
        assert accept(client, link).status_code == 410
        assert not User.objects.filter(username="bob").exists()
        assert Invitation.objects.get().used_at is None
        assert accept(Client(), invite(maker, groups=[refused.pk])).status_code == 302


class TestAdministration:
    def test_shows_the_link_once_and_keeps_a_digest(self, maker: User, client: Client) -> None:
        page = made(maker, note="Bob of accounting")
        token = link_on(page).split("/")[-2]
        assert "no-store" in page["Cache-Control"]
        staff = client_of(maker)
        accept(client, link_on(page))
        pk = Invitation.objects.get().pk
        for path in (LIST, f"{LIST}{pk}/change/", f"{LIST}{pk}/history/", "/admin/"):
            seen = staff.get(path, follow=True)
            assert (seen.status_code, token in seen.content.decode()) == (200, False), path
        assert "Bob of accounting" in words(staff.get(LIST))
        rows = [*Invitation.objects.values_list(), *LogEntry.objects.values_list()]
        assert token not in str(rows)
        assert "Bob" not in str(list(LogEntry.objects.values_list()))

    def test_lists_what_became_of_each(self, maker: User, client: Client) -> None:
        accept(client, invite(maker, groups=[group("viewers", "view_user").pk]))
        invite(maker, note="Nobody yet")
        Invitation.objects.create(digest="of yore", expires_at=timezone.now() - timedelta(days=1), made_by=maker)
        said = words(client_of(maker).get(LIST))
        for word in ("viewers", "used", "open", "expired", "bob", "Nobody yet"):
            assert word in said, word

    def test_lists_many_in_as_many_queries(self, maker: User, django_assert_max_num_queries: Any) -> None:
        client = client_of(maker)
        Invitation.objects.bulk_create(Invitation(digest=str(each), made_by=maker) for each in range(30))
        with django_assert_max_num_queries(15):
            client.get(LIST)

    @pytest.mark.parametrize("permissions", [[], ["view_user", "change_user", "view_group"]])
    def test_is_for_who_may_add_an_account(self, maker: User, link: str, permissions: list[str]) -> None:
        maker.user_permissions.set([granted(each) for each in permissions])
        pk = Invitation.objects.get().pk
        client = client_of(maker)
        assert f'href="{LIST}"' not in client.get("/admin/").content.decode()
        for path in (LIST, ADD, f"{LIST}{pk}/change/", f"{LIST}{pk}/delete/"):
            assert client.get(path).status_code == 403, path
            assert client.post(path, {"post": "yes"}).status_code == 403, path
        assert Invitation.objects.count() == 1

    def test_changes_none(self, maker: User, link: str) -> None:
        pk = Invitation.objects.get().pk
        form = {"note": "other", "groups": [group("others").pk]}
        assert client_of(maker).post(f"{LIST}{pk}/change/", form).status_code == 403
        assert Invitation.objects.get().note == ""

    def test_deletes_an_account_with_what_was_written_of_its_owner(self, maker: User, client: Client) -> None:
        accept(client, invite(maker, note="Bob of accounting"))
        maker.user_permissions.set([granted("delete_user"), granted("delete_conversation")])
        bob = User.objects.get(username="bob")
        assert client_of(maker).post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 302
        bob.delete()
        assert not Invitation.objects.exists()

    def test_keeps_what_somebody_has_made_who_is_gone(self, maker: User, link: str) -> None:
        maker.delete()
        assert Invitation.objects.get().made_by is None
        assert words(client_of(User.objects.create_superuser("root")).get(LIST))


class TestMail:
    @pytest.fixture
    def mail(self, settings: Any) -> Any:
        with MailServer() as server:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
            settings.CHAT_HAS_MAIL = True
            for name, value in OF_DOMAINS.items():
                setattr(settings, name, value)
            yield server

    def sent(self, mail: MailServer) -> str:
        (found,) = mail.mails
        return re.findall(r"http://testserver(/accounts/invitation/[\w-]+/)", found.get_content())[0]

    def test_that_has_the_link_alone_proves_the_address(self, maker: User, mail: MailServer, client: Client) -> None:
        page = made(maker, email="Bob@Elsewhere.example")
        assert "The link was sent to bob@elsewhere.example." in words(page)
        assert "/accounts/invitation/" not in page.content.decode()
        assert mail.mails[0]["To"] == "bob@elsewhere.example"
        assert 'value="bob@elsewhere.example"' in client.get(self.sent(mail), follow=True).content.decode()
        assert accept(client, self.sent(mail), email="bob@elsewhere.example")["Location"] == "/"
        assert EmailAddress.objects.get(user__username="bob").verified
        assert user_of(client)
        assert len(mail.mails) == 1

    def test_proves_no_other_address(self, maker: User, mail: MailServer, client: Client) -> None:
        made(maker, email="bob@elsewhere.example")
        accept(client, self.sent(mail), email="carl@elsewhere.example")
        assert not EmailAddress.objects.get(user__username="bob").verified
        assert user_of(client) is None, "it is confirmed first"
        assert mail.mails[1]["To"] == "carl@elsewhere.example"

    def test_a_link_that_was_handed_over_proves_none(self, maker: User, mail: MailServer, client: Client) -> None:
        accept(client, invite(maker), email="bob@elsewhere.example")
        assert not EmailAddress.objects.get(user__username="bob").verified

    def test_that_could_not_go_is_said(self, maker: User, mail: MailServer, client: Client, settings: Any) -> None:
        with MailServer() as closed:
            settings.EMAIL_PORT = closed.port
        page = made(maker, email="bob@elsewhere.example")
        assert "The e-mail could not be sent. Hand the link over yourself." in words(page)
        settings.EMAIL_PORT = mail.port
        accept(client, link_on(page), email="bob@elsewhere.example")
        assert not EmailAddress.objects.get(user__username="bob").verified

    def test_is_not_asked_for_where_none_is_sent(self, maker: User, client: Client) -> None:
        page = made(maker, email="bob@elsewhere.example")
        assert "could not be sent" not in words(page)
        assert accept(client, link_on(page)).status_code == 302
