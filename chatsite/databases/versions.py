"""Which version of the program has made the tables."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

OURS = ("chat", "chatsite")


def unknown_among(migrations: Iterable[tuple[str, str]]) -> list[str]:
    """Those of this project's that this program does not have, as `chat.0021_name`: a newer one has.

    Libraries' are not looked at: they drop some of theirs, which databases go on recording.
    """
    return sorted(f"{app}.{name}" for app, name in migrations if app in OURS and name not in _known(app))


def missing_from(migrations: Iterable[tuple[str, str]]) -> list[str]:
    """Those of this project's that are not among these: `migrate` is still to run."""
    there = set(migrations)
    return sorted(f"{app}.{name}" for app in OURS for name in _known(app) if (app, name) not in there)


def _known(app: str) -> set[str]:
    return {module.name for module in iter_modules(import_module(f"{app}.migrations").__path__)}
