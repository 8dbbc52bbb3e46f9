"""System checks of how the project is served, as far as its settings can tell."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import settings as chat_settings
from chat.serving.account_paths import fault_in_paths
from chat.serving.addresses import fault_in_proxies

UNBOUNDED = checks.Warning(
    "ASGI_APPLICATION is not made by the chat, so each open stream may hold a thread and a database connection.",
    hint="In its module: from chat.serving.asgi import get_asgi_application; application = get_asgi_application()",
    id="chat.W001",
)
NO_ASGI = checks.Warning(
    "Nothing in the settings says that this project is served by ASGI. Under WSGI no answer can be streamed, "
    "and each question is refused.",
    hint='Install daphne, put "daphne" first in INSTALLED_APPS and set ASGI_APPLICATION: then runserver is ASGI. '
    "In production any ASGI server will do: daphne, uvicorn, hypercorn.",
    id="chat.W002",
)
COMPRESSED = checks.Warning(
    "GZipMiddleware compresses streams, of which Chromium then shows only the first event.",
    hint="Take it out of MIDDLEWARE, or let it pass what is text/event-stream. "
    "The chat compresses its pages by itself; a proxy can do it for the others.",
    id="chat.W004",
)
ADDRESSES = "chat.E005"
PATHS = "chat.E004"


@register
def check_server(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    application = getattr(settings, "ASGI_APPLICATION", None)
    found: list[CheckMessage] = []
    if not application and not any(app.partition(".")[0] == "daphne" for app in settings.INSTALLED_APPS):
        found.append(NO_ASGI)
    if application and not _is_ours(application):
        found.append(UNBOUNDED)
    if any(name.rpartition(".")[2] == "GZipMiddleware" for name in settings.MIDDLEWARE):
        found.append(COMPRESSED)
    return found


@register
def check_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    fault = fault_in_proxies(chat_settings.CHAT_TRUSTED_PROXIES)
    return [checks.Error(f"CHAT_TRUSTED_PROXIES {fault}.", id=ADDRESSES)] if fault else []


@register
def check_account_paths(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    named = ("CHAT_ACCOUNT_PATHS", "CHAT_IDENTITY_PATHS")
    faults = {name: fault_in_paths(getattr(chat_settings, name)) for name in named}
    return [checks.Error(f"{name} {fault}.", id=PATHS) for name, fault in faults.items() if fault]


def _is_ours(application: str) -> bool:
    """By the text of its module, which is not imported: that starts it. True where there is none to be read."""
    try:
        spec = find_spec(application.rpartition(".")[0])
    except (ImportError, ValueError):
        return True  # whoever serves it will be told
    if not spec or not spec.origin or not Path(spec.origin).is_file():
        return True
    return "chat.serving" in Path(spec.origin).read_text(errors="replace")
