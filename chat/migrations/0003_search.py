"""The index of words, and the words of what is there already."""

import itertools

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Prefetch

CREATE = {
    "sqlite": [
        "CREATE VIRTUAL TABLE chat_search USING fts5"
        "(owner_id, words, content='chat_searchentry', content_rowid='id', tokenize='ascii', prefix='1 2')",
        "CREATE TRIGGER chat_search_added AFTER INSERT ON chat_searchentry BEGIN "
        "INSERT INTO chat_search(rowid, owner_id, words) VALUES (new.id, new.owner_id, new.words); END",
        "CREATE TRIGGER chat_search_removed AFTER DELETE ON chat_searchentry BEGIN "
        "INSERT INTO chat_search(chat_search, rowid, owner_id, words) "
        "VALUES ('delete', old.id, old.owner_id, old.words); END",
        "CREATE TRIGGER chat_search_changed AFTER UPDATE ON chat_searchentry BEGIN "
        "INSERT INTO chat_search(chat_search, rowid, owner_id, words) "
        "VALUES ('delete', old.id, old.owner_id, old.words); "
        "INSERT INTO chat_search(rowid, owner_id, words) VALUES (new.id, new.owner_id, new.words); END",
    ],
    "postgresql": [
        "CREATE INDEX chat_search ON chat_searchentry USING gin "
        "(array_to_tsvector(string_to_array(words, ' ') || ('@' || owner_id::text))) WITH (fastupdate = off)",
    ],
}
DROP = {"sqlite": ["DROP TABLE chat_search"], "postgresql": ["DROP INDEX chat_search"]}
BATCH = 500


def create_index(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.connection.cursor().execute(statement)


def drop_index(apps, schema_editor):
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.connection.cursor().execute(statement)


def index_what_is_there(apps, schema_editor):
    from chat.core.search_terms import indexed

    names = ("Conversation", "Message", "MessagePart", "SearchEntry")
    Conversation, Message, MessagePart, SearchEntry = (apps.get_model("chat", name) for name in names)
    titles = Conversation.objects.values_list("pk", "owner_id", "title").iterator()
    texts = (
        Message.objects.select_related("conversation")
        .prefetch_related(Prefetch("parts", MessagePart.objects.order_by("number")))
        .iterator(BATCH)
    )
    entries = itertools.chain(
        (SearchEntry(conversation_id=pk, owner_id=owner, words=indexed(title)) for pk, owner, title in titles),
        (
            SearchEntry(
                conversation_id=message.conversation_id,
                owner_id=message.conversation.owner_id,
                message_id=message.pk,
                words=indexed("".join(part.text for part in message.parts.all() if part.kind == "text")),
            )
            for message in texts
        ),
    )
    while batch := list(itertools.islice(entries, BATCH)):
        SearchEntry.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chat", "0002_reasoning_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.TextField(blank=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.conversation"
                    ),
                ),
                (
                    "message",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chat.message",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("message__isnull", True)), fields=("conversation",), name="search_one_title"
            ),
        ),
        migrations.RunPython(create_index, drop_index),
        migrations.RunPython(index_what_is_there, migrations.RunPython.noop),
    ]
