"""In which zone its reader lives: a cookie that the page sets. Without scripts days and times are the server's."""

import re
from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

COOKIE = "chat_timezone"
NAME = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


def zone_of(request: HttpRequest) -> tzinfo:
    """The reader's; the server's where none is told, or one that there is not."""
    name = request.COOKIES.get(COOKIE, "")
    if not NAME.fullmatch(name):
        return timezone.get_default_timezone()
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return timezone.get_default_timezone()
