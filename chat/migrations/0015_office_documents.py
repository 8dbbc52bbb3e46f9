"""Documents of Word and the like. Who goes back keeps them as texts, which earlier versions show a model of them."""

from django.db import migrations, models


def as_texts(apps, schema_editor):
    documents = apps.get_model("chat", "Attachment").objects.using(schema_editor.connection.alias).filter(kind="office")
    documents.update(kind="text", media_type="application/octet-stream")


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0014_providers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='attachment',
            name='kind',
            field=models.CharField(choices=[('image', 'image'), ('text', 'text'), ('pdf', 'PDF'), ('office', 'document')], max_length=6),
        ),
        migrations.AlterField(
            model_name='attachment',
            name='media_type',
            field=models.CharField(max_length=100),
        ),
        migrations.RunPython(migrations.RunPython.noop, as_texts),
    ]
