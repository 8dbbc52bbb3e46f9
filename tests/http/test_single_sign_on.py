"""Single sign-on, against providers that others wrote."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client

from chat.models import AuditEntry
from tests.support.oidc import IS_POSSIBLE, NAME, AtProvider, NpmProvider, configure, path_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not IS_POSSIBLE, reason="there is no oidc-provider: npm ci"),
]
START, CALLBACK = "/accounts/oidc/sso/login/", "/accounts/oidc/sso/login/callback/"


@pytest.fixture(autouse=True)
def _configured(settings: Any, provider: NpmProvider) -> None:
    settings.DEBUG = False
    configure(settings, provider.issuer)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def log_in(client: Client, there: AtProvider, root: User) -> Callable[..., Any]:
    """`log_in("ann")`: with a provider that knows nothing more of her. What the callback answers."""

    def go(sub: str, start: str = START) -> Any:
        return client.get(path_of(there.log_in(client.post(start)["Location"], sub)))

    return go


def user_of(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def test_makes_an_account_and_logs_it_in(client: Client, log_in: Any, provider: NpmProvider) -> None:
    provider.knows("ann-1", preferred_username="ann", name="Ann Lee", email="Ann@Example.org", email_verified=True)
    response = log_in("ann-1", f"{START}?next=/c/1/")
    assert (response.status_code, response["Location"]) == (302, "/c/1/")
    ann = user_of(client)
    assert (ann.username, ann.first_name, ann.email) == ("ann", "Ann", "ann@example.org")
    assert (ann.is_staff, ann.is_superuser, ann.has_usable_password()) == (False, False, False)
    assert EmailAddress.objects.get(user=ann).verified
    assert SocialAccount.objects.get(user=ann).uid == "ann-1"


class TestWhoComesIn:
    """By what the provider says of them."""

    def test_without_an_address(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("mute", preferred_username="mute")
        assert log_in("mute").status_code == 302
        assert (user_of(client).username, user_of(client).email) == ("mute", "")
        assert not EmailAddress.objects.filter(user=user_of(client)).exists()

    def test_an_unconfirmed_address_is_not_taken_over(
        self, client: Client, log_in: Any, provider: NpmProvider
    ) -> None:
        provider.knows("vague", preferred_username="vague", email="vague@example.org", email_verified=False)
        assert log_in("vague").status_code == 302
        assert user_of(client).email == ""

    def test_comes_back_to_the_same_account(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("again", preferred_username="again")
        log_in("again")
        first = user_of(client)
        provider.knows("again", preferred_username="renamed")
        client.logout()
        log_in("again")
        assert user_of(client) == first
        assert first.username == "again"

    @pytest.mark.parametrize(
        ("named", "here"),
        [
            ("r\u043eot", "r\u043eot-2"),
            ("ro0t", "ro0t-2"),
            ("root", "root-2"),
            ("ROOT@corp.example", "ROOT-2"),
            ("\u0410\u043d\u043d\u0430", "\u0410\u043d\u043d\u0430"),
            ("a b\0", "a_b"),
            ("x" * 400, "user"),
            ("", "user"),
        ],
    )
    def test_by_no_name_that_looks_like_anothers(
        self, client: Client, log_in: Any, provider: NpmProvider, named: str, here: str
    ) -> None:
        provider.knows("looks", preferred_username=named)
        log_in("looks")
        assert user_of(client).username == here


class TestAccountsThatExist:
    def test_are_joined_by_a_confirmed_address(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        bob = User.objects.create_user("bob", password="pw")
        EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True, primary=True)
        provider.knows("b", preferred_username="somebody", email="BOB@example.org", email_verified=True)
        log_in("b")
        assert user_of(client) == bob
        bob.refresh_from_db()
        assert bob.check_password("pw")
        assert SocialAccount.objects.get(user=bob).uid == "b"

    @pytest.mark.parametrize(("confirmed_here", "confirmed_there"), [(False, True), (True, False), (False, False)])
    def test_but_not_by_an_unconfirmed_one(
        self, client: Client, log_in: Any, provider: NpmProvider, confirmed_here: bool, confirmed_there: bool
    ) -> None:
        eve = User.objects.create_user("eve", password="pw", email="ann@example.org")
        EmailAddress.objects.create(user=eve, email="ann@example.org", verified=confirmed_here, primary=True)
        provider.knows("a", preferred_username="ann", email="ann@example.org", email_verified=confirmed_there)
        log_in("a")
        ann = user_of(client)
        assert ann.username == "ann"
        assert EmailAddress.objects.filter(user=ann, verified=True).exists() is confirmed_there

    def test_who_is_inactive_does_not_come_in(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("idle", preferred_username="idle", groups=["a"])
        log_in("idle")
        User.objects.filter(username="idle").update(is_active=False)
        client.logout()
        assert "/accounts/inactive/" in log_in("idle")["Location"]
        assert user_of(client) is None

    def test_not_by_another_issuers_sub(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("moved", preferred_username="moved")
        log_in("moved")
        SocialAccount.objects.filter(uid="moved").update(extra_data={"iss": "https://old.example", "sub": "moved"})
        client.logout()
        assert log_in("moved").status_code == 400
        assert user_of(client) is None


class TestTheFirstAccount:
    def test_is_never_made_by_single_sign_on(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        User.objects.all().delete()
        response = log_in("first")
        assert response.status_code == 403
        assert "Its administrator makes the first one" in response.content.decode()
        assert not User.objects.exists()


class TestAdmission:
    @pytest.mark.parametrize(
        ("address", "is_confirmed", "status"),
        [
            ("a@example.org", True, 302),
            ("a@EXAMPLE.com", True, 302),
            ("a@example.org", False, 403),
            ("a@sub.example.org", True, 403),
            ("a@notexample.org", True, 403),
            ("a@example.org@evil.example", True, 403),
            (None, True, 403),
        ],
    )
    def test_by_the_domain_of_a_confirmed_address(
        self,
        client: Client,
        log_in: Any,
        provider: NpmProvider,
        settings: Any,
        address: Any,
        is_confirmed: bool,
        status: int,
    ) -> None:
        settings.OIDC_ALLOWED_DOMAINS = ["Example.org", "example.com"]
        provider.knows("d", **({"email": address} if address else {}), email_verified=is_confirmed)
        response = log_in("d")
        assert response.status_code == status
        assert (user_of(client) is not None) == (status == 302)
        assert User.objects.count() == (2 if status == 302 else 1)

    @pytest.mark.parametrize(
        ("groups", "status"),
        [(["chat", "x"], 302), ("chat", 302), (["Chat"], 403), ([], 403), (None, 403), ([7, {"chat": 1}, None], 403)],
    )
    def test_by_group(
        self, client: Client, log_in: Any, provider: NpmProvider, settings: Any, groups: Any, status: int
    ) -> None:
        settings.OIDC_GROUPS_CLAIM, settings.OIDC_ALLOWED_GROUPS = "groups", ["chat"]
        provider.knows("g", **({} if groups is None else {"groups": groups}))
        assert log_in("g").status_code == status
        assert (user_of(client) is not None) == (status == 302)

    def test_is_asked_at_each_login(self, client: Client, log_in: Any, provider: NpmProvider, settings: Any) -> None:
        settings.OIDC_GROUPS_CLAIM, settings.OIDC_ALLOWED_GROUPS = "groups", ["chat"]
        provider.knows("left", groups=["chat"])
        assert log_in("left").status_code == 302
        client.logout()
        provider.knows("left", groups=[])
        response = log_in("left")
        assert response.status_code == 403
        assert "not one for this site" in response.content.decode()


class TestGroups:
    @pytest.fixture(autouse=True)
    def _claim(self, settings: Any) -> None:
        settings.OIDC_GROUPS_CLAIM, settings.OIDC_STAFF_GROUPS = "groups", ["admins", "editors"]

    def groups(self, client: Client) -> set[str]:
        return set(user_of(client).groups.values_list("name", flat=True))

    def test_follow_the_claim_at_each_login(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("g", groups=["a", "b", "a", "", " ", "x" * 151, "nul\0", 3])
        log_in("g")
        assert self.groups(client) == {"a", "b"}
        given = Group.objects.create(name="given by staff")
        user_of(client).groups.add(given)
        provider.knows("g", groups=["b", "c"])
        log_in("g")
        assert self.groups(client) == {"b", "c", "given by staff"}
        provider.knows("g")
        log_in("g")
        assert self.groups(client) == {"given by staff"}

    def test_membership_that_staff_gave_stays_though_the_claim_names_it(
        self, client: Client, log_in: Any, provider: NpmProvider
    ) -> None:
        provider.knows("g")
        log_in("g")
        user_of(client).groups.add(Group.objects.create(name="both"))
        for groups in (["both"], []):
            provider.knows("g", groups=groups)
            log_in("g")
            assert self.groups(client) == {"both"}

    def test_make_staff_and_unmake_it(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        for groups, is_staff in ((["admins"], True), (["editors", "x"], True), (["x"], False)):
            provider.knows("s", groups=groups)
            log_in("s")
            assert user_of(client).is_staff is is_staff
            assert not user_of(client).is_superuser
        noted = AuditEntry.objects.filter(action="permission", object_key=str(user_of(client).pk)).order_by("pk")
        assert [row.details["is_staff"] for row in noted if "is_staff" in row.details] == [True, False]

    def test_leave_staff_alone_whom_staff_have_made_it(
        self, client: Client, log_in: Any, provider: NpmProvider, root: User
    ) -> None:
        EmailAddress.objects.create(user=root, email="root@example.org", verified=True, primary=True)
        for groups in ([], ["admins"], []):
            provider.knows("r", email="root@example.org", email_verified=True, groups=groups)
            log_in("r")
            assert user_of(client) == root
            assert (user_of(client).is_staff, user_of(client).is_superuser) == (True, True)


class TestWithoutAProvider:
    @pytest.mark.parametrize(
        "path",
        [START, CALLBACK, "/accounts/oidc/fresh-login/", "/accounts/oidc/back-channel-logout/", "/accounts/3rdparty/"],
    )
    def test_there_is_nothing_of_it(self, client: Client, settings: Any, root: User, path: str) -> None:
        configure(settings, "")
        client.force_login(root)
        for response in (client.get(path), client.post(path)):
            assert response.status_code in (403, 404, 405)
        page = client.get("/accounts/password/change/").content.decode()
        assert "Single sign-on" not in page

    def test_the_login_page_does_not_show_it(self, client: Client, settings: Any) -> None:
        assert f"Log in with {NAME}" in client.get("/accounts/login/").content.decode()
        configure(settings, "")
        response = client.get("/accounts/login/")
        assert NAME not in response.content.decode()
        assert "/accounts/oidc/" not in response.content.decode()
        assert "form-action 'self';" in response["Content-Security-Policy"] + ";"


class TestPolicy:
    def test_names_the_provider_where_its_button_is_and_nowhere_else(
        self, client: Client, root: User, provider: NpmProvider, log_in: Any
    ) -> None:
        def form_action(path: str) -> str:
            policy = client.get(path)["Content-Security-Policy"]
            return policy.partition("form-action ")[2].partition(";")[0]

        ours, theirs = "'self'", f"'self' {provider.issuer}"
        assert [form_action(path) for path in ("/accounts/login/", START)] == [theirs, theirs]
        assert form_action("/accounts/signup/") == ours
        log_in("p")
        pages = ("/accounts/password/set/", "/accounts/sessions/", "/accounts/logout/")
        assert {form_action(path) for path in pages} == {ours}
        assert form_action("/accounts/3rdparty/") == theirs
        assert form_action("/accounts/oidc/fresh-login/") == theirs


class TestOnly:
    @pytest.fixture(autouse=True)
    def _only(self, settings: Any) -> None:
        settings.OIDC_ONLY, settings.CHAT_SIGNUP = True, True

    def test_there_is_no_password(self, client: Client, root: User) -> None:
        root.set_password("pw")
        root.save()
        page = client.get("/accounts/login/").content.decode()
        assert 'type="password"' not in page
        assert "Log in with" in page
        client.post("/accounts/login/", {"login": "root", "password": "pw"})
        assert user_of(client) is None
        assert client.get("/accounts/signup/").status_code == 403

    def test_but_the_administrators_in_an_emergency(self, client: Client, root: User) -> None:
        User.objects.create_user("ann", password="pw")
        root.set_password("pw")
        root.save()
        path = "/accounts/login/?emergency"
        assert 'type="password"' in client.get(path).content.decode()
        refused = client.post(path, {"login": "ann", "password": "pw"})
        assert refused.status_code == 200
        assert "not correct" in refused.content.decode()
        assert user_of(client) is None
        assert client.post(path, {"login": "root", "password": "pw"}).status_code == 302
        assert user_of(client) == root

    def test_no_other_way_is_left(self, client: Client, root: User, rf: Any) -> None:
        """Such as a passkey: whatever logs in passes here."""
        from allauth.account.utils import perform_login

        ann = User.objects.create_user("ann")
        request = client.get("/accounts/login/").wsgi_request
        response = perform_login(request, ann)
        assert response.status_code == 403
        assert "log in at Example ID alone" in response.content.decode()

    def test_the_provider_still_is(self, client: Client, log_in: Any, provider: NpmProvider) -> None:
        provider.knows("o", preferred_username="only")
        assert log_in("o").status_code == 302
        assert user_of(client).username == "only"
