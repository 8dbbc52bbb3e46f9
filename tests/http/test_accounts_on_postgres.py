"""Accounts of two processes that share a PostgreSQL: what is counted, and what is good once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from chatsite.models import CacheEntry, Invitation
from tests.conftest import RunSite
from tests.http.test_accounts import PASSWORD, WITH_TOKEN
from tests.support.client import CSRF_SECRET, PATIENCE
from tests.support.site import Site

Sites = tuple[Site, Site]
LOGIN, SIGN_UP, DEVICES = "/accounts/login/", "/accounts/signup/", "/accounts/sessions/"


@pytest.fixture(scope="module")
def sites(postgres: str, run_site: RunSite) -> Iterator[Sites]:
    url = f"postgres://chatsite@127.0.0.1:{connections.settings[postgres]['PORT']}/postgres"
    sites = run_site(own=True, DATABASE_URL=url), run_site(own=True, DATABASE_URL=url)
    yield sites
    for site in sites:
        site.close()


@pytest.fixture(autouse=True)
def users(postgres: str, django_db_blocker: DjangoDbBlocker) -> Iterator["Callable[..., User]"]:
    """Makes one, with a password."""
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    with django_db_blocker.unblock():
        yield lambda name, **rights: User.objects.using(postgres).create(username=name, password=password, **rights)
        User.objects.using(postgres).all().delete()
        CacheEntry.objects.using(postgres).all().delete()


def visitor(site: Site, address: str = "127.0.0.1") -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    cookies, headers = httpx.Cookies(), {"X-CSRFToken": CSRF_SECRET, "Accept": "text/html"}
    cookies.set("csrftoken", CSRF_SECRET, domain="127.0.0.1")  # where the site's own will be
    return httpx.Client(
        base_url=site.url, cookies=cookies, headers=headers, timeout=PATIENCE, trust_env=False, transport=transport
    )


def all_at_once(
    sites: Sites, number: int, ask: Callable[[httpx.Client, int], httpx.Response], address: str = "127.0.0.1"
) -> list[int]:
    """Each of them a visitor of one of the sites. How they were answered."""
    barrier = Barrier(number)

    def visit(each: int) -> int:
        with visitor(sites[each % 2], address) as client:
            barrier.wait(PATIENCE)
            return ask(client, each).status_code

    with ThreadPoolExecutor(number) as threads:
        return sorted(threads.map(visit, range(number)))


def sign_up(client: httpx.Client, name: str, path: str = SIGN_UP) -> httpx.Response:
    return client.post(path, data={"username": name, "password1": PASSWORD, "password2": PASSWORD})


def test_one_of_two_is_the_first(sites: Sites, postgres: str) -> None:
    answers = all_at_once(sites, 2, lambda client, each: sign_up(client, ("ann", "bob")[each], WITH_TOKEN))
    assert answers == [302, 403]
    assert User.objects.using(postgres).get().is_superuser


def test_an_invitation_makes_one_account(sites: Sites, postgres: str, users: Callable[..., User]) -> None:
    root = users("root", is_staff=True, is_superuser=True)
    invitation = Invitation(made_by=root)
    link = f"/accounts/invitation/{invitation.renew_token()}/"
    invitation.save(using=postgres)

    def accept(client: httpx.Client, each: int) -> httpx.Response:
        assert client.get(link).status_code == 302
        return sign_up(client, ("ann", "bob", "carl", "dora")[each])

    assert all_at_once(sites, 4, accept) == [302, 410, 410, 410]
    assert User.objects.using(postgres).count() == 2


def test_guesses_are_counted_together(sites: Sites) -> None:
    """From where nobody else logs in: processes remember an address that is over its limit."""
    guess = {"login": "nobody", "password": "wrong"}
    answers = all_at_once(sites, 50, lambda client, _: client.post(LOGIN, data=guess), "127.0.0.4")
    assert set(answers) == {200, 429}
    assert answers.count(200) <= 10


def test_a_session_that_one_ends_is_over_at_the_other(sites: Sites, users: Callable[..., User]) -> None:
    users("ann")
    with visitor(sites[0]) as here, visitor(sites[1]) as there:
        for client in (here, there):
            assert client.post(LOGIN, data={"login": "ann", "password": PASSWORD}).status_code == 302
            client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
        assert here.get(DEVICES).text.count('name="session"') == 1, "the other one"
        assert here.post(DEVICES).status_code == 302
        assert (here.get(DEVICES).status_code, there.get(DEVICES).status_code) == (200, 302)
