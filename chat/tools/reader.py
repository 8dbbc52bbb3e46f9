"""The user's language, time zone and place of the site, which a request knows and a task of its own does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from typing import Self

from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation


@dataclass(frozen=True, slots=True)
class Reader:
    language: str | None
    zone: tzinfo
    prefix: str
    """Below which the site is mounted."""

    @classmethod
    def here(cls) -> Self:
        """Of the request in whose context this is called; else the site's own."""
        return cls(translation.get_language(), timezone.get_current_timezone(), get_script_prefix())

    @contextmanager
    def active(self) -> Iterator[None]:
        set_script_prefix(self.prefix)
        language = translation.override(self.language) if self.language else translation.override(None)
        with language, timezone.override(self.zone):
            yield
