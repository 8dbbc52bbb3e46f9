"""How large a request's body may be: files are larger than what anybody writes."""

import sys
from functools import lru_cache

from django.conf import settings as project
from django.http import HttpRequest
from django.urls import Resolver404, get_script_prefix, resolve, reverse

from chat.conf import settings


def body_limit(path: str) -> int:
    """How many bytes a body for this path may have."""
    prefix = get_script_prefix()
    if path == _path_of("imports", prefix):
        return _with_form(settings.CHAT_IMPORT_BYTES)
    if path == _path_of("attachments", prefix) and settings.CHAT_ATTACHMENTS:
        return _with_form(settings.CHAT_ATTACHMENT_BYTES)
    return project.DATA_UPLOAD_MAX_MEMORY_SIZE or sys.maxsize


def is_chats(request: HttpRequest) -> bool:
    """Is it for a page of the chat, and not for another of the project that has installed it?"""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return view.__module__.startswith("chat.")


@lru_cache(maxsize=16)
def _path_of(name: str, prefix: str) -> str:
    """Found once for each place where the site is mounted, on which `reverse` depends: it takes 40 µs."""
    return reverse(f"chat:{name}")


def _with_form(file: int) -> int:
    """A file of so many bytes, and the form that brings it; 0: no limit."""
    return file + 65_536 if file else sys.maxsize
