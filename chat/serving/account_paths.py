"""Which requests are about accounts, by their paths below FORCE_SCRIPT_NAME.

The chat knows nothing of logging in, so a project says where its pages of accounts are (`CHAT_ACCOUNT_PATHS`), and
which of them ask an identity provider (`CHAT_IDENTITY_PATHS`). What Django and the chat have themselves is found
without that.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import takewhile
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings as project
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.auth import get_user_model
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_resolver, get_script_prefix, reverse, set_script_prefix
from django.utils.translation import get_language, override

from chat.conf import settings

ANY = "*"
"""Stands for one part of a path."""

OF_CHAT = {"chat:erase_conversations": 0, "chat:erase_account": 0}
OF_DJANGO = {"login": 0, "password_change": 0, "password_reset_confirm": 2}
"""Names of django.contrib.auth.urls."""
OF_ADMIN = {"login": 0, "password_change": 0, "auth_user_password_change": 1}
"""Each with how many arguments it takes."""


class AccountPaths:
    """Of a project, as it is when they are first looked at."""

    def hashes(self, path: str) -> bool:
        """Does what is asked for check or set a password?"""
        return path in self._found or any(pattern.covers(path) for pattern in self._accounts)

    def asks_provider(self, path: str) -> bool:
        """Does it ask an identity provider?"""
        return any(pattern.covers(path) for pattern in self._providers)

    @cached_property
    def _accounts(self) -> "list[Pattern]":
        with_arguments = [path for path in self._found if ANY in path]
        return [Pattern(path) for path in (*settings.CHAT_ACCOUNT_PATHS, *with_arguments)]

    @cached_property
    def _providers(self) -> "list[Pattern]":
        return [Pattern(path) for path in settings.CHAT_IDENTITY_PATHS]

    @cached_property
    def _found(self) -> set[str]:
        mounted_at = get_script_prefix()
        set_script_prefix("/")
        try:
            return {path for language in _languages() for path in _found_in(language)}
        finally:
            set_script_prefix(mounted_at)


class Pattern:
    """A path and all below it."""

    def __init__(self, path: str) -> None:
        self._parts = _parts(path)
        self._begins = "/" + "/".join(takewhile(lambda part: part != ANY, self._parts))

    def covers(self, path: str) -> bool:
        """Asked for each request: most differ in how they begin."""
        if not path.startswith(self._begins):
            return False
        parts = _parts(path)
        pairs = zip(self._parts, parts, strict=False)
        return len(parts) >= len(self._parts) and all(said in (ANY, part) for said, part in pairs)


def path_below_mount(scope: Mapping[str, Any]) -> str:
    """As Django's `request.path_info`."""
    return str(scope["path"]).removeprefix(project.FORCE_SCRIPT_NAME or "")


def fault_in_paths(paths: Any) -> str:
    """What these settings cannot be, in words; empty if they can."""
    if not isinstance(paths, list | tuple | set):
        return f"is no list of paths: {paths!r}"
    for path in paths:
        if not isinstance(path, str) or "://" in path:
            return f"names what is no path: {path!r}"
        if not set(_parts(path)) - {"", ANY}:
            return f"is about every request: {path!r}"
    return ""


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _languages() -> Iterable[str | None]:
    """Those in which paths differ."""
    has_prefixes, _ = is_language_prefix_patterns_used(project.ROOT_URLCONF)
    return [code for code, _ in project.LANGUAGES] if has_prefixes else [get_language()]


def _found_in(language: str | None) -> Iterator[str]:
    admins: Iterable[str] = get_resolver().app_dict.get("admin", ())
    user = get_user_model()._meta
    of_admin = {**OF_ADMIN, f"{user.app_label}_{user.model_name}_add": 0}
    names = {**OF_CHAT, **OF_DJANGO, **{f"{admin}:{name}": n for admin in admins for name, n in of_admin.items()}}
    with override(language):
        for name, arguments in names.items():
            with suppress(NoReverseMatch):
                yield unquote(reverse(name, args=[ANY] * arguments))
        with suppress(NoReverseMatch):
            login = urlsplit(resolve_url(project.LOGIN_URL))
            if not login.netloc:
                yield unquote(login.path).removeprefix(project.FORCE_SCRIPT_NAME or "")
