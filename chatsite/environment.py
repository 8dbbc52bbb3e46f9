"""The environment, read strictly: what a setting cannot be is an error at start, which names the setting."""

import math
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from chat.serving.addresses import fault_in_proxies

ON = ("true", "on", "ok", "y", "yes", "1")
OFF = ("false", "off", "n", "no", "0", "")
DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
"""In any script, as it stands in an e-mail address."""


def is_domain(name: str) -> bool:
    return DOMAIN.fullmatch(name) is not None


class Environment(environ.Env):  # type: ignore[misc] # untyped base
    """Each method raises ImproperlyConfigured."""

    def switch(self, name: str, default: bool) -> bool:
        """On or off. Taken for off, a misspelt `on` would turn a protection off."""
        return bool(self.switch_or(name, (), default=default))

    def switch_or(self, name: str, others: Sequence[str], default: bool | None) -> bool | str | None:
        """On, off, or one of some other words."""
        if name not in self.ENVIRON:
            return default
        value: str = self.str(name).strip().lower()
        if value not in (*ON, *OFF, *others):
            raise ImproperlyConfigured(f"{name} is neither {' nor '.join(('on', 'off', *others))}: {value!r}")
        return value if value in others else value in ON

    def switch_or_domains(self, name: str, default: bool) -> bool | list[str]:
        """On, off, or names of domains between commas."""
        value = self.str(name, default="on" if default else "off").strip().lower()
        if value in (*ON, *OFF):
            return value in ON
        domains = [each.strip() for each in value.split(",")]
        if not all(map(is_domain, domains)):
            raise ImproperlyConfigured(f"{name} is neither on nor off nor domains of e-mail addresses: {value!r}")
        return domains

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """A whole number."""
        value = self.str(name, default=str(default))
        try:
            number = int(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise ImproperlyConfigured(f"{name} is no whole number from {least} on: {value!r}")
        return number

    def seconds(self, name: str, default: float) -> float:
        """A time, or 0."""
        value = self.str(name, default=str(default))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise ImproperlyConfigured(f"{name} is no number of seconds: {value!r}")
        return number

    def names(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """What stands between commas, without the spaces around it."""
        given = self.str(name, default=",".join(default)).split(",")
        return [each.strip() for each in given if each.strip()]

    def proxies(self, name: str) -> int | list[str]:
        """How many, or which."""
        names = self.names(name)
        proxies = int(names[0]) if len(names) == 1 and re.fullmatch(r"-?[0-9]{1,9}", names[0]) else names
        if fault := fault_in_proxies(proxies):
            raise ImproperlyConfigured(f"{name} {fault}")
        return proxies

    def toml(self, name: str, folder: Path, member: str) -> list[Any]:
        """What a file says under this name, in TOML; the setting is its path, from `folder` on. Empty without one."""
        path = self.str(name, default="").strip()
        if not path:
            return []
        try:
            said = tomllib.loads((folder / path).read_text(encoding="utf-8"))
        except OSError as exc:
            raise ImproperlyConfigured(f"{name} names a file that cannot be read ({exc.strerror}): {path!r}") from exc
        except ValueError as exc:  # TOML's, and that of bytes which are not UTF-8: neither says what stands there
            raise ImproperlyConfigured(f"{name} names a file that is no TOML ({exc}): {path!r}") from None
        if said.keys() != {member}:
            raise ImproperlyConfigured(f"{name} names a file that has not [[{member}]] and nothing else: {path!r}")
        return said[member]  # type: ignore[no-any-return] # what it is, is looked at where it is used

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        value: str = self.str(name, default=default)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is none of {', '.join(choices)}: {value!r}")
        return value
