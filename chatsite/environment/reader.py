"""The environment, read strictly: what a setting cannot be is an error at start, which names the setting.

A setting is a variable of the process, a line of the file `.env`, or, for secrets and long texts, a file whose path a
setting with its name and `_FILE` says. Of the first two the process's counts.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import environ

from chat.providers.configuration import Faults, read
from chatsite.environment import dotenv, services, values

Default = TypeVar("Default")
Value = TypeVar("Value")

DEFAULT = "default"
SECRET = re.compile(r"SECRET|PASSWORD|_TOKEN$|_KEY(S?$|_)")
"""In the name of a setting whose value nobody is shown."""
MOST_BYTES = 1_000_000
"""Of a file that holds one setting."""
REFERENCE = (
    "is a $ and the name of another variable, which is not followed any more: write what that says. "
    "Where a text is meant, it stands in single quotes in .env"
)


class Literally(Mapping[str, str]):
    """Variables as they are: django-environ would follow what begins with `$`, and give what the variable of that name
    says, or nothing. With `escape_proxy` it takes the backslashes away again.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        return self._variables[name].replace("$", r"\$")

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been read of a setting."""

    value: Any
    default: Any
    source: str
    """Where it comes from, for people."""
    masked: str | None = None
    """What may be shown in the place of its value; None: the value."""
    is_refused: bool = False


class Environment(environ.Env):  # type: ignore[misc] # untyped base
    """Each method raises Faults, an ImproperlyConfigured; or collects what is wrong, and gives the default."""

    def __init__(self, *, collects: bool = False) -> None:
        super().__init__()
        self.ENVIRON = Literally(os.environ)
        self.escape_proxy = True
        self.readings = dict[str, Reading]()
        self.known = set[str]()
        """Names that something reads."""
        self.entries = list[dotenv.Entry]()
        """Of the file `.env`."""
        self.faults = list[str]()
        self._collects = collects
        self._of_file = dict[str, dotenv.Entry]()
        """Those that count: the process has no variable of their name."""
        self._contents = dict[str, tuple[str, str]]()
        """What files say that hold one setting each, and their paths."""

    def refuse(self, *sentences: str) -> None:
        """These are wrong; each names its setting, and says nothing that is secret."""
        if not self._collects:
            raise Faults(list(sentences))
        self.faults += sentences

    def raise_faults(self) -> None:
        """All that were collected."""
        if self.faults:
            raise Faults(self.faults)

    # Files

    def read_file(self, file: Path) -> None:
        """`.env`, if it is there: what the process has no variable for becomes one."""
        if not os.path.lexists(file):
            return
        try:
            self.entries, faults = dotenv.parse(_text_of(file))
        except (OSError, ValueError) as exc:
            self.refuse(f"{file.name} {_why(exc)}.")
            return
        self._of_file = {entry.name: entry for entry in self.entries if entry.name not in os.environ}
        os.environ.update({entry.name: entry.value for entry in self._of_file.values()})
        if faults:
            self.refuse(*(f"{file.name}, line {fault.line}, {fault.what}." for fault in faults))

    def read_contents(self, folder: Path, names: Iterable[str]) -> None:
        """Of each of these settings that a file holds: NAME_FILE is its path, from `folder` on."""
        for name in names:
            self.known |= {name, f"{name}_FILE"}
            if path := (self._said(f"{name}_FILE") or "").strip():
                self._read_content(name, folder, path)

    def _read_content(self, name: str, folder: Path, path: str) -> None:
        try:
            content = _text_of(folder / path, MOST_BYTES).rstrip()
        except (OSError, ValueError) as exc:
            self.refuse(f"{name}_FILE names a file that {_why(exc)}: {path!r}")
            return
        if os.environ.get(name, "") not in ("", content):
            self.refuse(f"{name} is set, and {name}_FILE as well: only one of them can be.")
        self._contents[name] = content, path

    def source(self, name: str) -> str:
        """Where a setting comes from, for people."""
        if name in self._contents:
            return f"{self._contents[name][1]}, by {name}_FILE ({self.source(f'{name}_FILE')})"
        if name in self._of_file:
            return f".env, line {self._of_file[name].line}"
        return "environment" if name in os.environ else DEFAULT

    # Settings

    def switch(self, name: str, default: bool) -> bool:
        """On or off. Taken for off, a misspelt `on` would turn a protection off."""
        return bool(self._read(name, default, partial(values.switch_or, ())))

    def switch_or(self, name: str, others: Sequence[str], default: bool | None) -> bool | str | None:
        """On, off, or one of some other words."""
        return self._read(name, default, partial(values.switch_or, others))

    def switch_or_domains(self, name: str, default: bool) -> bool | list[str]:
        """On, off, or names of domains between commas."""
        return self._read(name, default, values.switch_or_domains)

    def whole(self, name: str, default: int, least: int = 0, most: int = values.MOST) -> int:
        """A whole number."""
        return self._read(name, default, partial(values.whole, least, most))

    def seconds(self, name: str, default: float) -> float:
        """A time, or 0."""
        return self._read(name, default, values.seconds)

    def currency(self, name: str, default: str) -> str:
        """By its three letters."""
        return self._read(name, default, values.currency)

    def rate(self, name: str, default: float) -> float:
        """Of one currency in another; 0: there is none."""
        return self._read(name, default, values.rate)

    def text(self, name: str, default: str = "") -> str:
        """Whatever it says, without the space around it."""
        return self._read(name, default, str.strip)

    def whole_text(self, name: str, default: str = "") -> str:
        """Whatever it says."""
        return self._read(name, default, str)

    def key(self, name: str, default: str = "") -> str:
        """Of an API."""
        return self._read(name, default, values.key)

    def names(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """What stands between commas, without the spaces around it."""
        return self._read(name, list(default), values.names)

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        return self._read(name, default, partial(values.one_of, choices))

    def days_or(self, name: str, others: Sequence[str], default: str | int) -> str | int:
        """So many days, or one of some words."""
        return self._read(name, default, partial(values.days_or, others))

    def hosts(self, name: str) -> list[str]:
        return self._read(name, [], values.hosts)

    def origins(self, name: str) -> list[str]:
        return self._read(name, [], values.origins)

    def proxies(self, name: str) -> int | list[str]:
        """How many, or which."""
        return self._read(name, list[str](), values.proxies)

    def time_zone(self, name: str, default: str) -> str:
        return self._read(name, default, values.time_zone)

    def log_level(self, name: str, default: str) -> str:
        return self._read(name, default, values.log_level)

    def mailbox(self, name: str, default: str) -> str:
        """An e-mail address, with or without somebody's name."""
        return self._read(name, default, values.mailbox)

    def address(self, name: str, default: str = "") -> str:
        """Of an API."""
        return self._read(name, default, values.address, lambda said, value: services.without_password(value))

    def database(self, name: str, default: Path, folder: Path) -> dict[str, Any]:
        """As Django has it; by default SQLite's, in this file."""
        return self._read(name, services.sqlite(default), partial(services.database, folder), services.masked)

    def redis(self, name: str) -> str:
        """Its address; empty: there is none."""
        return self._read(name, "", services.redis, lambda said, value: services.masked_redis(value))

    def email(self, name: str) -> dict[str, Any]:
        """Django's settings for it; empty: none is sent."""
        return self._read(name, dict[str, Any](), services.email, services.masked)

    def notice(self, name: str, folder: Path) -> str:
        """The path of a file that users accept; the setting is one from `folder` on. Empty without one."""
        return self._read(name, "", partial(values.notice, folder), lambda said, value: said.strip())

    def toml(self, name: str, folder: Path, member: str) -> list[Any]:
        """What a file says under this name, in TOML; the setting is its path, from `folder` on. Empty without one."""
        return self._read(name, [], partial(_toml, folder, member), lambda said, value: said.strip())

    def providers(self, name: str, folder: Path) -> list[Any]:
        """The services that a file says (docs/providers.md), with keys that the environment has, or files."""
        given, file = self.toml(name, folder, "providers"), self._said(name) or ""
        if self.readings[name].is_refused or not file.strip():
            return []
        variables = {str(each.get("api_key_variable", "")) for each in given if isinstance(each, dict)} - {""}
        self.read_contents(folder, variables)
        os.environ.update({variable: self._contents[variable][0] for variable in variables & self._contents.keys()})
        try:
            read(given, os.environ)
        except Faults as exc:
            self.refuse(*(f"{sentence.rstrip('.')} (in {file.strip()})." for sentence in exc.sentences))
            return []
        return given

    def _read(
        self,
        name: str,
        default: Default,
        parse: Callable[[str], Value],
        mask: Callable[[str, Any], str] | None = None,
    ) -> Default | Value:
        said, is_refused = self._said(name), False
        value: Default | Value = default
        try:
            value = default if said is None else parse(said)
        except ValueError as exc:
            self.refuse(f"{name} {exc}")
            is_refused = True
        mask = mask or (_stars if SECRET.search(name) else None)
        masked = mask(said or "", value) if mask else None
        self.readings[name] = Reading(value, default, self.source(name), masked, is_refused)
        return value

    def _said(self, name: str) -> str | None:
        self.known.add(name)
        if name in self._contents:
            return self._contents[name][0]
        if name not in self:
            return None
        said: str = self.str(name)
        if said.startswith("$") and said.lstrip("$") in os.environ and not self._is_literal(name):
            self.refuse(f"{name} {REFERENCE}")
        if any("\ud800" <= character <= "\udfff" for character in said):
            self.refuse(f"{name} is not written in UTF-8.")
            return None
        return said

    def _is_literal(self, name: str) -> bool:
        """Also where the process that watches for changes has read the file before this one."""
        given = (name, os.environ[name], True)
        return any((entry.name, entry.value, entry.is_literal) == given for entry in self.entries)


