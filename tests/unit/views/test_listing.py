"""An entry of the list bears what differs, and nothing that stands once in the page; a page of it is kept whole."""

import os
import uuid
from datetime import UTC, date, datetime

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from chat.conversations.listing import Group, Listing
from chat.core.fragments import FragmentStore
from chat.models import Conversation
from chat.models.entry import Entry
from chat.models.sql import prepared
from chat.retention import fragments

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


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FragmentStore:
    store = FragmentStore(1_000_000)
    monkeypatch.setattr(fragments, "_looks_in", {os.getpid()})
    monkeypatch.setattr(fragments, "_store", store)
    return store


def a_list(*titles: str) -> Listing:
    keys = [prepared(Conversation, "id", uuid.UUID(int=number)) for number, _title in enumerate(titles)]
    entries = [Entry(key, title, False, 1, NOW) for key, title in zip(keys, titles, strict=True)]
    return Listing([Group("today", date(2026, 3, 10), entries)], None)


def rendered(found: Listing) -> str:
    return render_to_string("chat/sidebar/_list_page.html", {"listing": found}, RequestFactory().get("/"))


def test_a_list_is_kept_whole_until_a_title_changes(store: FragmentStore) -> None:
    first = rendered(a_list("Zebra", "Yak"))
    kept = store.count
    assert rendered(a_list("Zebra", "Yak")) == first
    assert store.count == kept == 4, "the whole, a heading and two entries"
    assert "Gnu" in rendered(a_list("Gnu", "Yak"))
    assert store.count == kept + 2


def test_one_with_something_on_show_is_no_other_list_for_each_that_can_be(store: FragmentStore) -> None:
    found = a_list("Zebra", "Yak")
    marked = [rendered(a_list("Zebra", "Yak").mark(each.pk)) for each in found.entries]
    assert [html.count('aria-current="page"') for html in marked] == [1, 1]
    assert marked[0] != marked[1]
    assert store.count == 5, "a heading, and two entries, each on show and not"
    assert "aria-current" not in rendered(found.mark(uuid.uuid4())), "what is on show is not in it"


def test_with_one_of_its_conversations_the_whole_goes(store: FragmentStore) -> None:
    rendered(a_list("Zebra", "Yak"))
    store.drop(a_list("Zebra").rows)
    assert not any("Zebra" in "".join(each.pieces) for each in store._fragments.values())
    assert store.count == 2, "the heading and the other entry"
