"""The chain of the audit log: what is sealed of an entry, and by which bytes. Exactly as docs/audit.md has it.

    mac = HMAC-SHA256(key, "link" LF previous mac LF number LF entry), in hexadecimal digits

The entry is JSON in ASCII: keys in order, no blanks, no fractions. The first link follows on FIRST. A mark stands in
the place of what a prune took, and is sealed likewise.
"""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64
"""What the first link follows on."""
MAC_CHARACTERS = 64
KEY_ID_CHARACTERS = 12


def entry_json(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def time_text(at: datetime) -> str:
    """In UTC, to the microsecond. Of a project without time zones as it stands in the database."""
    if at.tzinfo is None:
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link_mac(key: str, previous: str, number: int, entry: str) -> str:
    return _mac(key, "link", previous, str(number), entry)


def mark_mac(key: str, number: int, mac: str, entries: int, at: str) -> str:
    """Of a mark which says that this many links, up to this number with this mac, were taken at a time."""
    return _mac(key, "mark", str(number), mac, str(entries), at)


def words_mac(key: str, words: str) -> str:
    """Of what somebody searched for: who has the key and the words can tell that it was these."""
    return _mac(key, "words", words)


def key_id(key: str) -> str:
    """Tells keys apart, and says nothing of them."""
    return _mac(key, "key")[:KEY_ID_CHARACTERS]


def _mac(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), "\n".join(parts).encode(), "sha256").hexdigest()
