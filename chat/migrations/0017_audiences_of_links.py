from django.db import migrations, models
from django.utils import timezone


def end_links_of_members(apps, schema_editor):
    """Before it knew of any, the app showed every link to everybody."""
    shares = apps.get_model("chat", "Share").objects.using(schema_editor.connection.alias)
    shares.filter(audience="members").update(expires_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0016_share_requests'),
    ]

    operations = [
        # By the database's default, what exists is public.
        migrations.AddField(
            model_name='share',
            name='audience',
            field=models.CharField(
                choices=[('members', 'people who are logged in here'), ('public', 'everybody who has the link')],
                db_default='public',
                default='members',
                editable=False,
                max_length=10,
                verbose_name='readers',
            ),
        ),
        migrations.AlterModelOptions(
            name='share',
            options={
                'ordering': ['-created_at'],
                'permissions': [('share_publicly', 'Can share with everybody who has the link')],
                'verbose_name': 'shared link',
                'verbose_name_plural': 'shared links',
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, end_links_of_members),
    ]
