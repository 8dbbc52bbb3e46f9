"""Which of the open streams nothing allows any more: asked for all of them together.

One query for the users and the hashes of their passwords, one for the conversations; one for the sessions where they
lie in the database, else each is asked for by `aexists`. A session that lies in its cookie cannot be asked for; then
the user and the hash decide, which a new password changes. Where the chat needs a permission, one more query says who
has it.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as InCookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat.conf import settings
from chat.failures import log_failure, log_waiting, unavailable
from chat.live.access.access import Access, Gone
from chat.models import Conversation
from chat.models.threads import in_database
from chat.models.users import UserId, has_permission

Session: TypeAlias = tuple[type[SessionBase], str]
Ended: TypeAlias = list[tuple[Access, Gone]]

logger = logging.getLogger(__name__)

UNKNOWN = object()
"""A user of whom nobody can say anything just now."""

_tell: set[type[SessionBase]] = set()
"""Stores that have known a session. One that never does keeps none, as where the cookie holds it all."""


async def ask(streams: Sequence[Access]) -> Ended:
    """Those that are over, and why. Raises what the database raises."""
    ended = dict(await _ended_elsewhere(streams))
    return list(ended.items()) + await in_database(_ended_here, [one for one in streams if one not in ended])


# Sessions that do not lie in the database


async def _ended_elsewhere(streams: Sequence[Access]) -> Ended:
    elsewhere = {(one.session_store, one.session_key) for one in streams if one.session_key and _is_elsewhere(one)}
    gone = {session for session in elsewhere if not await _exists(*session)}
    return [(one, Gone.LOGGED_OUT) for one in streams if (one.session_store, one.session_key) in gone]


def _is_elsewhere(access: Access) -> bool:
    return not issubclass(access.session_store, db.SessionStore | InCookie)


async def _exists(store: type[SessionBase], key: str) -> bool:
    """True as well where the store cannot tell, or cannot be asked."""
    try:
        is_there = await store().aexists(key)
    except Exception as exc:
        log_waiting(logger, exc, "where the sessions lie cannot be asked for one")
        return True
    if is_there:
        _tell.add(store)
    return is_there or store not in _tell


# What the database says


@dataclass
class Stored:
    """What the database says of all streams."""

    users: dict[tuple[str, UserId], Any]
    sessions: set[Session]
    allowed: set[UserId]
    owners: dict[uuid.UUID, UserId]
    """Of the conversations that are there."""


def _ended_here(streams: Sequence[Access]) -> Ended:
    if not streams:
        return []
    users = _users(streams)
    known = [user for user in users.values() if user is not UNKNOWN]
    stored = Stored(users, _stored_sessions(streams), _allowed(known), _owners(streams))
    return [(one, gone) for one in streams if (gone := _why(one, stored))]


def _why(access: Access, stored: Stored) -> Gone | None:
    """Why it is over; None while it is not. As a request would be answered: first who asks, then what they may."""
    user = stored.users.get((access.backend, access.user_id))
    if user is UNKNOWN:
        return None
    if user and not user.is_active:
        return Gone.INACTIVE
    if not user or not _is_logged_in(access, user, stored.sessions):
        return Gone.LOGGED_OUT
    if user.pk not in stored.allowed:
        return Gone.NOT_ALLOWED
    of = access.conversation_id
    return None if of is None or stored.owners.get(of) == user.pk else Gone.DELETED


def _users(streams: Iterable[Access]) -> dict[tuple[str, UserId], Any]:
    """By backend and id: whom the backends that logged them in find now. Those of Django's kind need one query."""
    asked = {(one.backend, one.user_id) for one in streams}
    backends: dict[str, Any] = {path: auth.load_backend(path) for path, _ in asked}
    plain = {path for path, backend in backends.items() if type(backend).get_user is ModelBackend.get_user}
    usual = auth.get_user_model()._default_manager.filter(pk__in={pk for path, pk in asked if path in plain})
    found = {user.pk: user for user in usual}
    users = {(path, pk): found.get(pk) if path in plain else _found_by(backends[path], pk) for path, pk in asked}
    return {key: user for key, user in users.items() if user}


def _found_by(backend: Any, pk: UserId) -> Any:
    try:
        return backend.get_user(pk)
    except Exception as exc:
        if unavailable(exc):
            raise
        log_failure(logger, exc, "a backend cannot be asked for a user")
        return UNKNOWN  # theirs alone goes on unasked


def _is_logged_in(access: Access, user: Any, sessions: set[Session]) -> bool:
    store, key = access.session_store, access.session_key
    is_kept = not key or not issubclass(store, db.SessionStore) or (store, key) in sessions
    can_log_in = getattr(auth.load_backend(access.backend), "user_can_authenticate", lambda user: True)
    return is_kept and can_log_in(user) and _has_hash(user, access.session_hash)


def _has_hash(user: Any, session_hash: str) -> bool:
    """Has the password, and so its hash, stayed the same? As `django.contrib.auth.get_user` compares them."""
    return any(constant_time_compare(session_hash, valid) for valid in _hashes(user))


def _hashes(user: Any) -> Iterator[str]:
    if not hasattr(user, "get_session_auth_hash"):
        yield ""
        return
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


def _stored_sessions(streams: Iterable[Access]) -> set[Session]:
    """Those of the database that are there and have not run out."""
    keys: dict[Any, set[str]] = {}
    for one in streams:
        if one.session_key and issubclass(one.session_store, db.SessionStore):
            keys.setdefault(one.session_store, set()).add(one.session_key)
    return {(store, key) for store, asked in keys.items() for key in _valid_keys(store, asked)}


def _valid_keys(store: Any, keys: set[str]) -> Iterable[str]:
    stored = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return stored.values_list("session_key", flat=True)  # type: ignore[no-any-return]


def _owners(streams: Iterable[Access]) -> dict[uuid.UUID, UserId]:
    ids = {one.conversation_id for one in streams if one.conversation_id}
    if not ids:
        return {}
    present = Conversation.objects.present().filter(pk__in=ids)
    return dict(present.values_list("pk", "owner_id"))


def _allowed(users: Iterable[Any]) -> set[UserId]:
    """Who of them may use the chat."""
    permission, asked = settings.CHAT_ALLOWED, {user.pk: user for user in users}
    if not permission:
        return set(asked)
    granted = _granted(permission, set(asked))
    return granted | {pk for pk, user in asked.items() if pk not in granted and has_permission(user, permission)}


def _granted(permission: str, asked: set[UserId]) -> set[UserId]:
    """To whom Django's own backend grants it, by one query; for who is not among them each backend is asked."""
    has_djangos = any(type(backend) is ModelBackend for backend in auth.get_backends())
    if not has_djangos or not issubclass(auth.get_user_model(), PermissionsMixin):
        return set()
    return set(ModelBackend().with_perm(permission).filter(pk__in=asked).values_list("pk", flat=True))
