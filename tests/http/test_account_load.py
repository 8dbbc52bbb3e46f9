"""What waits of many requests at once, for passwords or for a provider: others look and log in meanwhile."""

import select
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User

from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.site import Site

pytestmark = pytest.mark.alone

PASSWORD = "a long passphrase"
AT_ONCE = 60
PAGE_SECONDS = 2
LOGIN_SECONDS = 10
"""Half of it, unless the machine has other work to do."""
FORMS = {
    "erasure": "/settings/erasure/conversations/",
    "login": "/accounts/login/",
}


@pytest.fixture
def users(committed: None) -> list[User]:
    """Two, with the same password, hashed as sites do it; this process has a faster hasher."""
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
    return [User.objects.create(username=f"user-{uuid.uuid4().hex}", password=password) for _ in range(2)]


@contextmanager
def guessing(client: Client, path: str, name: str) -> Iterator[None]:
    """Many passwords at once, of which some have been checked, and most wait, when this is entered."""
    guess = {"username": name, "login": name, "password": "wrong"}
    with ExitStack() as connections:
        asked = [connections.enter_context(closing(client.post_unread(path, guess))) for _ in range(AT_ONCE)]
        assert select.select([each.sock for each in asked], [], [], 30)[0]
        yield
        answered, _, _ = select.select([each.sock for each in asked], [], [], 0)
        assert len(answered) < AT_ONCE / 2, "others had to wait for most of them"


@pytest.mark.parametrize("form", FORMS)
def test_many_wrong_passwords_at_once_keep_nobody_waiting(
    run_site: RunSite, users: list[User], client_for: Callable[[Site], Client], form: str
) -> None:
    site = run_site(CHAT_CONFIRM="")  # the page that erases asks for the password itself
    bob, (guessed, other) = client_for(site), users
    # Not from where other tests log in: of wrong ones only so many are taken in a minute.
    guesser = Client(site.url, None if form == "login" else guessed, address="127.0.0.3")
    with guessing(guesser, FORMS[form], guessed.username):
        assert_others_go_on(bob, other)


def test_a_provider_that_does_not_answer_keeps_nobody_waiting(
    run_site: RunSite, users: list[User], client_for: Callable[[Site], Client]
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as provider, ExitStack() as connections:
        provider.settimeout(30)
        issuer = f"http://127.0.0.1:{provider.getsockname()[1]}"
        site = run_site(own=True, OIDC_ISSUER=issuer, OIDC_CLIENT_ID="chat", OIDC_CLIENT_SECRET="secret")
        visitor = Client(site.url, address="127.0.0.3")
        for _ in range(AT_ONCE):
            connections.enter_context(closing(visitor.post_unread("/accounts/oidc/sso/login/", {})))
        for _ in range(2):  # as many as its threads: the others wait for these
            connections.enter_context(provider.accept()[0])
        assert_others_go_on(client_for(site), users[1])


def assert_others_go_on(bob: Client, other: User) -> None:
    began = time.monotonic()
    assert bob.get("/", Accept="text/html").status == 200
    looked = time.monotonic()
    credentials = {"username": other.username, "login": other.username, "password": PASSWORD}
    elsewhere = Client(bob.url, address="127.0.0.2")
    assert elsewhere.post("/accounts/login/", form=credentials, Accept="text/html").status == 302
    logged_in = time.monotonic()
    assert looked - began < PAGE_SECONDS
    assert logged_in - looked < LOGIN_SECONDS
