import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0018_rights'),
    ]

    operations = [
        # What links show is moved by the next one.
        migrations.AlterField(
            model_name='share',
            name='snapshot',
            field=models.JSONField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name='ShareSection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('messages', models.JSONField()),
                ('size', models.PositiveIntegerField()),
                ('share', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sections', to='chat.share')),
            ],
            options={
                'verbose_name': 'section of a shared link',
                'verbose_name_plural': 'sections of shared links',
                'ordering': ['share', 'number'],
                'constraints': [models.UniqueConstraint(fields=('share', 'number'), name='share_section_unique')],
            },
        ),
    ]
