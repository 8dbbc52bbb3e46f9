"""The site's database, of each kind, for the time of a test."""

from tests.unit.databases.conftest import database, sqlite

__all__ = ["database", "sqlite"]
