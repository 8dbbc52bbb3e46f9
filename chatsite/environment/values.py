"""What the text of a setting means. Pure: each function takes the text and gives its value, or raises ValueError with
what follows the setting's name in a sentence.
"""

import logging
import math
import re
from collections.abc import Sequence
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from chat.conversations.notice_file import read_notice
from chat.providers.configuration import is_address, is_key
from chat.serving.addresses import fault_in_proxies

ON = ("true", "on", "ok", "y", "yes", "1")
OFF = ("false", "off", "n", "no", "0", "")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MOST = 10**15
"""Of what is counted: databases take no more."""
MOST_DAYS_DIGITS = 5
MOST_SECONDS = 10**9
MOST_RATE = 10**6

DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
"""In any script, as it stands in an e-mail address."""
NAME = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
IPV6 = r"\[[0-9A-Fa-f:.]+\]"
HOST = re.compile(rf"\*|\.?{NAME}\.?|{IPV6}")
ORIGIN = re.compile(rf"https?://(?:(?:\*\.)?{NAME}|{IPV6})(?::[0-9]{{1,5}})?")


def shown(value: str) -> str:
    """In a sentence; a long one is cut."""
    return repr(value if len(value) <= 60 else value[:59] + "…")


def switch_or(others: Sequence[str], said: str) -> bool | str:
    value = said.strip().lower()
    if value not in (*ON, *OFF, *others):
        raise ValueError(f"is neither {' nor '.join(('on', 'off', *others))}: {shown(value)}")
    return value if value in others else value in ON


def switch_or_domains(said: str) -> bool | list[str]:
    value = said.strip().lower()
    if value in (*ON, *OFF):
        return value in ON
    domains = [each.strip() for each in value.split(",")]
    if not all(map(is_domain, domains)):
        raise ValueError(f"is neither on nor off nor domains of e-mail addresses: {shown(value)}")
    return domains


def is_domain(name: str) -> bool:
    return DOMAIN.fullmatch(name) is not None


def whole(least: int, most: int, said: str) -> int:
    try:
        number = int(said)
    except ValueError:
        number = least - 1
    if number < least:
        raise ValueError(f"is no whole number from {least} on: {shown(said)}")
    if number > most:
        raise ValueError(f"is no whole number from {least} to {most}: {shown(said)}")
    return number


def _number(most: float, what: str, said: str) -> float:
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise ValueError(f"is no {what}: {shown(said)}")
    return number


seconds = partial(_number, MOST_SECONDS, "number of seconds")
rate = partial(_number, MOST_RATE, "rate, as 0.92 is one")


def currency(said: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value := said.strip()):
        raise ValueError(f"is no currency by the three letters of ISO 4217, as EUR is one: {shown(said)}")
    return value


def notice(folder: Path, said: str) -> str:
    """The path of a file that is as it should be."""
    if not (path := said.strip()):
        return ""
    read_notice(folder / path)
    return str(folder / path)


def names(said: str) -> list[str]:
    """What stands between commas, without the space around it."""
    return [each.strip() for each in said.split(",") if each.strip()]


def one_of(choices: Sequence[str], said: str) -> str:
    if (value := said.strip().lower()) not in choices:
        raise ValueError(f"is none of {', '.join(choices)}: {shown(said)}")
    return value


def days_or(others: Sequence[str], said: str) -> str | int:
    value = " ".join(said.split()).lower()
    if value in others:
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= MOST_DAYS_DIGITS):
        raise ValueError(f"is neither {' nor '.join(others)} nor a number of days: {shown(said)}")
    return int(value)


def log_level(said: str) -> str:
    """Also by the other names that Python has for them."""
    if (level := said.strip().upper()) not in logging.getLevelNamesMapping():
        raise ValueError(f"is none of {', '.join(LEVELS)}: {shown(said)}")
    return level


def time_zone(said: str) -> str:
    name = said.strip()
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"is no time zone, as UTC or Europe/Berlin is one: {shown(said)}") from None
    return name


def proxies(said: str) -> int | list[str]:
    """How many, or which."""
    given = names(said)
    value = int(given[0]) if len(given) == 1 and re.fullmatch(r"-?[0-9]{1,9}", given[0]) else given
    if fault := fault_in_proxies(value):
        raise ValueError(fault)
    return value


def _matching(pattern: re.Pattern[str], what: str, said: str) -> list[str]:
    for each in names(said):
        if not pattern.fullmatch(each):
            raise ValueError(f"{what}: {shown(each)}")
    return names(said)


hosts = partial(
    _matching,
    HOST,
    "names what is no host, as chat.example.org is one: no scheme, port or path, and .example.org for all below it",
)
origins = partial(_matching, ORIGIN, "names what is no origin, as https://chat.example.org is one, without a path")


def mailbox(said: str) -> str:
    value = said.strip()
    name, _, domain = parseaddr(value)[1].rpartition("@")
    if not name or not domain or not value.isprintable():
        raise ValueError(f"is no e-mail address, as Chat <chat@example.org> is one: {shown(said)}")
    return value


def address(said: str) -> str:
    """Of an API. What stands in it may be a password."""
    value = said.strip()
    if value and (not is_address(value) or set("?#") & set(value)):
        raise ValueError("is no address of an API, as https://api.example.org/v1 is one, without ? and #")
    return value


def key(said: str) -> str:
    value = said.strip()
    if value and not is_key(value):
        raise ValueError("has a quote or another character that no key has")
    return value
