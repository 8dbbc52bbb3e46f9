"""Each system check has an id of its own: whoever silences one silences no other."""

import re
from collections import Counter

from tests.support.site import ROOT


def test_no_id_is_used_twice() -> None:
    files = [file for room in ("chat", "chatsite") for file in (ROOT / room).rglob("checks.py")]
    ids = Counter(found for file in files for found in re.findall(r'"(\w+\.[EW]\d+)"', file.read_text()))
    assert len(ids) > 10
    assert [found for found, number in ids.items() if number > 1] == []
