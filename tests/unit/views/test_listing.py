"""An entry of the list bears what differs, and nothing that stands once in the page."""

import uuid

import pytest
from django.template.loader import render_to_string

from chat.conversations.listing import Group, Listing
from chat.models import Conversation

PK = uuid.UUID(int=5)


def entry(conversation: Conversation, *running: uuid.UUID) -> str:
    Listing([Group("today", None, [conversation])], set(running), None)
    return render_to_string("chat/sidebar/_list_item.html", {"item": conversation})


def test_it_is_small() -> None:
    html = entry(Conversation(pk=PK, title="x" * 80))
    assert len(html.encode()) < 650
    assert "form" not in html
    assert "<path" not in html


@pytest.mark.parametrize(
    ("conversation", "running", "states"),
    [
        (Conversation(pk=PK, title="Zebra"), [], set()),
        (Conversation(pk=PK, title="Zebra", is_pinned=True), [], {"data-pinned"}),
        (Conversation(pk=PK, title="Zebra"), [PK], {"data-answering"}),
    ],
)
def test_its_states(conversation: Conversation, running: list[uuid.UUID], states: set[str]) -> None:
    html = entry(conversation, *running)
    assert {state for state in ("data-pinned", "data-answering") if f" {state}" in html} == states
    assert ("An answer is being written." in html) == bool(running)


def test_a_title_is_text() -> None:
    html = entry(Conversation(pk=PK, title='"><b>Zebra</b>'))
    assert "<b>" not in html
    assert 'aria-label="Actions for “&quot;&gt;&lt;b&gt;Zebra&lt;/b&gt;”"' in html
