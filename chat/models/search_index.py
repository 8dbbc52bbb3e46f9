"""What can be found: the words of each message and of each title, written in the transaction that writes the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connections, models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from chat.core.search_terms import indexed, terms_of
from chat.models.conversation import Conversation
from chat.models.message import Message
from chat.models.sql import UUIDs, all_rows, insert_values, prepared, upsert

COLUMNS = ("conversation_id", "owner_id", "message_id", "words")
MATCHING = {
    "sqlite": "SELECT rowid FROM chat_search WHERE chat_search MATCH %s",
    # OFFSET 0 is a fence: without it the planner may prefer to look at each row from the newest on.
    "postgresql": "SELECT id FROM chat_searchentry "
    "WHERE array_to_tsvector(string_to_array(words, ' ') || ('@' || owner_id::text)) @@ %s::tsquery OFFSET 0",
}
"""By database, how ids of entries are found in the index that its migration made."""
NEWEST = 200
MATCHING_NEWEST = {
    # Rows are compared, because the planner leaves out of the order what is said to be equal, and then takes the index
    # of the ids and reads what others have written meanwhile.
    "postgresql": "SELECT id FROM (SELECT id, words FROM chat_searchentry "  # noqa: S608 - a number
    "WHERE (owner_id, id) < (%s, %s) AND (owner_id, id) > (%s, 0) "
    f"ORDER BY owner_id DESC, id DESC LIMIT {NEWEST}) newest WHERE "
}
"""How a frequent word is found, where the index gives all entries that have it before the newest are known. It goes on
with HAS_WORD for each word."""
HAS_WORD = "(' ' || words) LIKE %s"
LAST = 2**63 - 1


FOUND = """
SELECT entry.id, entry.conversation_id, entry.message_id, conversation.title FROM chat_searchentry entry
JOIN chat_conversation conversation ON conversation.id = entry.conversation_id
WHERE entry.id IN ({ids}) AND conversation.deleted_at IS NULL AND NOT conversation.is_temporary{besides}
ORDER BY entry.id DESC LIMIT %s
"""
"""The ORM takes several times as long to say this as a database to find it."""


class Found(NamedTuple):
    """Of an entry what a hit needs."""

    pk: int
    conversation_id: UUID
    message_id: UUID | None
    title: str


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def matching(self, owner_id: Any, query: str, before: int | None = None, most: int = LAST) -> list[Found]:
        """The owner's entries in which each word of `query` begins a word, newest first; none if it has no words.

        With `before` those that are older than the entry with this id.
        """
        wanted = _wanted(query)
        if not wanted:
            return []
        owner = self._stored(owner_id)
        conditions = {} if _is_one_word(owner_id) else {" AND entry.owner_id = %s": owner}
        conditions |= {} if before is None else {" AND entry.id < %s": before}
        sentence = SENTENCES[self._vendor](str(owner), wanted)
        return self._found(MATCHING[self._vendor], [sentence], conditions, most)

    def matching_newest(self, owner_id: Any, query: str, before: int | None = None, most: int = LAST) -> list[Found]:
        """Of these the ones among the owner's newest entries; none where the database needs no such help."""
        wanted = _wanted(query)
        if not wanted or self._vendor not in MATCHING_NEWEST:
            return []
        ids = MATCHING_NEWEST[self._vendor] + " AND ".join([HAS_WORD] * len(wanted))
        beginnings = [f"% {word}%" for word in wanted]  # letters and digits, so nothing that LIKE knows
        owner = self._stored(owner_id)
        return self._found(ids, [owner, LAST if before is None else before, owner, *beginnings], {}, most)

    def _found(self, ids: str, values: list[Any], besides: Mapping[str, Any], most: int) -> list[Found]:
        statement = FOUND.format(ids=ids, besides="".join(besides))
        rows, read = all_rows(statement, *values, *besides.values(), most, using=self.db), UUIDs()
        return [
            Found(pk, read[conversation], read[message] if message else None, title)
            for pk, conversation, message, title in rows
        ]

    def _stored(self, owner_id: Any) -> Any:
        return prepared(SearchEntry, "owner_id", owner_id, self.db)

    @property
    def _vendor(self) -> str:
        return connections[self.db].vendor

    def index_messages(self, conversation_id: Any, owner_id: Any, words: Iterable[tuple[Any, str]]) -> None:
        """What messages say has become this: by message id, as `indexed` gives it.

        That takes seconds for megabytes, so it is made before a transaction that others wait for.
        """
        rows = [(conversation_id, owner_id, pk, said) for pk, said in words]
        upsert(SearchEntry, COLUMNS, rows, unique="message_id", changed="words", using=self.db)

    def index_question(self, conversation: Conversation, message_id: Any, text: str) -> None:
        """A new message says `text`, perhaps the first of a conversation that is about to be stored."""
        known = conversation.pk, conversation.owner_id
        rows = [(*known, message_id, indexed(text))]
        if conversation._state.adding:
            rows.append((*known, None, indexed(conversation.title)))
        insert_values(SearchEntry, COLUMNS, rows, self.db)

    def index_title(self, conversation: Conversation) -> None:
        """It is called something else now."""
        words = indexed(conversation.title)
        if not self.filter(conversation=conversation, message=None).update(words=words):
            self.create(conversation=conversation, owner_id=conversation.owner_id, words=words)


class SearchEntry(models.Model):
    """The distinct words of one message, or of a conversation's title if `message` is empty."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    message = models.OneToOneField(Message, models.CASCADE, null=True, blank=True, related_name="+")
    # The conversation's owner, again: one index finds the words of one user.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    words = models.TextField(blank=True)

    objects = SearchEntryQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("entry of the search")
        verbose_name_plural = gettext_lazy("entries of the search")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(message__isnull=True), name="search_one_title"
            ),
        ]

    def __str__(self) -> str:
        return f"words of {self.message_id or self.conversation_id}"


def _wanted(query: str) -> list[str]:
    return list(dict.fromkeys(terms_of(query)))


def _is_one_word(owner_id: Any) -> bool:
    """Does the index know nobody else by it? Of a text it knows the words, without regard to case."""
    return isinstance(owner_id, UUID) or str(owner_id).isdecimal()


def _for_sqlite(owner: str, words: list[str]) -> str:
    """https://sqlite.org/fts5.html#full_text_query_syntax; words are of letters and digits alone."""
    beginnings = " AND ".join(f'"{word}" *' for word in words)
    owner = owner.replace('"', '""')
    return f'owner_id : "{owner}" AND words : ({beginnings})'


def _for_postgresql(owner: str, words: list[str]) -> str:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY"""
    owner = owner.replace("\\", "\\\\").replace("'", "''")
    return " & ".join([f"'@{owner}'", *(f"'{word}':*" for word in words)])


SENTENCES = {"sqlite": _for_sqlite, "postgresql": _for_postgresql}
