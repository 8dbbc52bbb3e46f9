"""What the database says of what a user may, and how often it is asked."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, Permission, User

from chat.core.rights import ALL, Right, Rights
from chat.models import ModelAccess, Restriction
from chat.models.rights import rights_of
from chat.providers.registry import registry

pytestmark = pytest.mark.django_db


class Directory(BaseBackend):
    """Knows permissions of its own."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return perm == "chat.attach_files"


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="writers")


@pytest.fixture
def user(group: Group) -> User:
    user = User.objects.create(username="writer")
    user.groups.add(group)
    return user


def restrict(*rights: Right) -> None:
    Restriction.objects.bulk_create(Restriction(right=right) for right in rights)


def permission(right: Right) -> Permission:
    return Permission.objects.get(content_type__app_label="chat", codename=right)


def again(user: User) -> Rights:
    return rights_of(User.objects.get(pk=user.pk))


def test_until_staff_restrict_it_all_have_a_right(user: User, group: Group) -> None:
    group.permissions.add(permission(Right.SHARE))
    assert again(user) == again(User.objects.create(username="other")) == ALL


def test_a_restricted_right_is_theirs_who_have_its_permission(user: User, group: Group) -> None:
    restrict(*Right)
    assert again(user).lacking == set(Right)
    group.permissions.add(permission(Right.SHARE))
    user.user_permissions.add(permission(Right.IMPORT))
    assert again(user).lacking == {Right.ATTACH, Right.PUBLISH}
    group.permissions.set([permission(Right.PUBLISH)])
    assert again(user).lacking == {Right.ATTACH, Right.SHARE}


def test_superusers_may_all(group: Group) -> None:
    restrict(*Right)
    ModelAccess.objects.create(group=group, provider="default", model="gpt-4o-mini", is_given=True)
    assert rights_of(User.objects.create(username="root", is_superuser=True)) == ALL


def test_where_users_have_no_permissions_all_may() -> None:
    class Reader:
        """Of a project whose users know no `PermissionsMixin`."""

        pk = 1

    restrict(*Right)
    assert rights_of(Reader()) == ALL


def test_a_right_that_this_version_does_not_know_is_nobodys_matter(user: User) -> None:
    Restriction.objects.create(right="of_a_later_version")
    assert again(user).lacking == frozenset()


def test_what_another_backend_grants_counts(user: User, settings: Any) -> None:
    restrict(Right.ATTACH, Right.SHARE)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", f"{__name__}.Directory"]
    assert again(user).lacking == {Right.SHARE}


def test_models_are_given_and_refused_to_groups(user: User, group: Group, settings: Any) -> None:
    settings.CHAT_PROVIDERS = [
        {
            "name": "house",
            "address": "http://127.0.0.1:9/v1",
            "models": [{"name": "a"}, {"name": "b", "offered": False}],
        },
        {"name": "cloud", "address": "http://127.0.0.1:9/v1", "models": [{"name": "c"}]},
    ]
    others = Group.objects.create(name="others")

    def offered(*rows: tuple[Group | None, str, str, bool]) -> str:
        ModelAccess.objects.all().delete()
        for of, provider, model, is_given in rows:
            ModelAccess.objects.create(group=of, provider=provider, model=model, is_given=is_given)
        return "".join(model.key for model in registry().offered_to(again(user)))

    assert offered() == "ac"
    assert offered((group, "house", "b", True)) == "abc", "more than the settings have for all"
    assert offered((others, "house", "b", True)) == "ac"
    assert offered((group, "cloud", "c", False)) == "a", "fewer"
    assert offered((others, "cloud", "c", True)) == "a", "theirs alone"
    assert offered((others, "cloud", "c", True), (group, "cloud", "c", True)) == "ac"
    assert offered((group, "cloud", "c", True), (group, "house", "c", False)) == "ac", "of another provider"
    assert offered((group, "default", "a", False)) == "c", "a row from the time of the short form"
    assert offered((None, "house", "a", True)) == "c", "its group is gone: it is for nobody"


def test_a_model_is_not_open_to_all_when_its_group_is_deleted(user: User) -> None:
    others = Group.objects.create(name="others")
    ModelAccess.objects.create(group=others, provider="default", model="gpt-4o-mini")
    assert not registry().offered_to(again(user))
    others.delete()
    assert not registry().offered_to(again(user))


def test_one_query_for_rights_and_one_for_models(
    user: User, group: Group, django_assert_num_queries: Callable[..., Any]
) -> None:
    def costs(queries: int) -> None:
        found = User.objects.get(pk=user.pk)
        with django_assert_num_queries(queries):
            assert rights_of(found) is rights_of(found)

    costs(1)  # are there any rules? That goes with the user's own query where the chat finds them
    restrict(*Right)
    costs(2)
    ModelAccess.objects.create(group=group, provider="default", model="gpt-4o-mini")
    costs(3)
