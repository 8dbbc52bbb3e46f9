"""What the log of django.contrib.admin says of readings is copied to ours, from where it goes with nobody's account.

Its own entries stay as they are. But for those of accounts that stood in for erased ones, called "(erased 17)": such an
account goes, with its readings there, where nothing else refers to it.
"""

import re
from types import SimpleNamespace

from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.hashers import is_password_usable, make_password
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, migrations, transaction

BATCH = 500
CHANGE = 2
"""As the admin calls what is neither an addition nor a deletion."""
STAND_IN = re.compile(r"\(erased (\S+)\)")


def copy_readings(apps, schema_editor):
    admin = _admin(schema_editor.connection)
    if not admin:
        return
    Reading, last = apps.get_model("chat", "Reading").objects.using(admin.alias), 0
    while entries := list(_readings(admin).filter(pk__gt=last).order_by("pk").values()[:BATCH]):
        last = entries[-1]["id"]
        names = _names(admin, {entry["user_id"] for entry in entries})
        Reading.bulk_create(Reading.model(**_copied(entry, names[entry["user_id"]])) for entry in entries)
    _remove_stand_ins(admin)


def put_back(apps, schema_editor):
    """What was read since then, and what the admin's log has no more, is written there."""
    admin = _admin(schema_editor.connection)
    if not admin:
        return
    kind = admin.kinds.get_or_create(app_label="chat", model="conversation")[0]
    readings = apps.get_model("chat", "Reading").objects.using(admin.alias).filter(object_kind="chat.conversation")
    for reading in readings.order_by("pk").iterator(BATCH):
        user_id = _user_of(admin, reading)
        entry = {
            "user_id": user_id,
            "object_id": reading.object_key,
            "action_time": reading.created_at,
            "change_message": reading.action,
        }
        if user_id is not None and not _readings(admin).filter(**entry).exists():
            admin.entries.create(content_type=kind, object_repr=reading.object_name, action_flag=CHANGE, **entry)


def _admin(connection):
    """The admin's log, and whose entries it has; None where it has no table, or is not part of this project."""
    if not installed.is_installed("django.contrib.admin"):
        return None
    models = {
        "entries": installed.get_model("admin", "LogEntry"),
        "kinds": installed.get_model("contenttypes", "ContentType"),
        "users": installed.get_model(settings.AUTH_USER_MODEL),
    }
    tables = set(connection.introspection.table_names())
    if not {model._meta.db_table for model in models.values()} <= tables:
        return None
    managers = {name: model._base_manager.db_manager(connection.alias) for name, model in models.items()}
    return SimpleNamespace(alias=connection.alias, tables=tables, **managers)


def _readings(admin):
    return admin.entries.filter(
        content_type__app_label="chat", content_type__model="conversation", change_message__startswith="Read "
    )


def _copied(entry, name):
    stood_for = STAND_IN.fullmatch(name)
    return {
        "created_at": entry["action_time"],
        "user_key": stood_for[1] if stood_for else str(entry["user_id"]),
        "user_name": name[:200],
        "object_kind": "chat.conversation",
        "object_key": (entry["object_id"] or "")[:255],
        "object_name": entry["object_repr"],
        "action": entry["change_message"],
    }


def _names(admin, ids):
    field = admin.users.model.USERNAME_FIELD
    return {pk: str(name) for pk, name in admin.users.filter(pk__in=ids).values_list("pk", field)}


def _user_of(admin, reading):
    """The id of whoever has read; of an account that stands in for one that is gone; None where none can."""
    User = admin.users.model
    if not STAND_IN.fullmatch(reading.user_name):
        try:
            if user := admin.users.filter(pk=User._meta.pk.to_python(reading.user_key)).values("pk").first():
                return user["pk"]
        except ValidationError:
            pass
    if User.USERNAME_FIELD != "username":
        return None
    unused = {"password": make_password(None), "is_active": False}
    return admin.users.get_or_create(username=f"(erased {reading.user_key})", defaults=unused)[0].pk


# Accounts that stood in for erased ones


def _remove_stand_ins(admin):
    ids = [pk for pk in _stand_ins(admin) if not _is_referred_to(admin, pk)]
    try:
        with transaction.atomic(using=admin.alias):
            for pk in ids:
                _readings(admin).filter(user_id=pk).delete()
                admin.users.filter(pk=pk)._raw_delete(admin.alias)
            if ids:
                connections[admin.alias].check_constraints()
    except DatabaseError:
        pass  # a table that belongs to no model of this project refers to one of them: they stay


def _stand_ins(admin):
    """Exactly as earlier versions made them: by their name, inactive, and nobody can log in to them."""
    User = admin.users.model
    if User.USERNAME_FIELD != "username" or "is_active" not in {field.name for field in User._meta.get_fields()}:
        return []
    users = admin.users.filter(is_active=False, username__startswith="(erased ").values_list("pk", "username", "password")
    return [pk for pk, name, password in users if STAND_IN.fullmatch(name) and not is_password_usable(password)]


def _is_referred_to(admin, pk):
    """By anything but readings, which are copied."""
    relations = [field for field in admin.users.model._meta.get_fields(include_hidden=True) if _leads_here(field)]
    return any(_refers(admin, relation, pk) for relation in relations)


def _leads_here(field):
    return field.auto_created and not field.concrete and (field.one_to_one or field.one_to_many)


def _refers(admin, relation, pk):
    model = relation.related_model
    rows = model._base_manager.using(admin.alias).filter(**{relation.field.name: pk})
    if model is admin.entries.model:
        rows = rows.exclude(pk__in=_readings(admin).filter(user_id=pk).values("pk"))
    try:
        with transaction.atomic(using=admin.alias):
            table, column = model._meta.db_table, relation.field.column
            return table in admin.tables and column in _columns(admin, table) and rows.exists()
    except DatabaseError:  # its table is not as the model says, yet
        return True


def _columns(admin, table):
    """A key that a later migration adds refers to nobody yet."""
    connection = connections[admin.alias]
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chat", "0009_readings"),
    ]

    operations = [migrations.RunPython(copy_readings, put_back)]
