"""A database of each kind, as for the tests of backups."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from chat.usage.prices import forget_prices
from tests.unit.databases.conftest import database, sqlite

__all__ = ["database", "sqlite"]


@pytest.fixture(autouse=True)
def _prices() -> Iterator[None]:
    forget_prices()
    yield
    forget_prices()


@pytest.fixture
def user(database: object) -> User:
    return User.objects.create(username="spender")
