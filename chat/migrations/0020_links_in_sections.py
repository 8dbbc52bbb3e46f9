"""What links show lies in sections, each a row, of which a page reads its own alone."""

import json

from django.db import migrations, transaction


def take_apart(apps, schema_editor):
    """A link in each step: it may have 25 MB."""
    alias = schema_editor.connection.alias
    Section = apps.get_model("chat", "ShareSection")
    for token in _tokens(apps, alias, snapshot__isnull=False):
        with transaction.atomic(using=alias):
            share = _shares(apps, alias).select_for_update().filter(pk=token, snapshot__isnull=False).first()
            if share:
                sections = [share.snapshot.get("messages", []), *share.snapshot.get("later", [])]
                Section.objects.using(alias).bulk_create(
                    Section(share_id=token, number=number, messages=said, size=len(json.dumps(said)))
                    for number, said in enumerate(sections, 1)
                )
                _shares(apps, alias).filter(pk=token).update(snapshot=None)


def put_together(apps, schema_editor):
    alias = schema_editor.connection.alias
    sections = apps.get_model("chat", "ShareSection").objects.using(alias)
    for token in _tokens(apps, alias, snapshot__isnull=True):
        first, *later = sections.filter(share=token).order_by("number").values_list("messages", flat=True) or [[]]
        snapshot = {"messages": first, "later": later, "sections": 1 + len(later)}
        _shares(apps, alias).filter(pk=token).update(snapshot=snapshot)


def _shares(apps, alias):
    return apps.get_model("chat", "Share").objects.using(alias).order_by()


def _tokens(apps, alias, **which):
    return list(_shares(apps, alias).filter(**which).values_list("pk", flat=True))


class Migration(migrations.Migration):

    # Others write in between, and what is cut short goes on where it was.
    atomic = False

    dependencies = [
        ('chat', '0019_sections_of_links'),
    ]

    operations = [
        migrations.RunPython(take_apart, put_together),
    ]
