from django.db import migrations, models


class AddIndexWhileWritten(migrations.AddIndex):
    """On PostgreSQL without holding the table; but in a transaction, as where `movedatabase` makes the tables anew."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        schema_editor.add_index(model, self.index, **how(schema_editor.connection))

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        schema_editor.remove_index(model, self.index, **how(schema_editor.connection))


def how(connection):
    is_possible = connection.vendor == "postgresql" and not connection.in_atomic_block
    return {"concurrently": True} if is_possible else {}


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('chat', '0032_retention_days'),
    ]

    operations = [
        AddIndexWhileWritten(
            model_name='conversation',
            index=models.Index(models.F('due_at'), condition=models.Q(('due_at__isnull', False)), name='conversation_due'),
        ),
    ]
