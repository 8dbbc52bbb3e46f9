"""Who asks: `django.contrib.auth.get_user`, whose usual case takes one plain statement here.

Each request of the chat begins with it. Through the ORM it is a sixth of what a request costs, nearly all of it for
building the same statement again. Whatever is not the usual case goes Django's way, and so does whoever is refused:
another backend of the project's, users behind a manager or a database of their own, a hash made with an older key.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import DEFAULT_DB_ALIAS, models, router
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from chat.models.rights import RULES
from chat.models.sql import find_with

FINDING = ("get_user", "user_can_authenticate")


def get_user(request: HttpRequest) -> Any:
    return _usual_user(request.session) or auth.get_user(request)


def _usual_user(session: SessionBase) -> AbstractBaseUser | None:
    model, backend = auth.get_user_model(), session.get(auth.BACKEND_SESSION_KEY)
    if (
        backend not in settings.AUTHENTICATION_BACKENDS
        or not _finds_as_django(backend)
        or not _is_plain(model)
        or router.db_for_read(model) != DEFAULT_DB_ALIAS
    ):
        return None
    key = model._meta.pk
    found = find_with(model, (RULES,), **{key.attname: key.to_python(session[auth.SESSION_KEY])})
    if not found or not ModelBackend().user_can_authenticate(found[0]):
        return None
    user: Any = found[0]
    (user.chat_rules,) = found[1]  # for `rights_of`, which need not ask then
    is_valid = constant_time_compare(session.get(auth.HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if is_valid else None


@cache
def _finds_as_django(path: str) -> bool:
    """Does this backend find users as Django's own does, however it logs them in?"""
    backend = import_string(path)
    is_one = isinstance(backend, type) and issubclass(backend, ModelBackend)
    return is_one and all(getattr(backend, name) is getattr(ModelBackend, name) for name in FINDING)


@cache
def _is_plain(model: type[models.Model]) -> bool:
    """Does its manager give each row of its one table?"""
    manager = model._default_manager
    is_everything = type(manager).get_queryset is models.Manager.get_queryset
    return is_everything and type(manager.all()) is models.QuerySet and not model._meta.parents
