"""How fresh a login at the provider is."""

import time
from typing import Any

import pytest

from chatsite.single_sign_on.errors import LoginFailed
from chatsite.single_sign_on.fresh_login import check_fresh


@pytest.mark.parametrize("seconds", [-55, 0, 290])
def test_is_fresh_for_five_minutes_and_by_a_clock_that_is_off(seconds: int) -> None:
    check_fresh(time.time() - seconds)


@pytest.mark.parametrize("seconds", [-90, 301, 10**6])
def test_is_not_fresh_later_nor_before_it_was(seconds: int) -> None:
    with pytest.raises(LoginFailed):
        check_fresh(time.time() - seconds)


@pytest.mark.parametrize("auth_time", [None, "now", True, [], {}, float("nan")])
def test_needs_a_time(auth_time: Any) -> None:
    with pytest.raises(LoginFailed):
        check_fresh(auth_time)
