"""Who may change users does not get to more rights than they have, and gives nobody any: each way up that there is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.test import Client

from chat.core.rights import Right
from chat.models import ModelAccess, Restriction
from chat.models.rights import find_rights
from chat.providers.registry import registry
from chatsite.models import Invitation
from tests.support.staff import client_of

pytestmark = pytest.mark.django_db

USERS, GROUPS = "/admin/auth/user/", "/admin/auth/group/"
INVITATIONS = "/admin/chatsite/invitation/add/"
OF_USERS = ("view_user", "add_user", "change_user", "delete_user", "delete_conversation")
OF_GROUPS = ("view_group", "add_group", "change_group", "delete_group")


def granted(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def member(name: str, *permissions: str, **fields: Any) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", "a long passphrase", **fields)
    user.user_permissions.set([granted(each) for each in permissions])
    return user


@pytest.fixture
def helper() -> User:
    """May do whatever can be done to users and groups, and reads no conversation."""
    return member("helper", *OF_USERS, *OF_GROUPS, is_staff=True)


@pytest.fixture
def client(helper: User) -> Client:
    return client_of(helper)


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    """What the page of a user posts."""
    form = {
        "username": user.username,
        "email": user.email,
        "is_active": "on" if user.is_active else "",
        "is_staff": "on" if user.is_staff else "",
        "is_superuser": "on" if user.is_superuser else "",
        "groups": [group.pk for group in user.groups.all()],
        "user_permissions": [each.pk for each in user.user_permissions.all()],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    } | changes
    return {name: value for name, value in form.items() if value != ""}


def change(client: Client, user: User, **changes: Any) -> int:
    return client.post(f"{USERS}{user.pk}/change/", form_of(user, **changes)).status_code


def set_password(client: Client, user: User) -> int:
    new = {"password1": "another passphrase", "password2": "another passphrase", "usable_password": "true"}
    return client.post(f"{USERS}{user.pk}/password/", new).status_code


def unset_password(client: Client, user: User) -> int:
    new = {"usable_password": "false", "unset-password": "1"}
    return client.post(f"{USERS}{user.pk}/password/", new).status_code


def delete(client: Client, user: User) -> int:
    return client.post(f"{USERS}{user.pk}/delete/", {"post": "yes"}).status_code


def delete_in_bulk(client: Client, user: User) -> int:
    return client.post(USERS, {"action": "delete_selected", "_selected_action": user.pk, "post": "yes"}).status_code


def rights(user: User) -> Any:
    user = User.objects.get(pk=user.pk)
    return (
        user.username,
        user.email,
        user.password,
        user.is_active,
        user.is_staff,
        user.is_superuser,
        set(user.user_permissions.values_list("pk")),
        set(user.groups.values_list("pk")),
    )


@dataclass(frozen=True)
class Above:
    """A user with more rights than the helper."""

    name: str
    make: Callable[[], User]


def in_group() -> User:
    user, group = member("above"), Group.objects.create(name="readers")
    group.permissions.add(granted("view_conversation"))
    user.groups.add(group)
    return user


def given_a_model() -> User:
    user = member("above")
    user.groups.add(group_that_is(given=True))
    return user


def group_that_is(*, given: bool, model: str = "gpt-4o-mini") -> Group:
    """Given a model, which nobody else may choose then, or refused it."""
    group, _is_new = Group.objects.get_or_create(name="given" if given else "refused")
    ModelAccess.objects.create(group=group, provider="default", model=model, is_given=given)
    return group


def models_of(user: User) -> list[str]:
    return [model.key for model in registry().offered_to(find_rights(User.objects.get(pk=user.pk)))]


def one_of_two_superusers() -> User:
    """The last one is protected from everybody."""
    member("another", is_superuser=True)
    return member("above", is_superuser=True, is_staff=True)


ABOVE = [
    Above("superuser", one_of_two_superusers),
    Above("inactive superuser", lambda: member("above", is_superuser=True, is_active=False)),
    Above("by a permission", lambda: member("above", "view_conversation")),
    Above("inactive by a permission", lambda: member("above", "view_conversation", is_active=False)),
    Above("by a group", in_group),
    Above("by a model", given_a_model),
]


def named(value: object) -> str:
    return value if isinstance(value, str) else ""


WAYS: list[tuple[str, str, Callable[[Client, User], int]]] = [
    ("change_user", "password", set_password),
    ("change_user", "no password", unset_password),
    ("change_user", "name", lambda client, user: change(client, user, username="mine")),
    ("change_user", "e-mail", lambda client, user: change(client, user, email="mine@example.com")),
    ("change_user", "active", lambda client, user: change(client, user, is_active="" if user.is_active else "on")),
    ("change_user", "staff", lambda client, user: change(client, user, is_staff="" if user.is_staff else "on")),
    ("change_user", "fewer rights", lambda client, user: change(client, user, groups=[], user_permissions=[])),
    ("delete_user", "deletion", delete),
    ("delete_user", "deletion in the list", delete_in_bulk),
]


@pytest.mark.parametrize("above", ABOVE, ids=lambda above: above.name)
@pytest.mark.parametrize(("permission", "way", "act"), WAYS, ids=named)
def test_nothing_of_who_has_more_rights_is_changed(
    client: Client, above: Above, permission: str, way: str, act: Callable[[Client, User], int]
) -> None:
    user = above.make()
    before = rights(user)
    assert act(client, user) == 403
    assert rights(user) == before


@pytest.mark.parametrize(("permission", "way", "act"), WAYS, ids=named)
def test_it_is_changed_of_who_has_no_more(
    client: Client, permission: str, way: str, act: Callable[[Client, User], int]
) -> None:
    """So that the refusals above say something; and it takes that permission."""
    user = member("equal", "view_user")
    before = rights(user)
    lacking = member("lacking", *{*OF_USERS, *OF_GROUPS} - {permission}, is_staff=True)
    act(client_of(lacking), user)
    assert rights(user) == before
    assert act(client, user) == 302
    assert not User.objects.filter(pk=user.pk).exists() or rights(user) != before


def every_permission() -> list[int]:
    return list(Permission.objects.values_list("pk", flat=True))


GIVEN: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
    ("change_user", "superuser", lambda: {"is_superuser": "on"}),
    ("change_user", "permission", lambda: {"user_permissions": [granted("view_conversation").pk]}),
    (
        "change_user",
        "all permissions",
        lambda: {"user_permissions": every_permission()},
    ),
    ("change_user", "group", lambda: {"groups": [group_of("view_conversation").pk]}),
    ("change_user", "group that has a right more", lambda: {"groups": [group_of("view_user", "view_reading").pk]}),
    ("change_user", "group that is given a model", lambda: {"groups": [group_that_is(given=True).pk]}),
    ("change_user", "permission of a right", lambda: {"user_permissions": [granted("attach_files").pk]}),
]


def group_of(*permissions: str, name: str = "group") -> Group:
    group = Group.objects.create(name=name)
    group.permissions.set([granted(each) for each in permissions])
    return group


@pytest.mark.parametrize("whom", ["themselves", "another", "a new one"])
@pytest.mark.parametrize(
    ("permission", "way", "asked"), GIVEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_right_is_given_that_the_giver_lacks(
    client: Client, helper: User, whom: str, permission: str, way: str, asked: Callable[[], dict[str, Any]]
) -> None:
    user = {"themselves": lambda: helper, "another": lambda: member("another"), "a new one": lambda: added(client)}[
        whom
    ]()
    before = rights(user)
    change(client, user, **asked())
    assert rights(user) == before


NEW = {
    "username": "new",
    "password1": "a long passphrase",
    "password2": "a long passphrase",
    "usable_password": "true",
}


def added(client: Client, **fields: Any) -> User:
    client.post(f"{USERS}add/", NEW | fields)
    return User.objects.get(username="new")


def test_a_right_that_the_giver_has_is_given(client: Client) -> None:
    user = member("another")
    assert change(client, user, user_permissions=[granted("view_user").pk], groups=[group_of("view_group").pk]) == 302
    assert set(User.objects.get(pk=user.pk).get_all_permissions()) == {"auth.view_user", "auth.view_group"}


@pytest.mark.parametrize("path", ["add/", "{}/change/"])
def test_nobody_is_made_with_a_right_by_the_page_that_adds(client: Client, helper: User, path: str) -> None:
    form = form_of(helper, username="new", is_superuser="on", _saveasnew="1", password1="a long passphrase")
    form |= {"password2": "a long passphrase", "usable_password": "true"}
    client.post(USERS + path.format(helper.pk), form)
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.exclude(pk=helper.pk).filter(user_permissions__isnull=False).exists()


GROUPS_GIVEN: dict[str, Callable[[], Group]] = {
    "group": lambda: group_of("view_conversation"),
    "group that has a right more": lambda: group_of("view_user", "view_reading"),
    "group that is given a model": lambda: group_that_is(given=True),
    "group of a right": lambda: group_of("attach_files"),
}


@pytest.mark.parametrize("way", GROUPS_GIVEN)
def test_no_invitation_gives_a_right_that_its_maker_lacks(client: Client, helper: User, way: str) -> None:
    """When it is made, nor if the group has it by the time that it is used."""
    group = GROUPS_GIVEN[way]()
    client.post(INVITATIONS, {"groups": [group.pk]})
    assert not Invitation.objects.exists()
    made = Invitation(made_by=helper)
    token = made.renew_token()
    made.save()
    harmless = group_of("view_user", name="harmless")
    made.groups.set([group, harmless])
    assert rights(invited(token))[4:] == (False, False, set(), {(harmless.pk,)})


def test_an_invitation_takes_the_permission_to_add_an_account(client: Client, helper: User) -> None:
    lacking = member("lacking", *{*OF_USERS, *OF_GROUPS} - {"add_user"}, is_staff=True)
    client_of(lacking).post(INVITATIONS, {})
    assert not Invitation.objects.exists()
    client.post(INVITATIONS, {"groups": [group_of("view_user").pk]})
    assert Invitation.objects.get().groups.count() == 1


def invited(token: str) -> User:
    visitor = Client()
    visitor.get(f"/accounts/invitation/{token}/")
    visitor.post("/accounts/signup/", {name: NEW[name] for name in ("username", "password1", "password2")})
    return User.objects.get(username="new")


def of_groups() -> list[Any]:
    return list(Group.permissions.through.objects.order_by("pk").values_list("group", "permission"))


def edit_group(client: Client, group: Group, permissions: list[int]) -> None:
    client.post(f"{GROUPS}{group.pk}/change/", {"name": group.name, "permissions": permissions})


def add_group(client: Client, group: Group, permissions: list[int]) -> None:
    client.post(f"{GROUPS}add/", {"name": f"more {Group.objects.count()}", "permissions": permissions})


def delete_group(client: Client, group: Group, permissions: list[int]) -> None:
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})


def delete_groups(client: Client, group: Group, permissions: list[int]) -> None:
    client.post(GROUPS, {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"})


@pytest.mark.parametrize("act", [edit_group, add_group, delete_group, delete_groups])
@pytest.mark.parametrize("codename", ["view_conversation", "view_user"])
def test_permissions_of_groups_are_changed_by_superusers_alone(
    client: Client, act: Callable[[Client, Group, list[int]], None], codename: str
) -> None:
    group = group_of("view_user")
    before = of_groups()
    act(client, group, [granted(codename).pk, granted("add_user").pk])
    assert of_groups() == before
    act(client_of(member("root", is_superuser=True, is_staff=True)), group, [granted("view_reading").pk])
    assert of_groups() != before


@pytest.mark.parametrize("whom", ["themselves", "another", "a new one"])
def test_nobody_comes_to_a_model_that_who_saves_is_refused(client: Client, helper: User, whom: str) -> None:
    """By leaving the group that is refused it, or by an account that is in no group."""
    refused = group_that_is(given=False)
    helper.groups.add(refused)
    user = {"themselves": helper, "another": member("another"), "a new one": None}[whom]
    if not user:
        assert client.post(f"{USERS}add/", NEW).status_code == 403
        assert not User.objects.filter(username=NEW["username"]).exists()
        return
    user.groups.add(refused)
    assert not models_of(user)
    assert change(client, user, groups=[]) == 403
    assert not models_of(user)
    assert change(client, user, email="other@example.com") == 302, "all else is as ever"
    root = client_of(member("root", is_superuser=True, is_staff=True))
    assert change(root, user, groups=[]) == 302
    assert models_of(user)


def rules() -> list[Any]:
    return [*Restriction.objects.values_list(), *ModelAccess.objects.order_by("pk").values_list()]


RULES: dict[str, tuple[str, Callable[[Group], dict[str, Any]]]] = {
    "add a restriction": ("restriction/add/", lambda group: {"right": Right.IMPORT.value}),
    "lift one": (f"restriction/{Right.SHARE.value.replace('_', '_5F')}/delete/", lambda group: {"post": "yes"}),
    "lift all": ("restriction/", lambda group: {"action": "delete_selected", "_selected_action": [Right.SHARE.value]}),
    "give a model": ("modelaccess/add/", lambda group: {"group": group.pk, "which": "default/o", "is_given": "on"}),
    "not refuse it": (
        "modelaccess/{row}/change/",
        lambda group: {"group": group.pk, "which": MODEL, "is_given": "on"},
    ),
    "delete a row": ("modelaccess/{row}/delete/", lambda group: {"post": "yes"}),
    "delete rows": ("modelaccess/", lambda group: {"action": "delete_selected", "_selected_action": ["{row}"]}),
}
MODEL = "default/gpt-4o-mini"


@pytest.mark.parametrize("way", RULES)
def test_what_counts_and_whose_a_model_is_superusers_alone_say(helper: User, settings: Any, way: str) -> None:
    """Whatever permissions somebody has."""
    settings.CHAT_MODELS = ["gpt-4o-mini", "o"]
    helper.user_permissions.set(Permission.objects.all())
    group = group_that_is(given=False)
    Restriction.objects.create(right=Right.SHARE)
    row = str(ModelAccess.objects.get().pk)
    path, asked = RULES[way]
    form = {name: row if value == ["{row}"] else value for name, value in asked(group).items()} | {"post": "yes"}
    before = rules()
    for who, may in ((helper, False), (member("root", is_superuser=True, is_staff=True), True)):
        client_of(who).post("/admin/chat/" + path.format(row=row), form)
        assert (rules() != before) == may, who
    assert client_of(helper).get(f"/admin/chat/{path.partition('/')[0]}/").status_code == 200, "all may see it"


OF_ALLAUTH: list[tuple[str, type[Model]]] = [
    ("of an address", EmailAddress),
    ("of a second factor", Authenticator),
    ("of a session", UserSession),
    ("of a login of a provider", SocialAccount),
    ("of a provider", SocialApp),
    ("of a provider's token", SocialToken),
]


@pytest.mark.parametrize(("way", "model"), OF_ALLAUTH, ids=named)
def test_nobody_gets_at_how_others_log_in(client: Client, helper: User, way: str, model: type[Model]) -> None:
    """Whatever permissions they have: allauth's own pages are not there, and nothing of a user's page leads to it."""
    helper.user_permissions.set(Permission.objects.all())
    user, opts = member("another"), model._meta
    factor = Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    for who in (client, client_of(member("root", is_superuser=True, is_staff=True))):
        for path in ("", "add/", f"{factor.pk}/change/", f"{factor.pk}/delete/"):
            assert who.get(f"/admin/{opts.app_label}/{opts.model_name}/{path}").status_code == 404
        change(who, user, **{f"{opts.model_name}_set-0-DELETE": "on", f"{opts.model_name}_set-TOTAL_FORMS": "1"})
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_a_superuser_changes_whom_they_like(helper: User) -> None:
    root = client_of(member("root", is_superuser=True, is_staff=True))
    other = member("other", is_superuser=True, is_staff=True)
    assert change(root, helper, is_superuser="on") == 302
    assert User.objects.get(pk=helper.pk).is_superuser
    assert set_password(root, other) == 302
    assert delete(root, other) == 302
