"""`manage.py settings`: every setting that is in force, and where it comes from; nothing secret."""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from chat.conf import AppSettings
from chatsite.environment.reader import DEFAULT, SECRET, Reading
from chatsite.environment.services import HIDDEN
from chatsite.settings import env

DERIVED = "derived"
REFUSED = "(cannot be)"
CHARACTERS = 100
"""Of a value that are shown."""


class Row(NamedTuple):
    name: str
    value: str
    source: str
    is_changed: bool = False


class Command(BaseCommand):
    help = "Print every setting of the site that is in force, and where it comes from. Passwords and keys are hidden."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--changed", action="store_true", help="only those that are not at their defaults")

    def handle(self, *args: Any, changed: bool, **options: Any) -> None:
        rows = [row for row in _rows() if row.is_changed or not changed]
        width = max((len(row.name) for row in rows), default=0)
        for row in rows:
            self.stdout.write(f"{row.name:{width}}  {row.value:40}  {row.source}")
        for sentence in env.faults:
            self.stderr.write(f"Wrong: {sentence}")
        if env.faults:
            sys.exit(1)


def _rows() -> Iterator[Row]:
    for name, reading in env.readings.items():
        yield _row(name, reading)
        if name == "CHAT_PROVIDERS":
            yield from _providers()
    for name in dir(settings):
        if name.startswith("CHAT_") and name not in env.readings:
            yield Row(name, _text(_shown(name, getattr(settings, name))), DERIVED)


def _row(name: str, reading: Reading) -> Row:
    if reading.is_refused:
        return Row(name, REFUSED, reading.source, is_changed=True)
    is_changed = reading.value != reading.default
    if reading.masked is not None:
        return Row(name, _text(reading.masked), reading.source, is_changed)
    in_force = getattr(settings, name, reading.value)
    if in_force is None:
        in_force = getattr(AppSettings, name)
    if in_force != reading.value and reading.value is not None:
        return Row(name, _text(in_force), DERIVED, is_changed=True)
    return Row(name, _text(in_force), reading.source, is_changed)


def _shown(name: str, value: Any) -> Any:
    """What is derived from a secret is one."""
    masks = (reading.masked for reading in env.readings.values() if reading.value == value)
    mask = next((mask for mask in masks if mask is not None), HIDDEN if SECRET.search(name) else None)
    return value if mask is None or not value else mask


def _providers() -> Iterator[Row]:
    """Their entries, and whether they have their keys."""
    source = f"CHAT_PROVIDERS, {env.source('CHAT_PROVIDERS')}"
    for provider in settings.CHAT_PROVIDERS:
        where = f"CHAT_PROVIDERS {provider['name']}"
        models = [model.get("key", model["name"]) for model in provider["models"]]
        yield Row(f"{where} address", _text(provider.get("address", "")), source, is_changed=True)
        yield Row(f"{where} models", _text(models), source, is_changed=True)
        if variable := provider.get("api_key_variable"):
            said = "(not set)" if env.source(variable) == DEFAULT else HIDDEN
            yield Row(f"{where} {variable}", said, env.source(variable), is_changed=True)


def _text(value: Any) -> str:
    """As it might stand in .env, but for its length."""
    if value is None or value in ("", []):
        return "(none)"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.15g}"
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
