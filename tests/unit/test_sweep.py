"""What has had its time is deleted: of the site's tables, some rows at a time, and nothing that is still of use."""

import threading
import time
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings as site
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from chatsite import sweep
from chatsite.accounts.mfa.adapter import MFAAdapter
from chatsite.accounts.mfa.rotation import encrypt_anew
from chatsite.models import CacheEntry, Invitation, ProviderSession, UsedLogoutToken
from tests.support.queries import counted_queries

DAYS = {
    name: timedelta(days=number) for name, number in {"hour": 1 / 24, "two": 2, "month": 31, "quarter": 91}.items()
}


@pytest.fixture
def user(db: None, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(sweep, "CHANGING_SECONDS", 0)
    cache.clear()
    return User.objects.create(username=f"user-{uuid4().hex}")


def session(ends: timedelta) -> str:
    """Its key."""
    store = import_module(site.SESSION_ENGINE).SessionStore()
    store.create()
    Session.objects.filter(pk=store.session_key).update(expire_date=timezone.now() + ends)
    return str(store.session_key)


def device(user: User, key: str, seen: timedelta) -> UserSession:
    seen_at = timezone.now() - seen
    return UserSession.objects.create(user=user, session_key=key, ip="127.0.0.1", user_agent="", last_seen_at=seen_at)


def at_provider(user: User, key: str) -> ProviderSession:
    return ProviderSession.objects.create(user=user, session_key=key, sub="sub", sid="", id_token="")


def test_sessions_go_a_day_after_their_end_with_what_the_provider_knows_of_them(user: User) -> None:
    live, ended, over = session(DAYS["two"]), session(-DAYS["hour"]), session(-DAYS["two"])
    for key in (live, ended, over, "of-a-logout"):
        at_provider(user, key)
    sweep.sweep()
    assert set(Session.objects.filter(pk__in=[live, ended, over]).values_list("pk", flat=True)) == {live, ended}
    assert set(ProviderSession.objects.filter(user=user).values_list("session_key", flat=True)) == {live, ended}


def test_devices_go_when_nobody_asks_any_more_when_their_users_were_active(user: User) -> None:
    live = session(DAYS["two"])
    device(user, live, DAYS["quarter"])
    device(user, "of a logout", DAYS["quarter"])
    device(user, "of a newer one", DAYS["month"])
    sweep.sweep()
    kept = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    assert set(kept) == {live, "of a newer one"}


def test_a_session_whose_key_changes_meanwhile_keeps_its_rows(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row, key = at_provider(user, "the-key-before"), session(DAYS["two"])

    def changed(seconds: float) -> None:
        ProviderSession.objects.filter(pk=row.pk).update(session_key=key)

    monkeypatch.setattr(time, "sleep", changed)
    sweep.forget_devices(ProviderSession.objects.filter(user=user))
    assert ProviderSession.objects.filter(pk=row.pk).exists()


def test_counters_and_tokens_go_with_their_end(user: User) -> None:
    now, mark = timezone.now(), uuid4().hex
    for name, expires in (("ended", -DAYS["hour"]), ("counts", DAYS["hour"]), ("of a clock ahead", DAYS["month"])):
        CacheEntry.objects.create(cache_key=f"{mark} {name}", value="", expires=now + expires)
    for name, expires in (("old", -DAYS["two"]), ("new", -DAYS["hour"])):
        UsedLogoutToken.objects.create(digest=f"{mark} {name}", expires=now + expires)
    sweep.sweep()
    assert CacheEntry.objects.get(cache_key__startswith=mark).pk == f"{mark} counts"
    assert UsedLogoutToken.objects.get(digest__startswith=mark).pk == f"{mark} new"


def test_invitations_that_nobody_took_go_a_month_after_their_end(user: User) -> None:
    def invitation(expires: timedelta, used_at: datetime | None = None) -> int:
        ends = timezone.now() + expires
        made = Invitation.objects.create(made_by=user, digest=uuid4().hex, expires_at=ends, used_at=used_at)
        return made.pk

    kept = {invitation(DAYS["two"]), invitation(-DAYS["two"]), invitation(-DAYS["month"], timezone.now())}
    invitation(-DAYS["month"])
    sweep.sweep()
    assert set(Invitation.objects.filter(made_by=user).values_list("pk", flat=True)) == kept


def test_one_of_several_processes_does_it(user: User) -> None:
    sweep.sweep()
    key = session(-DAYS["two"])
    sweep.sweep()
    assert Session.objects.filter(pk=key).exists()
    cache.clear()
    sweep.sweep()
    assert not Session.objects.filter(pk=key).exists()


def test_some_rows_are_deleted_at_a_time(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    keys = [session(-DAYS["two"]) for _ in range(5)]
    for key in keys:
        device(user, key, DAYS["quarter"])
    with counted_queries() as queries:
        assert sweep.end_sessions() >= 5
    assert len([each for each in queries if each.startswith("DELETE")]) >= 3
    assert sweep.forget_devices(UserSession.objects.filter(user=user)) == 5
    assert not Session.objects.filter(pk__in=keys).exists()


def test_so_it_is_on_postgresql(
    postgres: str, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CHANGING_SECONDS", 0)
    with django_db_blocker.unblock():
        owner = User.objects.using(postgres).create(username="swept")
        mine = {"user": owner, "ip": "127.0.0.1", "user_agent": ""}
        UserSession.objects.using(postgres).create(session_key="gone", **mine)
        ended = {"session_data": "", "expire_date": timezone.now() - DAYS["two"]}
        Session.objects.using(postgres).create(session_key="ended", **ended)
        rows = Session.objects.using(postgres).filter(expire_date__lt=timezone.now())
        assert sweep._delete(rows) == 1
        assert sweep._delete(UserSession.objects.using(postgres).filter(user=owner)) == 1
        owner.delete()


def test_a_fault_ends_no_sweeping(monkeypatch: pytest.MonkeyPatch) -> None:
    again = threading.Event()
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        if len(tried) > 1:
            monkeypatch.setattr(sweep, "SWEEP_SECONDS", 3600)  # a daemon's, which ends with the process
            again.set()
        raise ConnectionError

    monkeypatch.setattr(sweep, "SWEEP_SECONDS", 0)
    monkeypatch.setattr(sweep, "encrypt_anew", lambda: None)
    monkeypatch.setattr(sweep, "sweep", fail)
    sweep.start_sweeping()
    assert again.wait(30)


# Second factors follow SECRET_KEY


@pytest.fixture
def factors(user: User, settings: Any) -> dict[str, int]:
    """Three that a former key has encrypted, by their secrets."""
    settings.SECRET_KEY, today = "a former key", settings.SECRET_KEY
    encrypt = MFAAdapter().encrypt
    made = {
        "of an app": Authenticator(type="totp", data={"secret": encrypt("of an app")}),
        "of codes": Authenticator(type="recovery_codes", data={"seed": encrypt("of codes"), "used_mask": 5}),
        "of a passkey": Authenticator(type="webauthn", data={"name": "Passkey"}),
    }
    for factor in made.values():
        factor.user = user
        factor.save()
    settings.SECRET_KEY = today
    return {name: factor.pk for name, factor in made.items()}


def secret_of(pk: int) -> str:
    data = Authenticator.objects.get(pk=pk).data
    return MFAAdapter().decrypt(data.get("secret") or data["seed"])


def test_what_a_former_key_has_encrypted_is_read_and_encrypted_anew(factors: dict[str, int], settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = ["another former key", "a former key"]
    assert secret_of(factors["of an app"]) == "of an app", "at once"
    assert encrypt_anew() == 2
    assert encrypt_anew() == 0
    settings.SECRET_KEY_FALLBACKS = []
    assert {name: secret_of(factors[name]) for name in ("of an app", "of codes")} == {
        "of an app": "of an app",
        "of codes": "of codes",
    }
    assert Authenticator.objects.get(pk=factors["of codes"]).data["used_mask"] == 5
    assert Authenticator.objects.get(pk=factors["of a passkey"]).data == {"name": "Passkey"}


def test_what_a_key_has_encrypted_that_nobody_has_stays_as_it_is(factors: dict[str, int], settings: Any) -> None:
    before = Authenticator.objects.get(pk=factors["of an app"]).data
    settings.SECRET_KEY_FALLBACKS = ["yet another"]
    assert encrypt_anew() == 0
    assert Authenticator.objects.get(pk=factors["of an app"]).data == before
    assert secret_of(factors["of an app"]) != "of an app"
