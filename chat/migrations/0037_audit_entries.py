from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0036_usage_totals'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='auditentry',
            options={
                'default_permissions': ('view',),
                'ordering': ['pk'],
                'verbose_name': 'entry of the audit log',
                'verbose_name_plural': 'entries of the audit log',
            },
        ),
    ]
