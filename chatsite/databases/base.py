"""What each of the databases does in its own way."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from django.contrib.auth.models import User

from chat.models import Attachment, Conversation, Message

Migrations = Set[tuple[str, str]]
COUNTED = {model._meta.db_table: model for model in (User, Conversation, Message, Attachment)}


@dataclass(frozen=True)
class Contents:
    """What is in a backup: how many rows of each of the COUNTED tables it has, and which migrations have made them."""

    rows: Mapping[str, int]
    migrations: Migrations

    def __str__(self) -> str:
        counted = [f"{self.rows[table]:,} {model._meta.verbose_name_plural}" for table, model in COUNTED.items()]
        return f"{', '.join(counted[:-1])} and {counted[-1]}"


class Database(ABC):
    """The site's database of one kind, and files that are backups of such a one. Each method raises Refused."""

    name: ClassVar[str]
    signature: ClassVar[bytes]
    """How its backups begin."""

    @abstractmethod
    def refuse_target(self, path: Path) -> None:
        """No backup may be written there."""

    @abstractmethod
    def largest_backup(self) -> int:
        """Bytes that a backup may take."""

    @abstractmethod
    def back_up(self, file: IO[bytes]) -> None:
        """Write all of the database, as it is at one moment, into this empty file."""

    @abstractmethod
    def contents(self, path: Path) -> Contents:
        """Of a backup, of which each byte is read."""

    @abstractmethod
    def restore(self, path: Path) -> str:
        """Make this backup the site's database. What there is to know of it, in a sentence or none."""
