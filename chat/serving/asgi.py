"""`application = get_asgi_application()`, in place of Django's, in a project's `asgi.py`."""

from typing import TYPE_CHECKING

import django
from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.core.pools import fault_in_connections

if TYPE_CHECKING:
    from chat.serving.handler import ASGIHandler


def get_asgi_application(*, limit_all_bodies: bool = False) -> "ASGIHandler":
    """Sets Django up, and serves with few threads, however many streams are open.

    Bodies that are larger than the chat's limits are refused where they are sent to the chat; `limit_all_bodies`:
    wherever they are sent to.
    """
    django.setup(set_prefix=False)
    from chat.providers.client import load_sdk
    from chat.providers.registry import registry
    from chat.serving.handler import ASGIHandler  # needs the set-up

    load_sdk()  # else the first question would wait for it
    registry()  # what it says of the settings is said at the start
    if fault := fault_in_connections(settings.CHAT_REQUEST_THREADS, settings.CHAT_DB_CONNECTIONS):
        raise ImproperlyConfigured(f"CHAT_DB_CONNECTIONS {fault}.")
    return ASGIHandler(limit_all_bodies=limit_all_bodies)
