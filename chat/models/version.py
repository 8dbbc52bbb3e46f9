"""What a row looks like, in a few bytes: what was made of it is good as long as they are the same."""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import models

BYTES = 20
OTHERS = {"_state", "_prefetched_objects_cache", "_unread", "_is_cut"}
"""What a row has beside its values."""


def version_of(*rows: models.Model | None, beside: Iterable[object] = ()) -> bytes:
    """Of all that is loaded of these, and of what else there is to say: a template may show any of it."""
    loaded = [row and _values(row) for row in rows]
    said = repr((loaded, [_brief(each) for each in beside])).encode(errors="surrogatepass")
    return hashlib.blake2b(said, digest_size=BYTES).digest()


def _values(row: models.Model) -> dict[str, Any]:
    """Also what was annotated; of other rows nothing, which are said beside it."""
    return {name: _brief(value) for name, value in vars(row).items() if name not in OTHERS}


def _brief(value: object) -> object:
    """An id as a number, for its text takes five times as long, and each row has several."""
    return value.int if type(value) is uuid.UUID else value