def _stars(said: str, value: Any) -> str:
    return services.HIDDEN if value else ""


def _toml(folder: Path, member: str, said: str) -> list[Any]:
    path = said.strip()
    if not path:
        return []
    try:
        given = tomllib.loads(_text_of(folder / path))
    except OSError as exc:
        raise ValueError(f"names a file that cannot be read ({exc.strerror}): {path!r}") from exc
    except ValueError as exc:  # TOML's, and that of bytes which are not UTF-8: neither says what stands there
        raise ValueError(f"names a file that is no TOML ({exc}): {path!r}") from None
    if given.keys() != {member}:
        raise ValueError(f"names a file that has not [[{member}]] and nothing else: {path!r}")
    return given[member]  # type: ignore[no-any-return] # what it is, is looked at where it is used


def _text_of(file: Path, most: int = -1) -> str:
    """Raises OSError and ValueError."""
    with file.open("rb") as opened:
        content = opened.read(most + 1 if most >= 0 else -1)
    if 0 <= most < len(content):
        raise ValueError(f"is larger than {most} bytes")
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _why(exc: OSError | ValueError) -> str:
    if isinstance(exc, OSError):
        return f"cannot be read ({exc.strerror})"
    if isinstance(exc, UnicodeDecodeError):
        return f"is not written in UTF-8 (line {exc.object[: exc.start].count(10) + 1})"
    return str(exc)
