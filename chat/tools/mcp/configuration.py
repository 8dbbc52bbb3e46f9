"""Where a server is, and with which headers it is asked.

Addresses come from staff and settings alone. A secret has a name, by which staff choose it, and one origin: a header
that bears it is sent there and nowhere else. The environment variable that holds it is named by the setting, never by
staff.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from chat.conf import settings
from chat.core.mcp_settings import HEADER_NAME, is_header_name, is_web
from chat.i18n import gettext_noop as _
from chat.models.mcp import McpServer

SECRET = re.compile(r"\{([^{}]{1,100})\}")


class Misconfigured(Exception):
    """A server cannot be asked; `sentence` says why, and `values` are filled into it."""

    def __init__(self, sentence: str, **values: str) -> None:
        self.sentence, self.values = sentence, values
        super().__init__(sentence % values)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What it takes to open a session. Two that are equal can share one."""

    name: str
    address: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def endpoint_of(server: McpServer, user: Any = None) -> Endpoint:
    """Raises Misconfigured. `user` is told to it where CHAT_MCP_USER_HEADER has a name for that.

    No other name may look the same there: what is no ASCII is percent-encoded.
    """
    given = of_setting(server.name)
    if given and "command" in given:
        environment = tuple(dict(given.get("environment", {})).items())
        return Endpoint(server.name, command=tuple(given["command"]), environment=environment)
    address = str(given["address"]) if given else server.address
    check_address(address)
    headers = list(headers_of(server.headers, address))
    if (told := settings.CHAT_MCP_USER_HEADER) and user is not None:
        headers = [header for header in headers if header[0].lower() != told.lower()]
        headers.append((told, quote(str(user.get_username()), safe="@+ ")))
    return Endpoint(server.name, address, tuple(headers))


def of_setting(name: str) -> Mapping[str, Any] | None:
    """What CHAT_MCP_SERVERS says of the server of this name."""
    return next((each for each in settings.CHAT_MCP_SERVERS if each.get("name") == name), None)


def check_address(address: str) -> None:
    """Raises Misconfigured for what is no endpoint."""
    if not is_web(address):
        raise Misconfigured(_("This is no address that begins with https:// or http://."))
    parts = urlsplit(address)
    if parts.username is not None or parts.fragment:
        raise Misconfigured(_("The address has a user or a fragment; a password belongs into a secret."))


def headers_of(lines: str, address: str) -> Iterator[tuple[str, str]]:
    """With their secrets. Raises Misconfigured."""
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if not colon or not HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise Misconfigured(_("A header is a line of its own: a name, a colon, a value of ASCII characters."))
        if not is_header_name(name):
            raise Misconfigured(_("The header %(name)s belongs to the protocol."), name=name)
        yield name, SECRET.sub(lambda found: _secret(found[1], address), value)


def _secret(name: str, address: str) -> str:
    given = next((each for each in settings.CHAT_MCP_SECRETS if each.get("name") == name), None)
    if not given:
        raise Misconfigured(_("There is no secret “%(name)s” in CHAT_MCP_SECRETS."), name=name)
    if origin(str(given["origin"])) != origin(address):
        sentence = _("The secret “%(name)s” may be sent to %(origin)s alone.")
        raise Misconfigured(sentence, name=name, origin=str(given["origin"]))
    value = os.environ.get(str(given["variable"]), "").strip()
    if not value or not value.isascii() or not value.isprintable():
        raise Misconfigured(_("The secret “%(name)s” is not set in the environment of this site."), name=name)
    return value


def origin(address: str) -> tuple[str, str, int]:
    """https://url.spec.whatwg.org/#origin"""
    parts = urlsplit(address)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default
