"""Which way a title goes."""

import json
from pathlib import Path

import pytest

from chat.core.text_direction import RIGHT_TO_LEFT_MARK, marked_title, title_direction

CASES = json.loads((Path(__file__).parents[2] / "support/title_directions.json").read_text())


@pytest.mark.parametrize(("title", "direction"), CASES.items())
def test_code_does_not_decide_which_way_a_title_goes(title: str, direction: str) -> None:
    assert title_direction(title) == direction


def test_a_tab_is_told_by_a_mark() -> None:
    assert marked_title("fs.read זו פונקציה") == RIGHT_TO_LEFT_MARK + "fs.read זו פונקציה"
    assert [title for title in CASES if title.startswith(("ש", "H", "G")) and marked_title(title) != title] == []
