"""The administration's own log, in which Django notes what staff have added, changed and deleted.

It names what that was. Of what is erased it says no name any more (its other entries are Django's business).
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.dispatch import receiver

from chat.audit import ERASED
from chat.signals import erased


@receiver(erased)
def forget_names(sender: type[Model], ids: Iterable[Any], **named: Any) -> None:
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(sender))
    entries.filter(object_id__in=[str(pk) for pk in ids]).update(object_repr=ERASED)
