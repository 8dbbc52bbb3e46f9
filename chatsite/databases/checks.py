"""Whether the site's database can hold what people write. Looked at before each `migrate`, by `check --database`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from chatsite.databases.errors import Refused
from chatsite.databases.postgresql import refuse_encoding


@register(Tags.database)
def check_encoding(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    faults = [_fault(alias) for alias in databases or () if connections[alias].vendor == "postgresql"]
    return [Error(fault, id="chatsite.E030") for fault in faults if fault]


def _fault(alias: str) -> str:
    try:
        refuse_encoding(connections[alias])
    except Refused as exc:
        return str(exc)
    except DatabaseError:  # what asks it next says why it is away
        pass
    return ""
