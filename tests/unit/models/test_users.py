"""What the app knows of the project's users, whatever model they are of."""

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.test.utils import isolate_apps

from chat.models import users


def test_djangos_own_users_have_groups() -> None:
    assert users.has_djangos_groups()
    assert users.groups_table() == ('"auth_user_groups"', '"user_id"', '"group_id"')
    assert {name: users.has_field(name) for name in ("groups", "is_staff", "username", "logentry", "nothing")} == {
        "groups": True,
        "is_staff": True,
        "username": True,
        "logentry": False,
        "nothing": False,
    }
    assert get_user_model()._meta.get_field("logentry"), "It is there, but of others that refer to users"


@isolate_apps("chat")
def test_what_is_called_groups_need_not_be_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    class Person(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "chat"

    class Team(models.Model):  # noqa: DJ008
        members = models.ManyToManyField(Person, related_name="groups")

        class Meta:
            app_label = "chat"

    class Member(models.Model):  # noqa: DJ008
        groups = models.ManyToManyField(Team)

        class Meta:
            app_label = "chat"

    class Named(models.Model):  # noqa: DJ008
        groups = models.CharField(max_length=9)

        class Meta:
            app_label = "chat"

    for model, is_in_several in ((Person, False), (Member, True), (Named, False)):
        monkeypatch.setattr(users, "get_user_model", lambda model=model: model)
        assert (users.groups_field() is not None) is is_in_several
        assert not users.has_djangos_groups()
