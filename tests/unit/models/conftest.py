"""For what the tables are asked past the ORM: each of the databases, as if it were the only one."""

import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(params=["sqlite", "postgresql"])
def owner(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[User]:
    """Somebody in the only database."""
    with django_db_blocker.unblock():
        if request.param == "postgresql":
            theirs = connections.create_connection(request.getfixturevalue("postgres"))
            monkeypatch.setattr(connections._connections, "default", theirs)  # type: ignore[attr-defined]
        owner = User.objects.create(username=uuid.uuid4().hex)
        yield owner
        owner.delete()
        connection.close()
