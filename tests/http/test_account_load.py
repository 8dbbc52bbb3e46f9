"""Many wrong passwords at once, at each form that checks one: others look and log in meanwhile."""

import select
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
    elsewhere = Client(site.url, address="127.0.0.2")
    with guessing(guesser, FORMS[form], guessed.username):
        began = time.monotonic()
        assert bob.get("/", Accept="text/html").status == 200
        looked = time.monotonic()
        credentials = {"username": other.username, "login": other.username, "password": PASSWORD}
        assert elsewhere.post("/accounts/login/", form=credentials, Accept="text/html").status == 302
        logged_in = time.monotonic()
    assert looked - began < PAGE_SECONDS
    assert logged_in - looked < LOGIN_SECONDS
