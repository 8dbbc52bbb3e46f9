"""Search, on both databases: it finds what a plain scan of the texts finds, of one's own alone."""

import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django.plugin import DjangoDbBlocker

from chat.core.search_terms import MOST_CHARACTERS, indexed, matches, term_spans, terms_of
from chat.models import Conversation, Message, SearchEntry
from chat.models.search_index import NEWEST

# Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World's end", ["hello", "world", "s", "end"]),
        ("CAFÉ cafe\u0301 Straße", ["cafe", "cafe", "strasse"]),
        ("\ufb01ne x² \uff21\uff22", ["fine", "x2", "ab"]),
        ("foo-bar a_b 3.14", ["foo", "bar", "a", "b", "3", "14"]),
        ("你好world", ["你", "好", "world"]),
        ("שָׁלוֹם", ["שלום"]),
        ("zero\u200dwidth sepa\u00adrate", ["zerowidth", "separate"]),
        (" \n", []),
    ],
)
def test_words_are_without_case_accents_and_width(text: str, words: list[str]) -> None:
    assert terms_of(text) == words


@given(st.text())
def test_spans_are_the_places_of_words(text: str) -> None:
    last = 0
    for start, end, word in term_spans(text):
        assert last <= start < end <= len(text)
        assert terms_of(text[start:end])[0].startswith(word[:1])
        last = end


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_the_same(text: str) -> None:
    assert [*terms_of(text), "e"] == terms_of(text + " é")


def test_a_text_of_many_words_is_indexed_in_part() -> None:
    words = indexed(" ".join(f"word{number}" for number in range(100_000)))
    assert len(words) <= MOST_CHARACTERS
    assert not words.endswith("word")


# The index


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    alias = "default" if request.param == "sqlite" else request.getfixturevalue("postgres")
    with django_db_blocker.unblock():
        yield alias
        User.objects.using(alias).all().delete()
        connections[alias].close()


def somebody(alias: str) -> User:
    return User.objects.using(alias).create(username=uuid.uuid4().hex)


def store(alias: str, owner: User, texts: list[str]) -> dict[str, str]:
    """A conversation of these messages; their texts by id."""
    conversation = Conversation.objects.using(alias).create(owner=owner)
    messages = [
        Message(conversation=conversation, role="user", number=number) for number, _ in enumerate(texts, start=1)
    ]
    Message.objects.using(alias).bulk_create(messages)
    said = {str(message.pk): text for message, text in zip(messages, texts, strict=True)}
    SearchEntry.objects.using(alias).index_messages(
        conversation.pk, owner.pk, [(pk, indexed(text)) for pk, text in said.items()]
    )
    return said


def found(alias: str, owner: User, query: str) -> set[str]:
    entries = SearchEntry.objects.using(alias).matching(owner.pk, query)
    return {str(entry.message_id or entry.conversation_id) for entry in entries}


def found_in_newest(alias: str, owner: User, query: str, before: int | None = None) -> set[str]:
    entries = SearchEntry.objects.using(alias).matching_newest(owner.pk, query, before)
    return {str(entry.message_id or entry.conversation_id) for entry in entries}


alphabet = st.sampled_from("aAbBéßﬁ1²你好שלİ'\"\\*:&|!()@-_ \u0301\u200d😀") | st.characters(exclude_categories=["Cs"])
storable = st.text(alphabet.filter(lambda character: character != "\0"), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(storable, max_size=6), queries=st.lists(storable, min_size=1, max_size=4))
@example(
    texts=["Ein Café", "café au lait", "1234567"], queries=["CAFE", "caf lait", "123", "' OR 1=1 --", 'a" OR "b', "*"]
)
def test_it_finds_what_a_plain_scan_finds(alias: str, texts: list[str], queries: list[str]) -> None:
    """Rolled back: to delete people takes most of the time, in each example."""
    with transaction.atomic(alias):
        owner, other = somebody(alias), somebody(alias)
        said = store(alias, owner, texts)
        store(alias, other, texts)
        for query in [*queries, *texts, str(owner.pk)]:
            expected = {pk for pk, text in said.items() if matches(text, query)}
            assert found(alias, owner, query) == expected
            assert found_in_newest(alias, owner, query) == (expected if alias == "postgres" else set())
        transaction.set_rollback(True, alias)


def test_older_ones_are_found_in_pages(alias: str) -> None:
    owner = somebody(alias)
    said = list(store(alias, owner, ["same"] * (NEWEST + 2)))
    entries = SearchEntry.objects.using(alias).matching(owner.pk, "same")
    ids = [entry.pk for entry in entries]
    assert len(ids) == NEWEST + 2
    older = SearchEntry.objects.using(alias).matching(owner.pk, "same", before=ids[1])
    assert [entry.pk for entry in older] == ids[2:]
    assert [entry.pk for entry in SearchEntry.objects.using(alias).matching(owner.pk, "same", most=3)] == ids[:3]
    if alias == "postgres":
        assert found_in_newest(alias, owner, "same") == set(said[2:])
        assert found_in_newest(alias, owner, "same", before=ids[1]) == set(said[:-2])


def test_a_text_that_changes_is_found_by_its_new_words_alone(alias: str) -> None:
    owner = somebody(alias)
    [pk] = store(alias, owner, ["before"])
    conversation = Conversation.objects.using(alias).get(owner=owner)
    SearchEntry.objects.using(alias).index_messages(conversation.pk, owner.pk, [(pk, indexed("afterwards"))])
    assert found(alias, owner, "before") == set()
    assert found(alias, owner, "after") == {pk}


def test_titles_are_found(alias: str) -> None:
    owner = somebody(alias)
    store(alias, owner, ["text"])
    conversation = Conversation.objects.using(alias).get(owner=owner)
    for title in ("First", "Second"):
        conversation.title = title
        SearchEntry.objects.using(alias).index_title(conversation)
    assert found(alias, owner, "second") == {str(conversation.pk)}
    assert found(alias, owner, "first") == set()


def test_what_is_deleted_is_not_found(alias: str) -> None:
    owner = somebody(alias)
    store(alias, owner, ["gone"])
    Message.objects.using(alias).filter(conversation__owner=owner).delete()
    store(alias, owner, ["gone too"])
    Conversation.objects.using(alias).filter(owner=owner).delete()
    [pk] = store(alias, owner, ["gone not"])
    assert found(alias, owner, "gone") == {pk}
    if alias == "default":
        with connections[alias].cursor() as cursor:
            cursor.execute("INSERT INTO chat_search(chat_search) VALUES ('integrity-check')")
            cursor.execute("SELECT count(*) FROM chat_search('gone')")
            assert cursor.fetchone() == (1,)


def test_a_very_long_word_and_a_very_long_text_can_be_stored(alias: str) -> None:
    owner = somebody(alias)
    long = " ".join(f"{number:05d}{'好é'[number % 2]}" for number in range(50_000))
    said = store(alias, owner, ["x" * 1_000_000, "é" * 100_000, long])
    first, second, third = said
    assert found(alias, owner, "x" * 70) == {first}
    assert found(alias, owner, "é" * 3000) == {second}
    assert found(alias, owner, "00001") == {third}
