"""The audit log, and the triggers that keep it. Where Django tests there are none: tests empty tables."""

import django.utils.timezone
from django.db import migrations, models

from chat.models.audit_triggers import create_triggers, drop_triggers, is_tested


def create(apps, schema_editor):
    if not is_tested():
        create_triggers(schema_editor.connection)


def drop(apps, schema_editor):
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0029_quotas'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('entry', models.BigIntegerField(unique=True)),
                ('key', models.CharField(max_length=12)),
                ('mac', models.CharField(max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditMark',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('mac', models.CharField(max_length=64)),
                ('entries', models.BigIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('key', models.CharField(max_length=12)),
                ('seal', models.CharField(max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='UnchainedEntry',
            fields=[
                ('entry', models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('action', models.CharField(max_length=20, verbose_name='action')),
                ('actor_key', models.CharField(blank=True, max_length=255, verbose_name="user's id")),
                ('object_kind', models.CharField(blank=True, max_length=100, verbose_name='kind')),
                ('object_key', models.CharField(blank=True, max_length=255, verbose_name="object's id")),
                ('details', models.JSONField(default=dict, verbose_name='details')),
            ],
            options={
                'verbose_name': 'entry of the audit log',
                'verbose_name_plural': 'entries of the audit log',
                'ordering': ['pk'],
                'default_permissions': ('view',),
                'indexes': [models.Index(models.F('at'), name='audit_at'), models.Index(models.F('actor_key'), models.F('at'), name='audit_by_actor'), models.Index(models.F('object_kind'), models.F('object_key'), models.F('at'), name='audit_of_object'), models.Index(models.F('action'), models.F('at'), name='audit_action')],
            },
        ),
        migrations.RunPython(create, drop),
    ]
