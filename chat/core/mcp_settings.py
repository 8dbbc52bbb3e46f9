"""CHAT_MCP_SERVERS and CHAT_MCP_SECRETS: what cannot be in them, in words that bear no value. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
OF_THE_PROTOCOL = {
    *("accept", "accept-encoding", "connection", "content-length", "content-type", "cookie", "host", "last-event-id"),
    *("transfer-encoding", "mcp-protocol-version", "mcp-session-id"),
}
"""What nobody else may say."""


def faults_in_servers(given: Any) -> Iterator[str]:
    """Each a sentence."""
    for number, each in _entries(given):
        where = f"server {number}"
        if not isinstance(each, Mapping):
            yield f"{where} is no table."
        elif not _is_text(each.get("name")):
            yield f"{where} has no `name`."
        elif unknown := set(each) - {"name", "command", "environment", "address"}:
            yield f"{where} has what is no member: {', '.join(sorted(unknown))}."
        elif ("command" in each) == ("address" in each):
            yield f"{where} has neither or both of `command` and `address`; it takes one of them."
        elif "command" in each and not _are_texts(each["command"]):
            yield f"{where}: `command` is a list of texts, a program and its arguments."
        elif "address" in each and not is_web(each["address"]):
            yield f"{where}: `address` is no http:// or https:// address."
        elif not _is_environment(each.get("environment", {})):
            yield f"{where}: `environment` is a table of texts."


def faults_in_secrets(given: Any) -> Iterator[str]:
    for number, each in _entries(given):
        where = f"secret {number}"
        if not isinstance(each, Mapping) or set(each) != {"name", "variable", "origin"}:
            yield f"{where} has `name`, `variable` and `origin`, and nothing else."
        elif not all(map(_is_text, each.values())):
            yield f"{where}: its members are texts, and not empty."
        elif not is_web(each["origin"]) or urlsplit(each["origin"]).path not in ("", "/"):
            yield f"{where}: `origin` is an address without a path, as https://tools.example.com."


def is_header_name(name: str) -> bool:
    """Of a header that may be added to the protocol's own."""
    return bool(HEADER_NAME.fullmatch(name)) and name.lower() not in OF_THE_PROTOCOL


def is_web(address: object) -> bool:
    """Can something be asked there?"""
    if not isinstance(address, str) or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _entries(given: Any) -> Iterator[tuple[int, Any]]:
    return iter(enumerate(given if isinstance(given, list | tuple) else [given], 1))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_text, value))


def _is_environment(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in [*value, *value.values()])
