"""Which requests are about accounts: of this site, and of a project that says nothing."""

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path

from chat.serving.account_paths import AccountPaths, path_below_mount
from chat.serving.checks import check_account_paths

urlpatterns: list[Any] = [
    path("hilfe/ü/", include("chat.urls")),
    path("who/", include("django.contrib.auth.urls")),
    path("back-office/", admin.site.urls),
    path("sesame/", lambda request: HttpResponse(), name="sesame"),
]


class InLanguages:
    urlpatterns: list[Any] = i18n_patterns(
        path("", include("chat.urls")), path("login/", admin.site.login, name="login")
    )


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("/accounts/login/", "account"),
        ("/accounts/2fa/totp/activate/", "account"),
        ("/accounts", "account"),
        ("/accounts/oidc/acme/login/", "identity"),
        ("/accounts/oidc/acme/login/callback/", "identity"),
        ("/accounts/oidcx/", "account"),
        ("/accountsx/", ""),
        ("/admin/login/", "account"),
        ("/admin/password_change/", "account"),
        ("/admin/auth/user/add/", "account"),
        ("/admin/auth/user/17/password/", "account"),
        ("/admin/auth/user/17/change/", ""),
        ("/admin/auth/user/", ""),
        ("/admin/", ""),
        ("/settings/erasure/conversations/", "account"),
        ("/settings/erasure/account/", "account"),
        ("/settings/erasure/", ""),
        ("/", ""),
        ("/c/00000000-0000-0000-0000-000000000000/messages/", ""),
        ("//", ""),
        ("", ""),
        ("/" * 10_000, ""),
    ],
)
def test_of_this_site(asked: str, kind: str) -> None:
    assert _kind(asked) == kind


@pytest.mark.parametrize(
    "login_url", ["sesame", "/sesame/", "/shop/sesame/", "https://id.example.org/sesame/", "gone"]
)
def test_of_a_project_that_says_nothing(settings: Any, login_url: str) -> None:
    settings.ROOT_URLCONF, settings.LOGIN_URL = __name__, login_url
    settings.CHAT_ACCOUNT_PATHS = settings.CHAT_IDENTITY_PATHS = []
    settings.FORCE_SCRIPT_NAME = "/shop"
    for asked in (
        "/hilfe/ü/settings/erasure/conversations/",
        "/hilfe/ü/settings/erasure/account/",
        "/who/login/",
        "/who/password_change/",
        "/who/reset/MQ/set-password/",
        "/back-office/login/",
        "/back-office/password_change/",
        "/back-office/auth/user/add/",
        "/back-office/auth/user/17/password/",
    ):
        assert _kind(f"/shop{asked}") == "account", asked
    assert _kind("/shop/sesame/") == ("account" if login_url not in ("https://id.example.org/sesame/", "gone") else "")
    assert _kind("/shop/sesame/more/") == ""
    assert _kind("/accounts/login/") == ""


def test_a_login_on_the_front_page_takes_nothing_else_along(settings: Any) -> None:
    settings.ROOT_URLCONF, settings.LOGIN_URL = __name__, "/"
    settings.CHAT_ACCOUNT_PATHS = []
    assert _kind("/") == "account"
    assert _kind("/hilfe/ü/") == ""


def test_in_each_language(settings: Any) -> None:
    settings.ROOT_URLCONF, settings.LOGIN_URL = InLanguages, "login"
    for asked in ("/de/login/", "/en/login/", "/de/settings/erasure/account/", "/en/settings/erasure/account/"):
        assert _kind(asked) == "account", asked


def test_of_a_project_that_names_parts_that_differ(settings: Any) -> None:
    settings.CHAT_ACCOUNT_PATHS, settings.CHAT_IDENTITY_PATHS = ["teams/*/join"], ["/*/sso/"]
    assert [_kind(asked) for asked in ("/teams/1/join/", "/teams/1/join/2", "/teams/join/", "/teams/1/2/join/")] == [
        "account",
        "account",
        "",
        "",
    ]
    assert _kind("/de/sso/callback/") == "identity"


@pytest.mark.parametrize("name", ["CHAT_ACCOUNT_PATHS", "CHAT_IDENTITY_PATHS"])
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (["/accounts/"], ""),
        (("accounts", "/*/login/"), ""),
        ([], ""),
        ("/accounts/", "is no list of paths: '/accounts/'"),
        (["/accounts/", 1], "names what is no path: 1"),
        (["https://example.org/accounts/"], "names what is no path: 'https://example.org/accounts/'"),
        (["/"], "is about every request: '/'"),
        ([""], "is about every request: ''"),
        (["/*/"], "is about every request: '/*/'"),
    ],
)
def test_what_can_be_no_paths_is_said(settings: Any, name: str, value: Any, fault: str) -> None:
    setattr(settings, name, value)
    assert [each.msg for each in check_account_paths(None)] == ([f"{name} {fault}."] if fault else [])


def _kind(asked: str) -> str:
    paths, below = AccountPaths(), path_below_mount({"path": asked})
    if paths.asks_provider(below):
        return "identity"
    return "account" if paths.hashes(below) else ""
