"""An entry of the list bears what differs, and nothing that stands once in the page."""

import uuid
from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string

from chat.models.entry import Entry

PK = uuid.UUID(int=5)
NOW = datetime.now(UTC)


def shown(title: str, *running: uuid.UUID, is_pinned: bool = False) -> str:
    entry = Entry(PK, title, is_pinned, 1, NOW, is_answering=PK in running)
    return render_to_string("chat/sidebar/_list_item.html", {"item": entry})


def test_it_is_small() -> None:
    html = shown("x" * 80)
    assert len(html.encode()) < 650
    assert "form" not in html
    assert "<path" not in html


@pytest.mark.parametrize(
    ("is_pinned", "running", "states"),
    [(False, [], set()), (True, [], {"data-pinned"}), (False, [PK], {"data-answering"})],
)
def test_its_states(is_pinned: bool, running: list[uuid.UUID], states: set[str]) -> None:
    html = shown("Zebra", *running, is_pinned=is_pinned)
    assert {state for state in ("data-pinned", "data-answering") if f" {state}" in html} == states
    assert ("An answer is being written." in html) == bool(running)


def test_a_title_is_text() -> None:
    html = shown('"><b>Zebra</b>')
    assert "<b>" not in html
    assert 'aria-label="Actions for “&quot;&gt;&lt;b&gt;Zebra&lt;/b&gt;”"' in html
