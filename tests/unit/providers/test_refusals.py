"""How long a service that refuses asks to wait."""

import pytest

from chat.providers.refusals import retry_after

NOW = 1_767_225_600.0
"""Thu, 01 Jan 2026 00:00:00 GMT"""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("Thu, 01 Jan 99999 00:00:30 GMT", None),
        ("inf", float("inf")),
    ],
)
def test_reads_retry_after_in_seconds_and_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds
