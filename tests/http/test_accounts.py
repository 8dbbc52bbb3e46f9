"""Log in, log out, sign up, change a password; and how a new site gets its administrator."""

import asyncio
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2SHA1PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from chatsite import settings as site_settings
from chatsite.accounts import creation, first_account
from chatsite.accounts.context import accounts
from tests.support.queries import counted_queries

ROOT = Path(first_account.__file__).parent.parent.parent
PASSWORD = "a-long-walk-in-the-rain"
ELSEWHERE = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
CLOSED = "Sign-up is closed; ask an administrator for an account"
WITH_TOKEN = f"/accounts/signup/?token={first_account.first_signup_token()}"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.DEBUG = False
    settings.CHAT_SIGNUP = False


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password=PASSWORD)


def log_in(client: Client, username: str = "ann", password: str = PASSWORD, path: str = "/accounts/login/") -> Any:
    return client.post(path, {"username": username, "password": password})


def sign_up(client: Client, username: str = "bob", password: str = PASSWORD, path: str = "/accounts/signup/") -> Any:
    return client.post(path, {"username": username, "password1": password, "password2": password})


def user_of(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def token_in(response: Any) -> str:
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', response.content.decode()))
    return str(token)


def words(response: Any) -> str:
    """The page as it reads, but for what differs on each visit."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


class TestLogIn:
    def test_goes_to_the_chat(self, client: Client, ann: User) -> None:
        response = log_in(client)
        assert (response.status_code, response["Location"]) == (302, "/")
        assert user_of(client) == ann

    def test_goes_on_to_next(self, client: Client, ann: User) -> None:
        page = client.get("/accounts/login/?next=/c/1%3Fa%3Db/")
        assert '<input type="hidden" name="next" value="/c/1?a=b/">' in page.content.decode()
        assert log_in(client, path="/accounts/login/?next=/c/1/")["Location"] == "/c/1/"

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_never_goes_to_another_site(self, client: Client, ann: User, address: str) -> None:
        page = client.get("/accounts/login/", {"next": address})
        assert f'href="{address}' not in page.content.decode()
        form = {"username": "ann", "password": PASSWORD, "next": address}
        assert client.post("/accounts/login/", form)["Location"] == "/"

    @pytest.mark.parametrize(
        ("username", "password"), [("nobody", PASSWORD), ("ann", "wrong"), ("idle", PASSWORD), ("idle", "wrong")]
    )
    def test_says_the_same_whoever_there_is(self, client: Client, ann: User, username: str, password: str) -> None:
        idle = User.objects.create_user("idle", password=PASSWORD, is_active=False)
        refused = log_in(client, username, password)
        known_wrong = log_in(Client(), "ann", "known to be wrong")
        assert refused.status_code == known_wrong.status_code == 200
        assert "The username and/or password you specified are not correct." in words(refused)
        assert words(refused) == words(known_wrong)
        assert user_of(client) is None
        idle.is_active = True
        idle.save()
        assert log_in(client, "idle").status_code == 302, "the fixture could not have logged in anyway"

    @pytest.mark.parametrize(
        "path", ["/accounts/login/", "/accounts/login/?next=/accounts/login/", "/accounts/signup/"]
    )
    def test_who_is_logged_in_is_sent_to_the_chat(self, client: Client, ann: User, path: str) -> None:
        client.force_login(ann)
        response = client.get(path, follow=True)
        assert ("/", 302) in response.redirect_chain

    def test_links_to_sign_up_where_it_is_open(self, client: Client, ann: User, settings: Any) -> None:
        assert 'href="/accounts/signup/' not in client.get("/accounts/login/").content.decode()
        settings.CHAT_SIGNUP = True
        assert 'href="/accounts/signup/?next=/c/1%2F"' not in client.get("/accounts/login/").content.decode()
        page = client.get("/accounts/login/?next=/c/1/").content.decode()
        assert 'href="/accounts/signup/?next=%2Fc%2F1%2F"' in page

    def test_leads_to_the_first_account_in_development(self, client: Client, settings: Any) -> None:
        settings.DEBUG = True
        page = client.get("/accounts/login/")
        assert "There is no account on this site yet: the first one becomes its administrator." in words(page)
        assert 'href="/accounts/signup/"' in page.content.decode()
        User.objects.create_user("ann")
        assert "no account on this site" not in words(client.get("/accounts/login/"))

    def test_tells_where_the_first_accounts_link_is_in_production(self, client: Client, settings: Any) -> None:
        settings.CHAT_SIGNUP = True
        page = client.get("/accounts/login/")
        assert "in the server’s log" in words(page)
        assert 'href="/accounts/signup/' not in page.content.decode()
        assert first_account.first_signup_token() not in page.content.decode()

    def test_in_two_tabs_is_one(self, ann: User) -> None:
        client = Client(enforce_csrf_checks=True)
        form = {"login": "ann", "password": PASSWORD, "csrfmiddlewaretoken": token_in(client.get("/accounts/login/"))}
        assert client.post("/accounts/login/?next=/c/1/", form)["Location"] == "/c/1/"
        assert client.post("/accounts/login/?next=/c/2/", form)["Location"] == "/c/2/"
        assert client.post("/accounts/login/?next=//evil.example/", form)["Location"] == "/"
        assert client.post("/accounts/logout/", form).status_code == 403

    def test_without_cookies_says_so(self, ann: User) -> None:
        client = Client(enforce_csrf_checks=True)
        form = {"login": "ann", "password": PASSWORD, "csrfmiddlewaretoken": token_in(client.get("/accounts/login/"))}
        client.cookies.clear()
        refused = client.post("/accounts/login/", form)
        assert refused.status_code == 403
        assert "Your browser sent no cookie" in words(refused)

    @pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
    @pytest.mark.parametrize("value", ["\0", "x" * 4_096, "\u202e\U0001f600", "' OR 1=1", "<script>", ""], ids=ascii)
    def test_nothing_that_is_typed_is_a_fault_of_the_site(
        self, client: Client, ann: User, settings: Any, path: str, value: str
    ) -> None:
        settings.CHAT_SIGNUP = settings.CHAT_HAS_MAIL = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        fields = ("login", "password", "username", "password1", "password2", "email", "next")
        response = client.post(path, dict.fromkeys(fields, value))
        assert response.status_code == 200
        assert "<script>" not in response.content.decode()

    def test_asks_so_often(self, ann: User) -> None:
        """Of 55 statements 40 count the attempt: each counter is locked, read, written and let go, twice."""
        log_in(Client())
        with counted_queries() as queries:
            log_in(Client())
        statements = [sql for sql in queries if "SAVEPOINT" not in sql]
        assert len(statements) == 55
        assert sum("chatsite_cacheentry" in sql for sql in statements) == 40


class TestLogOut:
    def test_ends_the_session(self, client: Client, ann: User) -> None:
        client.force_login(ann)
        assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
        assert user_of(client) is None

    def test_takes_a_post(self, client: Client, ann: User) -> None:
        client.force_login(ann)
        assert "Log out" in words(client.get("/accounts/logout/"))
        assert user_of(client) == ann


class TestPasswordChange:
    path = "/accounts/password/change/"
    new = "another-walk-in-the-snow"

    def change(self, client: Client, old: str = PASSWORD) -> Any:
        return client.post(self.path, {"oldpassword": old, "password1": self.new, "password2": self.new}, follow=True)

    def test_keeps_this_session_and_ends_the_others(self, client: Client, ann: User) -> None:
        other = Client()
        log_in(client)
        log_in(other)
        assert other.get(self.path).status_code == 200
        response = self.change(client)
        assert response.redirect_chain == [("/accounts/password/change/", 302)]
        assert "Your new password is in force" in words(response)
        assert client.get(self.path).status_code == 200
        assert other.get(self.path).status_code == 302
        assert log_in(Client(), password=PASSWORD).status_code == 200
        assert log_in(Client(), password=self.new).status_code == 302

    def test_asks_for_the_old_password(self, client: Client, ann: User) -> None:
        client.force_login(ann)
        assert "Please type your current password." in words(self.change(client, old="wrong"))
        ann.refresh_from_db()
        assert ann.check_password(PASSWORD)

    def test_is_for_who_is_logged_in(self, client: Client, ann: User) -> None:
        assert client.get(self.path)["Location"] == f"/accounts/login/?next={self.path}"
        client.force_login(ann)
        assert client.get(self.path).status_code == 200

    def test_leaves_the_admins_own_page_alone(self, client: Client) -> None:
        client.force_login(User.objects.create_superuser("root"))
        page = client.get("/admin/password_change/")
        assert "Chatsite administration" in words(page)
        assert "registration/password_change_form.html" in [template.name for template in page.templates]


def test_each_kind_of_hash_that_django_knows_lets_its_owner_in(client: Client, ann: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = site_settings.PASSWORD_HASHERS
    ann.password = PBKDF2SHA1PasswordHasher().encode(PASSWORD, "salt" * 6, 1)
    ann.save()
    assert log_in(client).status_code == 302


HASHERS = [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("PBKDF2", "MD5")]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/reauthenticate/", {"password": PASSWORD}),
        ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "x", "password2": "y"}),
    ],
)
def test_a_password_that_is_hashed_anew_ends_no_session(
    client: Client, ann: User, settings: Any, path: str, form: dict[str, str]
) -> None:
    log_in(client)
    settings.PASSWORD_HASHERS = HASHERS
    client.post(path, form)
    ann.refresh_from_db()
    assert ann.password.startswith("pbkdf2"), "it was"
    assert client.get("/accounts/logout/").status_code == 200


class TestSignUp:
    @pytest.fixture(autouse=True)
    def _open(self, settings: Any, ann: User) -> None:
        settings.CHAT_SIGNUP = True

    def test_makes_an_ordinary_account_and_logs_it_in(self, client: Client) -> None:
        response = sign_up(client)
        assert (response.status_code, response["Location"]) == (302, "/")
        bob = User.objects.get(username="bob")
        assert (bob.is_staff, bob.is_superuser, bob.is_active) == (False, False, True)
        assert bob.check_password(PASSWORD)
        assert user_of(client) == bob

    def test_goes_on_to_next(self, client: Client) -> None:
        assert (
            'href="/accounts/login/?next=%2Fc%2F1%2F"' in client.get("/accounts/signup/?next=/c/1/").content.decode()
        )
        assert sign_up(client, path="/accounts/signup/?next=/c/1/")["Location"] == "/c/1/"

    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_never_goes_to_another_site(self, client: Client, address: str) -> None:
        form = {"username": "bob", "password1": PASSWORD, "password2": PASSWORD, "next": address}
        assert client.post("/accounts/signup/", form)["Location"] == "/"

    @pytest.mark.parametrize(
        ("username", "password", "complaint"),
        [
            ("bob", "12345678", "This password is too common."),
            ("ann", PASSWORD, "A user with that username already exists."),
            ("ANN", PASSWORD, "A user with that username already exists."),
            ("a b", PASSWORD, "Enter a valid username."),
        ],
    )
    def test_says_what_is_wrong(self, client: Client, username: str, password: str, complaint: str) -> None:
        response = sign_up(client, username, password)
        assert response.status_code == 200
        assert complaint in words(response)
        assert User.objects.count() == 1

    @pytest.mark.parametrize("username", ["\u0430nn", "\u0391nn", "\u00e1nn", "a\u043fn", "\u03b1nn"])
    def test_a_name_that_looks_like_another_is_refused(self, client: Client, username: str) -> None:
        response = sign_up(client, username)
        assert response.status_code == 200
        assert "This name looks like that of another account." in words(response)
        assert User.objects.count() == 1

    def test_who_has_a_name_that_looks_like_another_still_logs_in(self, client: Client) -> None:
        User.objects.create_user("\u0430nn", password=PASSWORD)
        assert client.post("/accounts/login/", {"username": "\u0430nn", "password": PASSWORD}).status_code == 302

    def test_name_taken_in_the_meantime_is_said_too(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        take_turns = creation.take_turns

        def somebody_is_faster() -> None:
            User.objects.create_user("bob")
            take_turns()

        monkeypatch.setattr(creation, "take_turns", somebody_is_faster)
        # The rival's row goes with the transaction here; that the page is an answer and not an error is the point.
        response = sign_up(client)
        assert response.status_code == 200
        assert "A user with that username already exists." in words(response)
        assert user_of(client) is None

    def test_closed_is_said_and_makes_nothing(self, client: Client, settings: Any) -> None:
        settings.CHAT_SIGNUP = False
        for response in (client.get("/accounts/signup/"), sign_up(client), sign_up(client, path=WITH_TOKEN)):
            assert response.status_code == 403
            assert CLOSED in words(response)
        assert User.objects.count() == 1
        settings.CHAT_SIGNUP = True
        assert sign_up(client).status_code == 302


class TestFirstSignUp:
    @pytest.mark.parametrize("is_open", [True, False])
    def test_makes_the_administrator_in_development(self, client: Client, settings: Any, is_open: bool) -> None:
        settings.DEBUG, settings.CHAT_SIGNUP = True, is_open
        assert "becomes its administrator" in words(client.get("/accounts/signup/"))
        assert sign_up(client).status_code == 302
        bob = User.objects.get()
        assert (bob.is_staff, bob.is_superuser) == (True, True)
        assert client.get("/admin/").status_code == 200

    def test_only_the_first(self, client: Client, settings: Any) -> None:
        settings.DEBUG, settings.CHAT_SIGNUP = True, True
        sign_up(Client(), "first")
        sign_up(Client(), "second")
        administrators = User.objects.filter(is_staff=True) | User.objects.filter(is_superuser=True)
        assert [user.username for user in administrators] == ["first"]
        assert User.objects.count() == 2

    @pytest.mark.parametrize("is_open", [True, False])
    @pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=é", "?token=" + "0" * 64])
    def test_takes_the_token_in_production(self, client: Client, settings: Any, query: str, is_open: bool) -> None:
        settings.CHAT_SIGNUP = is_open
        for response in (client.get("/accounts/signup/" + query), sign_up(client, path="/accounts/signup/" + query)):
            assert response.status_code == 403
            assert "the link in the server’s log" in words(response)
            assert first_account.first_signup_token() not in response.content.decode()
        assert not User.objects.exists()
        assert sign_up(client, path=WITH_TOKEN).status_code == 302
        assert User.objects.get().is_superuser

    def test_token_is_worth_nothing_afterwards(self, client: Client, settings: Any) -> None:
        assert sign_up(Client(), "first", path=WITH_TOKEN).status_code == 302
        assert sign_up(client, "second", path=WITH_TOKEN).status_code == 403
        settings.CHAT_SIGNUP = True
        assert sign_up(client, "second", path=WITH_TOKEN).status_code == 302
        assert not User.objects.get(username="second").is_superuser

    def test_token_follows_from_the_secret_key(self, settings: Any) -> None:
        token = first_account.first_signup_token()
        assert re.fullmatch("[0-9a-f]{64}", token)
        assert first_account.first_signup_token() == token
        settings.SECRET_KEY = "another"
        assert first_account.first_signup_token() != token

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(("is_open", "statuses"), [(True, [302, 302]), (False, [302, 403])])
    def test_of_two_at_the_same_time_one_becomes_administrator(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, is_open: bool, statuses: list[int]
    ) -> None:
        settings.CHAT_SIGNUP = is_open
        meet_in(monkeypatch, creation, "create_account", must_meet=True)
        # In there they must not meet: whoever is second waits for the first one's end.
        meet_in(monkeypatch, creation, "take_turns", must_meet=False, after=True)
        answers: list[int] = []

        def visit(name: str) -> None:
            answers.append(sign_up(Client(), name, path=WITH_TOKEN).status_code)
            connection.close()

        in_parallel(visit, ["one", "two"])
        assert sorted(answers) == statuses
        assert User.objects.filter(is_superuser=True).count() == 1
        assert User.objects.count() == statuses.count(302)


def meet_in(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, must_meet: bool, after: bool = False) -> None:
    """Let two threads wait for each other before (or after) `name`; if they cannot meet they go on alone."""
    function, barrier = getattr(owner, name), threading.Barrier(2)

    def wait() -> None:
        try:
            barrier.wait(30 if must_meet else 0.3)
        except threading.BrokenBarrierError:
            assert not must_meet

    def meeting(*args: Any) -> Any:
        if not after:
            wait()
        result = function(*args)
        if after:
            wait()
        return result

    monkeypatch.setattr(owner, name, meeting)


def in_parallel(visit: Callable[[str], None], names: list[str]) -> None:
    threads = [threading.Thread(target=visit, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


class TestAnnouncement:
    @pytest.fixture
    def log(self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
        monkeypatch.setattr(logging.getLogger("chatsite"), "propagate", True)
        return caplog

    @pytest.mark.django_db(transaction=True)
    def test_is_one_line_with_the_way_in(self, client: Client, log: pytest.LogCaptureFixture) -> None:
        first_account.announce_first_signup()
        (line,) = log.messages
        way_in = line.split()[-1]
        assert way_in == WITH_TOKEN
        assert client.get(way_in).status_code == 200
        assert client.get(way_in[:-1]).status_code == 403

    @pytest.mark.django_db(transaction=True)
    def test_is_silent_where_there_are_accounts(self, ann: User, log: pytest.LogCaptureFixture) -> None:
        first_account.announce_first_signup()
        assert log.messages == []

    @pytest.mark.parametrize(
        ("database", "advice"),
        [("not-migrated.sqlite3", "manage.py migrate"), ("no/such/folder/db.sqlite3", "is away: ")],
    )
    def test_lets_the_site_start_without_its_tables(self, tmp_path: Path, database: str, advice: str) -> None:
        code = (
            "import django; django.setup(); "
            "from chatsite.accounts import first_account; first_account.announce_first_signup()"
        )
        environment = {
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
            "SECRET_KEY": "a key",
            "DATABASE_URL": f"sqlite:///{tmp_path}/{database}",
        }
        command = [sys.executable, "-c", code]
        process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert process.returncode == 0, process.stderr
        assert advice in process.stderr
        assert "Traceback" not in process.stderr

    @pytest.mark.django_db(transaction=True)
    def test_may_be_made_while_an_event_loop_runs(self, log: pytest.LogCaptureFixture) -> None:
        """Some servers import the application so."""

        async def start() -> None:
            first_account.announce_first_signup()

        asyncio.run(start())
        assert WITH_TOKEN in log.text


class TestEveryPage:
    @pytest.mark.parametrize(
        "path",
        [
            "/accounts/login/",
            "/accounts/signup/",
            WITH_TOKEN,
            "/accounts/password/change/",
        ],
    )
    def test_is_never_cached(self, client: Client, path: str) -> None:
        assert "no-store" in client.get(path)["Cache-Control"]
        client.force_login(User.objects.create_user("ann"))
        response = client.get(path)
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]

    @pytest.mark.parametrize(
        "path", ["/accounts/login/", WITH_TOKEN, "/accounts/password/change/", "/accounts/logout/"]
    )
    def test_takes_no_post_from_another_site(self, path: str) -> None:
        client = Client(enforce_csrf_checks=True)
        if "password" in path or "logout" in path:
            client.force_login(User.objects.create_user("ann"))
        assert client.post(path).status_code == 403
        assert client.post(path, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403

    def test_form_carries_its_csrf_token(self, ann: User) -> None:
        client = Client(enforce_csrf_checks=True)
        page = client.get("/accounts/login/").content.decode()
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
        form = {"username": "ann", "password": PASSWORD}
        assert client.post("/accounts/login/", form).status_code == 403
        assert client.post("/accounts/login/", form | {"csrfmiddlewaretoken": token}).status_code == 302

    @pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", WITH_TOKEN])
    def test_has_nothing_inline(self, client: Client, path: str) -> None:
        page = client.get(path).content.decode()
        assert not re.search(r"<style|<script(?![^>]+src=)|\sstyle=|\son\w+=", page)

    @pytest.mark.parametrize("name", ["password_reset", "password_reset_confirm"])
    def test_of_which_none_resets_passwords_by_mail(self, name: str) -> None:
        with pytest.raises(NoReverseMatch):
            reverse(name)


def test_pages_that_do_not_ask_pay_no_query(rf: Any, ann: User, settings: Any, django_assert_num_queries: Any) -> None:
    settings.CHAT_SIGNUP = True
    with django_assert_num_queries(0):
        context = accounts(rf.get("/"))
    with django_assert_num_queries(1):
        assert context["signup_is_open"]
    settings.CHAT_SIGNUP = False
    assert not accounts(rf.get("/"))["signup_is_open"]
